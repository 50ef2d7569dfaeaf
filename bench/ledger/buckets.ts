import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createPool } from '../../ops/postgres.ts';
import { bar } from '../../ops/progress.ts';
import type { Scratch } from '../support/postgres.ts';
import type { Report } from '../support/report.ts';
import { mustHold } from './aftermath.ts';
import { setUp } from './setup.ts';
import { Turns, type Turn } from './turns.ts';
import type { Order } from './writer.ts';

const BUCKETS = [1, 8, 16, 64];
const PROCESSES = [1, 2, 4];
/** Callers in each process. */
const CALLERS = { single: 16, batch: 2 } as const;
const WAYS = ['single', 'batch'] as const;

const nameOf = (way: string, buckets: number, processes: number) =>
  `${way} ${String(buckets)} buckets ${String(processes)} processes`;

/** How many rows a busy account of the house should be: each number of them is a database of its own. */
export async function compareBuckets(scratch: Scratch, quick: boolean): Promise<Report> {
  const { rounds, seconds } = quick ? { rounds: 1, seconds: 1 } : { rounds: 3, seconds: 4 };
  const ledgers = new Map<number, { owner: string; app: string }>();
  for (const buckets of BUCKETS) {
    const ledger = await scratch.another(`buckets_${String(buckets)}`);
    await setUp(ledger.owner, { buckets });
    ledgers.set(buckets, ledger);
  }
  const writers = Array.from({ length: Math.max(...PROCESSES) }, startWriter);
  const turns = new Turns();
  const shown = bar('turns', rounds * BUCKETS.length * PROCESSES.length * WAYS.length, process.stderr);
  let done = 0;
  try {
    for (let round = 0; round < rounds; round += 1) {
      const order = [...BUCKETS.slice(round), ...BUCKETS.slice(0, round)];
      for (const way of WAYS)
        for (const processes of PROCESSES)
          for (const buckets of order) {
            const name = nameOf(way, buckets, processes);
            shown.at((done += 1), `round ${String(round + 1)}: ${name}`);
            const url = ledgers.get(buckets)?.app ?? '';
            const orders = { url, way, callers: CALLERS[way], seconds };
            turns.add(name, await together(writers.slice(0, processes), orders));
          }
    }
  } finally {
    shown.clear();
    for (const { child } of writers) child.disconnect();
  }
  for (const { app } of ledgers.values()) {
    const pool = createPool(app, { max: 1, onIdleError: () => undefined });
    await mustHold(pool, 0);
    await pool.end();
  }
  turns.show();
  show(turns);
  return { figures: turns.figures(), ratios: {} };
}

interface Writer {
  readonly child: ChildProcess;
  readonly died: Promise<never>;
}

function startWriter(): Writer {
  const child = fork('bench/ledger/writer.ts', { execArgv: ['--import', 'tsx'] });
  const died = once(child, 'exit').then(() => {
    throw new Error('a writing process has died');
  });
  died.catch(() => undefined); // in the end they all do
  return { child, died };
}

/** All begin at the same time, when the last one is ready. */
async function together(writers: readonly Writer[], order: Order): Promise<Turn> {
  await Promise.all(writers.map((writer) => ask(writer, order)));
  const mine = (await Promise.all(writers.map((writer) => ask(writer, 'go')))) as Turn[];
  return {
    perSecond: mine.reduce((sum, { perSecond }) => sum + perSecond, 0),
    latencies: mine.flatMap(({ latencies }) => latencies),
  };
}

async function ask({ child, died }: Writer, message: Order | 'go'): Promise<unknown> {
  const answer = Promise.race([once(child, 'message'), died]);
  child.send(message);
  const [said] = (await answer) as [unknown];
  return said;
}

function show(turns: Turns): void {
  for (const way of WAYS) {
    console.log(
      `\n  ${`${way}, postings/s`.padEnd(24)}${BUCKETS.map((n) => `${String(n)} buckets`.padStart(12)).join('')}`,
    );
    for (const processes of PROCESSES) {
      const rates = BUCKETS.map((n) =>
        turns
          .rate(nameOf(way, n, processes))
          .toFixed(0)
          .padStart(12),
      );
      console.log(`  ${`${String(processes)} processes`.padEnd(24)}${rates.join('')}`);
    }
  }
}
