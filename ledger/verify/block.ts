import { createHash } from 'node:crypto';
import type { Pool } from '../../ops/postgres.ts';

/** A block as it stands in the table. */
export interface Block {
  readonly number: bigint;
  readonly first_position: bigint;
  readonly last_position: bigint;
  readonly last_xact: string;
  readonly ids: readonly string[];
  readonly marks: Buffer;
  readonly previous_hash: Buffer;
  readonly hash: Buffer;
  /** Seconds, as Postgres writes them: a `Date` has no microseconds. */
  readonly built: string;
}

/** A transfer as it stands in the ledger, by the digests of its row and of its entries. */
export interface Found {
  readonly id: string;
  readonly of_row: Buffer;
  readonly of_entries: Buffer;
}

const NOWHERE = { xact: '0', id: '00000000-0000-0000-0000-000000000000' };

/** The blocks after one, in order. */
export async function readBlocks(pool: Pool, after: bigint, most: number): Promise<Block[]> {
  const { rows } = await pool.query<Block>(
    `select number, first_position, last_position, last_xact, ids, marks, previous_hash, hash, extract(epoch from built_at)::text as built
       from ledger.chain where number > $1 order by number limit $2`,
    [after, most],
  );
  return rows;
}

/** As ledger.extend_chain does. */
export function hashOf(block: Block, found: readonly Found[]): Buffer {
  const hash = createHash('sha256').update(block.previous_hash);
  hash.update(`${String(block.number)}|${String(block.first_position)}|${block.built}|`);
  for (const { of_row, of_entries } of found) hash.update(of_row).update(of_entries);
  return hash.digest();
}

/** The transfers that stand where the block stands, with their digests. */
export async function recompute(pool: Pool, block: Block, before: Block | undefined): Promise<Found[]> {
  const from = before === undefined ? NOWHERE : { xact: before.last_xact, id: before.ids.at(-1) };
  const { rows } = await pool.query<Found>(
    `select t.id,
            sha256(convert_to(concat_ws('|', t.id, t.xact, t.code, extract(epoch from t.happened_at), extract(epoch from t.written_at),
              coalesce(t.reverses::text, ''), t.business_id), 'UTF8')) as of_row,
            (select sha256(coalesce(string_agg(sha256(convert_to(concat_ws('|', e.account_id, e.version, e.amount, e.balance_after,
                      extract(epoch from e.written_at), coalesce(a.kind, ''), coalesce(a.currency, ''), coalesce(a.bucket::text, ''), coalesce(a.owner, '')),
                      'UTF8')), '' order by e.account_id, e.version), ''))
               from ledger.entries e left join ledger.accounts a on a.id = e.account_id where e.written_at = t.written_at and e.transfer_id = t.id) as of_entries
       from ledger.transfers t
      where t.xact between $1::xid8 and $3::xid8 and (t.xact, t.id) > ($1::xid8, $2::uuid) and (t.xact, t.id) <= ($3::xid8, $4::uuid)
      order by t.xact, t.id`,
    [from.xact, from.id, block.last_xact, block.ids.at(-1)],
  );
  return rows;
}
