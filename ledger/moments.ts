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
 * before (at, account_id, version), its time, and the balance there. An edge without time is the very end, or the very beginning.
 * One seek of the primary key a bucket, in the partition of that month; `limit 1` keeps the planner from reading more.
 */
export const SEARCH = `
  position as (
    select b.id, e.edge, coalesce(found.written_at, '-infinity') as at, coalesce(found.version, 0) as version,
           coalesce(found.balance_after, 0) as balance
      from bucket b
     cross join (select *, coalesce(at, case when last then 'infinity' else '-infinity' end::timestamptz) as until from edge) e
      left join lateral (
        select written_at, version, balance_after from ledger.entries n
         where n.account_id = b.id and n.written_at <= e.until
           and (n.written_at, n.version) < (e.until, case when b.id < e.account_id then 9223372036854775807 when b.id = e.account_id then e.version else 0 end)
         order by n.written_at desc, n.version desc limit 1) found on true)`;
