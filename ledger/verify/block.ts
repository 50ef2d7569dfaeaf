import type { Pool } from '../../ops/postgres.ts';
import { readPiece } from './readPiece.ts';

/** A block as it stands in the table, beside what is found where it stands. */
export interface Block {
  readonly number: bigint;
  readonly first_position: bigint;
  readonly hash: string;
  readonly transfers: number;
  /** Whether it begins where the one before it ends. */
  readonly follows: boolean;
  /** Whether its hash, ids and marks are those of the transfers that stand where it stands. */
  readonly holds: boolean;
}

/** A transfer as it stands in the ledger, by the digests of its row and of its entries. */
export interface Found {
  readonly id: string;
  readonly of_row: Buffer;
  readonly of_entries: Buffer;
}

/**
 * The $2 blocks after number $1, the transfers that stand where they stand, and the digests of these, as ledger.extend_chain
 * makes them: it is not called, for who may change rows may change functions.
 */
const DIGESTS = `
  with blocks as materialized (
    select *, ids[cardinality(ids)] as last_id, lag(last_xact, 1, '0') over w as before_xact,
           lag(ids[cardinality(ids)], 1, '00000000-0000-0000-0000-000000000000') over w as before_id,
           number = lag(number, 1, 0::bigint) over w + 1 and first_position = lag(last_position, 1, 0::bigint) over w + 1
             and last_position = first_position + cardinality(ids) - 1
             and previous_hash = lag(hash, 1, decode(repeat('00', 32), 'hex')) over w as follows
      from ((select * from ledger.chain where number <= $1 order by number desc limit 1)
            union all (select * from ledger.chain where number > $1 order by number limit $2)) c
    window w as (order by number)
  ), page as materialized (
    select b.number, t.xact, t.id, t.written_at,
           uuid_send(t.id) || xid8send(t.xact) || timestamptz_send(t.happened_at) || timestamptz_send(t.written_at)
             || convert_to(t.code || '|' || coalesce(t.reverses::text, '') || '|' || t.business_id, 'UTF8') as bytes
      from blocks b
     cross join lateral (
       select * from ledger.transfers t
        where t.xact between b.before_xact and b.last_xact and (t.xact, t.id) > (b.before_xact, b.before_id)
          and (t.xact, t.id) <= (b.last_xact, b.last_id) offset 0) t
     where b.number > $1
  ), spans as (
    select min(written_at) as first, max(written_at) as last from page group by date_bin('10 ms', written_at, 'epoch')
  ), parts as (
    select number, xact, id, written_at, null::bigint as account_id, null::bigint as version, bytes from page
    union all
    select null, null, e.transfer_id, e.written_at, e.account_id, e.version,
           int8send(e.account_id) || int8send(e.version) || int8send(e.amount) || int8send(e.balance_after) || case when e.version = 1 then
             coalesce((select sha256(convert_to(a.kind || '|' || a.currency || '|' || a.bucket || '|' || a.owner, 'UTF8'))
                         from ledger.accounts a where a.id = e.account_id), '') else '' end
      from spans s cross join lateral (select * from ledger.entries e where e.written_at between s.first and s.last offset 0) e
  ), digests as (
    select any_value(number) as number, any_value(xact) as xact, id,
           sha256(string_agg(bytes, '') filter (where xact is not null)) as of_row,
           sha256(coalesce(string_agg(bytes, '' order by account_id, version) filter (where xact is null), '')) as of_entries
      from parts group by written_at, id having count(xact) > 0
  )`;

/** Blocks in order, each beside what is found. */
export const checkBlocks = (pool: Pool, after: bigint, most: number): Promise<Block[]> =>
  readPiece<Block>(
    pool,
    `${DIGESTS}
     select b.number, b.first_position, encode(b.hash, 'hex') as hash, cardinality(b.ids) as transfers, b.follows,
            coalesce(d.ids = b.ids and d.marks = b.marks and b.hash = sha256(b.previous_hash
              || convert_to(format('%s|%s|%s|', b.number, b.first_position, extract(epoch from b.built_at)), 'UTF8') || d.digests), false) as holds
       from blocks b
       left join (select number, array_agg(id order by xact, id) as ids,
                         string_agg(substr(of_row, 1, 4) || substr(of_entries, 1, 4), '' order by xact, id) as marks,
                         string_agg(of_row || of_entries, '' order by xact, id) as digests
                    from digests group by number) d on d.number = b.number
      where b.number > $1 order by b.number`,
    [after, most],
  );

/** The transfers that stand where a block stands, in order. */
export const findTransfers = (pool: Pool, number: bigint): Promise<Found[]> =>
  readPiece<Found>(pool, `${DIGESTS} select id, of_row, of_entries from digests order by xact, id`, [
    number - 1n,
    1,
  ]);

/** What the transfers of a block were when it was built. */
export async function readMarks(pool: Pool, number: bigint): Promise<{ ids: string[]; marks: Buffer }> {
  const { rows } = await pool.query<{ ids: string[]; marks: Buffer }>(
    'select ids, marks from ledger.chain where number = $1',
    [number],
  );
  return rows[0] ?? { ids: [], marks: Buffer.alloc(0) };
}
