import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createReader } from '../../api/reader.ts';
import {
  findAccount,
  findAccountBefore,
  findTransfer,
  liability,
  listAccounts,
  listTransfers,
  postAll,
  readStatement,
  type AccountName,
} from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';
import { aDeed, aLedger, leg } from './aLedger.ts';

interface Node {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows': number;
  'Actual Loops': number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Index Recheck'?: number;
  Plans?: Node[];
}
type Plan = [{ Plan: Node }];

const GROWING = ['accounts', 'entries', 'transfers', 'holds'];

/** Tables that grow to 20,000 entries on the busiest account, after statistics were taken while they were empty. */
describe('reading a ledger that has grown', () => {
  const ledger = aLedger({ poolSize: 1 });
  const BUSY: AccountName = { kind: 'player_cash', owner: 'p-1', currency: 'SEK' };
  const HOUSE: AccountName = { kind: 'house_promotions', owner: 'house', currency: 'SEK' };
  const ENTRIES = 20_000;
  let middle: bigint;
  let transferId: string | null;

  before(async function () {
    this.timeout(120_000);
    await ledger.owner.query('vacuum analyze');
    await ledger.player();
    await ledger.pool.query(`select ledger.open_player('q-' || n, 'SEK') from generate_series(1, 3000) n`);
    await ledger.pool.query(`select ledger.open_player('q-' || n, 'JPY') from generate_series(1, 3) n`);
    for (let batch = 0; batch < ENTRIES / 100; batch++) {
      const postings = Array.from({ length: 120 }, (_, n) => {
        const owner = n < 100 ? BUSY.owner : `q-${String(((batch * 20 + n) % 3_000) + 1)}`;
        const legs = [leg('player_cash', owner, 1n), leg('house_promotions', 'house', -1n)];
        return {
          ...aDeed('award', randomUUID()),
          businessId: `award/game/a-${String(batch * 120 + n)}`,
          legs,
        };
      });
      const [first] = await postAll(ledger.pool, postings);
      assert.equal(first?.outcome, 'applied');
      transferId = first.transferId;
      if (batch === 100) middle = BigInt(Date.now()) * 1_000n;
    }
    // What autovacuum does while accounts are written.
    await ledger.owner.query('vacuum analyze ledger.accounts');
  });

  const nodesOf = (node: Node): Node[] => [node, ...(node.Plans ?? []).flatMap(nodesOf)];

  /** No table that grows may be read whole, and of all of them together no more rows than said. */
  function readsAtMost(most: number, [{ Plan: plan }]: Plan): void {
    const scans = nodesOf(plan).filter((node) => GROWING.includes(node['Relation Name'] ?? ''));
    assert.ok(scans.length > 0);
    assert.deepEqual(
      scans.filter((node) => node['Node Type'] === 'Seq Scan'),
      [],
    );
    const rows = scans.reduce((sum, node) => {
      const { 'Rows Removed by Filter': filtered = 0, 'Rows Removed by Index Recheck': checked = 0 } = node;
      return sum + (node['Actual Rows'] + filtered + checked) * node['Actual Loops'];
    }, 0);
    assert.ok(rows <= most, `it read ${String(rows)} rows: ${JSON.stringify(scans)}`);
  }

  /** A pool that has each statement explained as it runs. */
  async function explained(work: (pool: Pool) => Promise<unknown>): Promise<Plan> {
    const plans: Plan[] = [];
    const pool = {
      query: async (text: string, values: unknown[]) => {
        const { rows } = await ledger.pool.query<{ 'QUERY PLAN': Plan }>(
          `explain (analyze, format json) ${text}`,
          values,
        );
        plans.push(rows[0]!['QUERY PLAN']);
        return await ledger.pool.query(text, values);
      },
    } as unknown as Pool;
    assert.ok(await work(pool));
    assert.equal(plans.length, 1);
    return plans[0]!;
  }

  it('finds a balance now by reading the rows of the account', async () => {
    readsAtMost(1, await explained((pool) => findAccount(pool, BUSY)));
    readsAtMost(16, await explained((pool) => findAccount(pool, HOUSE)));
  });

  it('finds a balance at a moment by one entry of each row of the account', async () => {
    readsAtMost(1 + 1, await explained((pool) => findAccountBefore(pool, BUSY, middle)));
    readsAtMost(16 + 16, await explained((pool) => findAccountBefore(pool, HOUSE, middle)));
  });

  for (const direction of ['older', 'newer'] as const) {
    it(`reads a page of ${direction} entries without the others, wherever it lies`, async () => {
      const page = { direction, limit: 50 };
      const start = await readStatement(ledger.pool, HOUSE, { to: middle }, { direction: 'older', limit: 1 });
      const after = start!.entries[0]!.key;
      readsAtMost(260, await explained((pool) => readStatement(pool, BUSY, {}, page)));
      readsAtMost(
        260,
        await explained((pool) => readStatement(pool, BUSY, { from: middle }, { ...page, after })),
      );
      readsAtMost(260, await explained((pool) => readStatement(pool, BUSY, { to: middle }, page)));
      readsAtMost(2_000, await explained((pool) => readStatement(pool, HOUSE, {}, page)));
      readsAtMost(
        2_000,
        await explained((pool) => readStatement(pool, HOUSE, { from: middle }, { ...page, after })),
      );
    });
  }

  it('finds a transfer, and those of a business record, by their index', async () => {
    readsAtMost(6, await explained((pool) => findTransfer(pool, transferId!)));
    readsAtMost(6, await explained((pool) => listTransfers(pool, 'award/game/a-77', { limit: 50 })));
  });

  it('lists a page of accounts by whatever they are looked for, without reading the others', async () => {
    const read = createReader(ledger.ownerUrl, { max: 1 });
    try {
      const asked: { sql: string; bindings: unknown[] }[] = [];
      read.on('query', ({ sql, bindings }: (typeof asked)[number]) => asked.push({ sql, bindings }));
      const after: AccountName = { kind: 'player_held', owner: 'q-2000', currency: 'SEK' };
      const filters = [
        {},
        { after },
        { kind: 'player_cash' },
        { owner: 'q-77' },
        { owner: 'house' },
        { currency: 'JPY' },
      ];
      const more = [
        { currency: 'SEK', after },
        { kind: 'player_cash', currency: 'SEK', after: { ...after, kind: 'player_cash' } },
      ];
      for (const filter of [...filters, ...more]) {
        assert.ok((await listAccounts(read, { ...filter, limit: 50 })).length > 0);
        const { sql, bindings } = asked.at(-1)!;
        const { rows } = await ledger.pool.query<{ 'QUERY PLAN': Plan }>(
          `explain (analyze, format json) ${sql}`,
          bindings,
        );
        readsAtMost(200, rows[0]!['QUERY PLAN']);
      }
    } finally {
      await read.destroy();
    }
  });

  async function rowsRead(): Promise<bigint> {
    await ledger.pool.query('select pg_stat_force_next_flush()');
    const { rows } = await ledger.pool.query<{ rows: bigint }>(
      `select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint as rows from pg_stat_user_tables
        where schemaname = 'ledger' and relname = any($1)`,
      [GROWING],
    );
    return rows[0]!.rows;
  }

  it('sums the liability without reading the players, but those who owe', async () => {
    const before = await rowsRead();
    const sums = await liability(ledger.pool);
    const read = (await rowsRead()) - before;
    assert.equal(sums[0]?.cash, BigInt((ENTRIES / 100) * 120));
    assert.ok(read < 1_000n, `it read ${String(read)} rows`);
  });
});
