import type { Pool } from '../../ops/postgres.ts';
import { findTransfers, readMarks, type Block, type Found } from './block.ts';
import type { Drift } from './drift.ts';

const CHECK = 'chained_transfers_are_unchanged';

/** What the transfers of a block are now, beside what they were when it was built: each that differs, by name. */
export async function differences(pool: Pool, block: Block): Promise<Drift[]> {
  const drift: Drift[] = [];
  const { ids, marks } = await readMarks(pool, block.number);
  const now = new Map((await findTransfers(pool, block.number)).map((found) => [found.id, found]));
  for (const [at, id] of ids.entries()) {
    const is = now.get(id);
    now.delete(id);
    const was = marks.subarray(8 * at, 8 * at + 8);
    const broken = is === undefined ? await whereabouts(pool, id) : changed(is, was);
    if (broken !== null) drift.push(await named(pool, block, id, broken, at));
  }
  for (const id of now.keys()) {
    drift.push(
      await named(pool, block, id, 'this transfer was put among those chained before it, or moved there'),
    );
  }
  return drift;
}

function changed({ of_row, of_entries }: Found, was: Buffer): string | null {
  const row = of_row.subarray(0, 4).equals(was.subarray(0, 4));
  const entries = of_entries.subarray(0, 4).equals(was.subarray(4));
  if (row && entries) return null;
  const what = row ? 'its entries were' : entries ? 'its row was' : 'its row and its entries were';
  return `this transfer differs from what was chained: ${what} changed`;
}

async function whereabouts(pool: Pool, id: string): Promise<string> {
  const { rowCount } = await pool.query(
    'select from ledger.outcomes o join ledger.transfers t on t.written_at = o.decided_at and t.id = o.id where o.id = $1',
    [id],
  );
  return rowCount === 0
    ? 'this transfer was chained, and is gone'
    : 'this transfer was moved within the chain';
}

/** With what is there now, for the person who compares it with the business record. */
async function named(
  pool: Pool,
  { number, first_position }: Block,
  id: string,
  broken: string,
  at?: number,
): Promise<Drift> {
  const { rows } = await pool.query<{
    code: string | null;
    business_id: string | null;
    entries: string | null;
  }>(
    `select t.code, t.business_id,
            (select string_agg(concat_ws(' ', concat_ws(':', a.kind, a.owner, a.currency), 'version', e.version, 'amount', e.amount), '; ' order by e.account_id, e.version)
               from ledger.entries e left join ledger.accounts a on a.id = e.account_id
              where e.written_at = asked.decided_at and e.transfer_id = asked.id) as entries
       from (select $1::uuid as id, (select decided_at from ledger.outcomes where id = $1)) asked
       left join ledger.transfers t on t.written_at = asked.decided_at and t.id = asked.id`,
    [id],
  );
  const position = at === undefined ? null : first_position + BigInt(at);
  return { check: CHECK, broken, row: { transfer_id: id, block: number, position, ...rows[0] } };
}
