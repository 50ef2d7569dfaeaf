import type { Pool } from '../ops/postgres.ts';
import { BUCKETS, SEARCH, timestamp, type Moment } from './moments.ts';
import type { AccountName } from './read.ts';

export interface Entry {
  readonly entryId: string;
  readonly transferId: string;
  readonly code: string;
  readonly amount: bigint;
  /** Of the whole account, all its buckets together. */
  readonly balanceAfter: bigint;
  readonly businessId: string;
  readonly happenedAt: Date;
  readonly writtenAt: Date;
}

/** The place of an entry in its account: entries are in order of time, and of one instant in order of bucket and version. */
export interface EntryKey {
  readonly at: Moment;
  readonly account: bigint;
  readonly version: bigint;
}

export interface Page {
  /** `older` reads from new to old, `newer` from old to new. */
  readonly direction: 'older' | 'newer';
  /** The entry to go on from, which is not read again; without it, from the end or the beginning. */
  readonly after?: EntryKey | undefined;
  readonly limit: number;
}

export interface Span {
  /** Entries at this moment are in; without it, from the first. */
  readonly from?: Moment | undefined;
  /** Entries at this moment are out; without it, to the last. */
  readonly to?: Moment | undefined;
}

export interface Statement {
  readonly openedAt: Date;
  readonly opening: bigint;
  readonly closing: bigint;
  /** Of all entries of the span. */
  readonly count: bigint;
  readonly entries: readonly (Entry & { readonly key: EntryKey })[];
}

type Head = Omit<Statement, 'entries'>;
type Line = Entry & EntryKey;
/** An account without entries on the page is a row all the same. */
type Row = Head & (Line | { readonly entryId: null });

/** A page of an account's entries with their running balance; undefined where there is no such account. */
export async function readStatement(
  pool: Pool,
  { kind, owner, currency }: AccountName,
  { from, to }: Span,
  { direction, after, limit }: Page,
): Promise<Statement | undefined> {
  // Newer than an entry is all but what comes before the version after it.
  const version = after === undefined ? 0n : direction === 'older' ? after.version : after.version + 1n;
  const { rows } = await pool.query<Row>(STATEMENTS[direction], [
    ...[kind, owner, currency, from, to],
    ...[after?.at, after?.account ?? 0n, version, limit],
  ]);
  const [head] = rows;
  if (head === undefined) return undefined;
  const { openedAt, opening, closing, count } = head;
  const entries = rows.flatMap((row) => (row.entryId === null ? [] : [entryOf(row)]));
  return { openedAt, opening, closing, count, entries };
}

const entryOf = ({ at, account, version, ...row }: Line) => ({
  entryId: row.entryId,
  transferId: row.transferId,
  code: row.code,
  amount: row.amount,
  balanceAfter: row.balanceAfter,
  businessId: row.businessId,
  happenedAt: row.happenedAt,
  writtenAt: row.writtenAt,
  key: { at, account, version },
});

/**
 * The page is merged from as many entries of each bucket. Its running balance starts from the balance of the account at the
 * edge of the page, for an entry's own balance is that of its bucket.
 */
const statement = (older: boolean) => `
  with ${BUCKETS}, edge (edge, at, account_id, version, last) as (
    values ('from', ${timestamp('$4')}, 0::bigint, 0::bigint, false), ('to', ${timestamp('$5')}, 0, 0, true),
           ('page', ${timestamp('$6')}, $7::bigint, $8::bigint, ${String(older)})
  ), ${SEARCH}, span as (
    select f.id, f.version as first, f.at as first_at, f.balance as opening,
           greatest(t.version, f.version) as last, greatest(t.at, f.at) as last_at,
           case when t.version > f.version then t.balance else f.balance end as closing,
           p.version as page, p.at as page_at, p.balance as at_page
      from position f join position t on t.id = f.id and t.edge = 'to' join position p on p.id = f.id and p.edge = 'page'
     where f.edge = 'from'
  ), part as (
    select id, opening, closing, first, last,
           ${
             older
               ? 'first as low, first_at as low_at, greatest(first, least(last, page)) as high, greatest(first_at, least(last_at, page_at)) as high_at, case when page >= last then closing when page > first then at_page else opening end as edge'
               : 'least(last, greatest(first, page)) as low, least(last_at, greatest(first_at, page_at)) as low_at, last as high, last_at as high_at, case when page <= first then opening when page < last then at_page else closing end as edge'
           }
      from span
  ), head as (
    select (select min(opened_at) from bucket) as opened_at, sum(opening)::bigint as opening, sum(closing)::bigint as closing,
           sum(last - first)::bigint as count, sum(edge) as edge
      from part having count(*) > 0
  ), page as (
    select e.* from part p
     cross join lateral (
       select * from ledger.entries e
        where e.account_id = p.id and e.written_at between p.low_at and p.high_at and e.version > p.low and e.version <= p.high
        order by e.written_at ${older ? 'desc' : ''}, e.version ${older ? 'desc' : ''} limit $9::int) e
     order by ${order(older)} limit $9::int
  )
  select h.opened_at as "openedAt", h.opening, h.closing, h.count, e.account_id || '.' || e.version as "entryId",
         e.transfer_id as "transferId", t.code, e.amount, t.business_id as "businessId", t.happened_at as "happenedAt",
         e.written_at as "writtenAt", (extract(epoch from e.written_at) * 1000000)::bigint as at, e.account_id as account, e.version,
         (h.edge ${older ? '-' : '+'} coalesce(sum(e.amount) over (order by ${order(older)} rows between unbounded preceding and ${
           older ? '1 preceding' : 'current row'
         }), 0))::bigint as "balanceAfter"
    from head h
    left join page e on true
    left join lateral (select code, business_id, happened_at from ledger.transfers t where t.written_at = e.written_at and t.id = e.transfer_id limit 1) t on true
   order by ${order(older)}`;

const order = (older: boolean) =>
  ['e.written_at', 'e.account_id', 'e.version']
    .map((column) => `${column}${older ? ' desc' : ''}`)
    .join(', ');

const STATEMENTS = { older: statement(true), newer: statement(false) };
