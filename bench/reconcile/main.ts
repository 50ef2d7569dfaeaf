import { Readable } from 'node:stream';
import { createPool } from '../../ops/postgres.ts';
import { findReconciliation, reconcile, storeSettlementFile } from '../../payments/index.ts';
import { withScratch } from '../support/postgres.ts';
import { readOptions, report } from '../support/report.ts';

const USAGE = `usage: npm run bench:reconcile -- [--quick] [--json FILE]
  Stores a provider's settlement file of a million lines and matches it with as many deposits in the ledger;
  tells the time, and the most memory it took.
  --quick      100,000 lines: under 60 seconds
  --json FILE  writes the figures and ratios there as well`;

const { quick, json } = readOptions(USAGE);
const LINES = quick ? 100_000 : 1_000_000;
const CHUNK = 10_000;
const GOAL_MB = 300;

await withScratch(async (scratch) => {
  const pool = createPool(scratch.app, { max: 2, onIdleError: console.error });
  const owner = createPool(scratch.owner, { max: 1, onIdleError: console.error });
  await owner.query('set statement_timeout = 0');
  for (let from = 0; from < LINES; from += CHUNK) {
    await owner.query(
      `select count(*) from ledger.post_all(array(
         select row(ledger.derive_id('seed', i::text), 'deposit', 'deposit/d-' || i, now(), array[
             row('house_gaming', 'house', 'SEK', 1000 + i % 977, 0)::ledger.leg,
             row('provider_clearing', 'nordpay', 'SEK', -(1000 + i % 977), 0)::ledger.leg], null, null, false)::ledger.deed
           from generate_series($1::int, $2::int - 1) i))`,
      [from, Math.min(LINES, from + CHUNK)],
    );
    if (process.stdout.isTTY) process.stdout.write(`\r  seeding ${String(from + CHUNK)} of ${String(LINES)}`);
  }
  function* file() {
    yield 'kind,reference,key,providerReference,amount,currency,state,at\n';
    for (let from = 0; from < LINES; from += 1_000) {
      const line = (i: number) =>
        `payment,d-${String(i)},deposit:d-${String(i)},pay_${String(i)},${String(1_000 + (i % 977))},SEK,captured,2026-11-24T00:00:00Z\n`;
      yield Array.from({ length: 1_000 }, (_, nth) => line(from + nth)).join('');
    }
  }
  const time = { from: '2000-01-01T00:00:00Z', to: '2100-01-01T00:00:00Z' };
  const startedAt = performance.now();
  const { reconciliationId } = await storeSettlementFile(
    pool,
    { provider: 'nordpay', ...time, by: 'bench' },
    Readable.from(file()).map((text: string) => Buffer.from(text)),
  );
  const storedAt = performance.now();
  await reconcile(pool, reconciliationId);
  const doneAt = performance.now();
  const { counts } = (await findReconciliation(pool, reconciliationId)) ?? {};
  if (counts?.matched !== LINES) throw new Error(`not all lines match: ${JSON.stringify(counts)}`);
  const mostMb = process.resourceUsage().maxRSS / 1_024;
  const store = (storedAt - startedAt) / 1_000;
  const match = (doneAt - storedAt) / 1_000;
  console.log(
    `\n  ${String(LINES)} lines: stored in ${store.toFixed(1)} s, matched in ${match.toFixed(1)} s, at most ${mostMb.toFixed(0)} MB`,
  );
  report(
    'reconcile',
    {
      figures: {
        lines: { value: LINES, unit: 'lines' },
        store: { value: store, unit: 's' },
        match: { value: match, unit: 's' },
        memory: { value: mostMb, unit: 'MB' },
      },
      ratios: { memoryOfLimit: { value: mostMb / GOAL_MB, goal: '<= 1' } },
    },
    json,
  );
  await pool.end();
  await owner.end();
});
