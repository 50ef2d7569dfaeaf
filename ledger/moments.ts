/** Microseconds since 1970, as exactly as Postgres keeps a time: a Date would cut them to milliseconds. */
export type Moment = bigint;

/** The moment an ISO 8601 time with its zone names. What it says beyond microseconds is cut off. */
export function momentOf(text: string): Moment {
  const micros = /\.\d{3}(\d{1,3})/.exec(text)?.[1] ?? '';
  return BigInt(Date.parse(text)) * 1_000n + BigInt(micros.padEnd(3, '0'));
}

/**
 * The first moment after the one a time names: what is read there is what was so at that time, its own entries included.
 * A time of milliseconds, such as an entry shows, means all of that millisecond.
 */
export const momentAfter = (text: string): Moment => momentOf(text) + (/\.\d{4}/.test(text) ? 1n : 1_000n);

/** The timestamptz of a parameter that holds a moment. A number of seconds would be a double, and not exact. */
export const timestamp = (parameter: string) =>
  `timestamptz 'epoch' + ${parameter}::bigint * interval '1 microsecond'`;

/** The rows of account $1 kind, $2 owner, $3 currency: a player's has one, an account of the house one for each bucket. */
export const BUCKETS = `
  bucket as (
    select id, version, opened_at from ledger.accounts where kind = $1::text and owner = $2::text and currency = $3::text)`;

/**
 * Where each edge of `edge (edge, at, account_id, version, last)` lies in each bucket: the version of the last entry that comes
 * before (at, account_id, version), and the balance there. An edge without time is the very end, or the very beginning.
 *
 * The versions of a bucket have no gap and are in order of time, so the place is found by halving: twenty seeks of the primary
 * key for a million entries. An index by time would find it by one, and cost every posting another write.
 * `limit 1` keeps the planner from turning a seek into a join with the whole table.
 */
export const SEARCH = `
  search as (
    select b.id, e.*, case when e.at is null and e.last then b.version else 0 end as low,
           case when e.at is null and not e.last then 0 else b.version end as high
      from bucket b cross join edge e
    union all
    select s.id, s.edge, s.at, s.account_id, s.version, s.last,
           case when m.is_before then m.version else s.low end, case when m.is_before then s.high else m.version - 1 end
      from search s
     cross join lateral (
       select e.version, (e.written_at, e.account_id, e.version) < (s.at, s.account_id, s.version) as is_before
         from ledger.entries e where e.account_id = s.id and e.version = (s.low + s.high + 1) / 2 limit 1) m
     where s.low < s.high
  ), position as (
    select s.id, s.edge, s.low as version, coalesce(e.balance_after, 0) as balance
      from search s
      left join lateral (
        select balance_after from ledger.entries e where e.account_id = s.id and e.version = s.low limit 1) e on true
     where s.low = s.high)`;
