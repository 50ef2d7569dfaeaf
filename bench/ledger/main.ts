import { connected } from '../../dev/stack/connected.ts';
import { findDrift } from '../../ledger/verify/findDrift.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';
import { openScratch } from '../support/postgres.ts';
import { median, percentile, readOptions, report } from '../support/report.ts';
import { aStake, contenders, SETUP, type Heat } from './contenders.ts';
import { post } from '../../ledger/index.ts';

const USAGE = `usage: npm run bench:ledger -- [--quick] [--json FILE]
  The ledger's ways to post beside the naive one and pgbench's TPC-B, durable commits, in turns, median of three.
  --quick      shorter phases: under 60 seconds
  --json FILE  writes the figures and ratios there as well`;

const { quick, json } = readOptions(USAGE);
const SECONDS = quick ? 1 : 8;
const ROUNDS = 3;
/** Callers at once: what each way is meant for. */
const CALLERS = { naive: 20, single: 20, batch: 2, poster: 200, tpcb: 20 } as const;
type Way = keyof typeof CALLERS;
const TURNS: readonly (readonly [Way, Heat])[] = [
  ['naive', 'hot'],
  ['single', 'hot'],
  ['batch', 'hot'],
  ['poster', 'hot'],
  ['naive', 'random'],
  ['single', 'random'],
  ['batch', 'random'],
  ['poster', 'random'],
  ['tpcb', 'random'],
];

interface Turn {
  readonly perSecond: number;
  readonly latencies: readonly number[];
}

/** As many as `callers` manage one after the other in the given time. */
async function turn(work: () => Promise<number>, callers: number, seconds = SECONDS): Promise<Turn> {
  const latencies: number[] = [];
  let done = 0;
  const started = performance.now();
  const until = started + seconds * 1_000;
  const caller = async () => {
    while (performance.now() < until) {
      const asked = performance.now();
      const count = await work(); // apart: `done += await` would read `done` before it waits
      done += count;
      latencies.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: (done / (performance.now() - started)) * 1_000, latencies };
}

const scratch = await openScratch();

async function run(pool: Pool): Promise<void> {
  const ways = contenders(pool, scratch.app);
  console.log(
    `  ${'way'.padEnd(16)}${'a second'.padStart(9)}${['p50 ms', 'p95', 'p99'].map((w) => w.padStart(8)).join('')}`,
  );
  const turns = new Map<string, Turn[]>();
  const measure = async (name: string, work: () => Promise<number>, callers: number) => {
    const one = await turn(work, callers);
    turns.set(name, [...(turns.get(name) ?? []), one]);
    const ms = [0.5, 0.95, 0.99].map((p) => percentile(one.latencies, p).toFixed(2).padStart(8));
    console.log(`  ${name.padEnd(16)}${one.perSecond.toFixed(0).padStart(9)}${ms.join('')}`);
  };
  for (const [way, heat] of TURNS) await turn(() => ways[way](heat), CALLERS[way], 0.3); // until plans are kept
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [way, heat] of TURNS) await measure(`${heat} ${way}`, () => ways[way](heat), CALLERS[way]);
    await measure('alone single', () => ways.single('hot'), 1);
    await measure('alone poster', () => ways.poster('hot'), 1);
    const known = Array.from({ length: 2_000 }, () => aStake('hot'));
    await Promise.all(known.map((stake) => post(pool, stake)));
    let next = 0;
    const again = () => post(pool, known[(next += 1) % known.length] ?? aStake('hot'));
    await measure('replay', async () => ((await again()).replayed ? 1 : 0), CALLERS.single);
  }
  await ways.close();
  const rate = (name: string) => median((turns.get(name) ?? []).map(({ perSecond }) => perSecond));
  const at = (name: string, p: number) =>
    median((turns.get(name) ?? []).map(({ latencies }) => percentile(latencies, p)));
  const { bytes, verified } = await afterwards(pool);
  const figures: Record<string, { value: number; unit: string }> = {
    bytes_a_transfer: { value: bytes, unit: 'bytes' },
    verified: { value: verified, unit: 'transfers/s' },
  };
  for (const name of turns.keys()) {
    const key = name.replace(' ', '_');
    figures[key] = { value: Math.round(rate(name)), unit: 'postings/s' };
    for (const p of [50, 95, 99]) figures[`${key}_p${String(p)}`] = { value: at(name, p / 100), unit: 'ms' };
  }
  const ratios = {
    hot_single_to_naive: { value: rate('hot single') / rate('hot naive'), goal: '>= 6' },
    hot_poster_to_naive: { value: rate('hot poster') / rate('hot naive'), goal: '>= 12' },
    random_batch_to_single: { value: rate('random batch') / rate('random single'), goal: '>= 3' },
    single_to_tpcb: { value: rate('random single') / rate('random tpcb'), goal: '>= 1' },
    alone_poster_to_single_ms: { value: at('alone poster', 0.5) / at('alone single', 0.5), goal: '<= 1.2' },
    replay_to_fresh: { value: rate('replay') / rate('hot single'), goal: '>= 1' },
    bytes_a_transfer: { value: bytes, goal: '<= 700' },
    verify_to_posting: { value: verified / rate('hot single'), goal: '>= 10' },
  };
  report('ledger', { figures, ratios }, json);
}

/** What all that takes on disk, and how fast it is verified; the ledger must hold. */
async function afterwards(pool: Pool): Promise<{ bytes: number; verified: number }> {
  const { rows } = await pool.query<{ bytes: bigint; transfers: bigint }>(
    `select pg_total_relation_size('ledger.transfers') + pg_total_relation_size('ledger.entries') as bytes,
            (select count(*) from ledger.transfers) as transfers`,
  );
  const transfers = Number(rows[0]?.transfers);
  const started = performance.now();
  const drift = await findDrift(pool);
  const verified = (transfers / (performance.now() - started)) * 1_000;
  console.log(
    drift.length === 0 ? '\n  The ledger holds.' : `\n  The ledger drifts: ${JSON.stringify(drift[0])}`,
  );
  if (drift.length > 0) process.exitCode = 1;
  return { bytes: Number(rows[0]?.bytes) / transfers, verified };
}

try {
  await connected(scratch.owner, (client) => client.query(SETUP));
  const pool = createPool(scratch.app, { max: 20, onIdleError: () => undefined });
  await run(pool);
  await pool.end();
} finally {
  await scratch.close();
}
