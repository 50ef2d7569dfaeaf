import { spawn } from 'node:child_process';
import { TemporalGateway } from '../../api/temporal.ts';
import { workflowIds } from '../../contract/names.ts';
import { OPERATION_ANSWER } from '../../contract/rounds.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';
import { findOperation, requestOperation } from '../../rounds/index.ts';
import { stopTemporal, temporal } from '../../test/support/temporal.ts';
import { median, percentile } from '../support/report.ts';
import { PLAYERS } from './stand.ts';

const AT_ONCE = 16;
const ROUNDS = 3;
const LARGE = 10_000;

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
}

/** Workflows that answer their caller: an empty one beside the settlement of a round, one at a time and many at once. */
export async function measureSagas({ owner, app }: { owner: string; app: string }, quick: boolean) {
  const env = await temporal();
  const worker = spawn(
    process.execPath,
    ['--import', 'tsx', 'bench/rounds/sagaWorker.ts', env.address, app],
    {
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  const pool = createPool(owner, { max: AT_ONCE, onIdleError: () => undefined });
  try {
    await new Promise((resolve) => worker.stdout.once('data', resolve));
    return await new Sagas(pool, env.address).measure(quick);
  } finally {
    worker.kill('SIGTERM');
    await new Promise((resolve) => worker.once('close', resolve));
    await pool.end();
    await stopTemporal();
  }
}

class Sagas {
  readonly #pool: Pool;
  readonly #temporal: TemporalGateway;
  #made = 0;

  constructor(pool: Pool, address: string) {
    this.#pool = pool;
    this.#temporal = new TemporalGateway({ temporal: { address, namespace: 'default', uiUrl: '' } });
  }

  async measure(quick: boolean) {
    const [alone, many] = quick ? [10, 60] : [100, 1_000];
    await this.#run(AT_ONCE, 32, this.#noop); // until code is compiled and plans are kept
    await this.#settlements(AT_ONCE, 32, 3);
    const runs = { noop: [] as Measured[], settlement: [] as Measured[], one: [] as Measured[] };
    const single = { noop: [] as Measured[], settlement: [] as Measured[] };
    for (let round = 0; round < ROUNDS; round += 1) {
      runs.noop.push(await this.#run(AT_ONCE, many, this.#noop));
      runs.settlement.push(await this.#settlements(AT_ONCE, many, 3));
      runs.one.push(await this.#settlements(AT_ONCE, many, 1));
      single.noop.push(await this.#run(1, alone, this.#noop));
      single.settlement.push(await this.#settlements(1, alone, 3));
    }
    const large = await this.#settlements(1, 1, LARGE);
    const rate = (of: readonly Measured[]) => median(of.map(({ perSecond }) => perSecond));
    const p50 = (of: readonly Measured[]) => median(of.map((run) => run.p50));
    return {
      figures: {
        saga_noop: { value: rate(runs.noop), unit: 'workflows/s' },
        saga_settlement: { value: rate(runs.settlement), unit: 'workflows/s' },
        saga_settlement_of_one: { value: rate(runs.one), unit: 'outcomes/s' },
        saga_settlement_of_10000: { value: large.perSecond * LARGE, unit: 'outcomes/s' },
        saga_noop_alone_p50: { value: p50(single.noop), unit: 'ms' },
        saga_settlement_alone_p50: { value: p50(single.settlement), unit: 'ms' },
      },
      ratios: {
        saga_settlement_to_noop: { value: rate(runs.settlement) / rate(runs.noop), goal: '>= 0.7' },
        saga_settlement_to_noop_p50: { value: p50(single.settlement) / p50(single.noop), goal: '<= 1.5' },
        saga_large_to_one: { value: (large.perSecond * LARGE) / rate(runs.one), goal: '>= 80' },
      },
    };
  }

  /** Callers each of whom asks again when it is answered. */
  async #run(callers: number, times: number, ask: (id: string) => Promise<void>): Promise<Measured> {
    const ids = Array.from({ length: times }, () => `saga-${String((this.#made += 1))}`);
    const took: number[] = [];
    const started = performance.now();
    const caller = async () => {
      for (let id = ids.pop(); id !== undefined; id = ids.pop()) {
        const from = performance.now();
        await ask(id);
        took.push(performance.now() - from);
      }
    };
    await Promise.all(Array.from({ length: callers }, caller));
    return { perSecond: (times * 1_000) / (performance.now() - started), p50: percentile(took, 0.5) };
  }

  readonly #noop = async (id: string): Promise<void> => {
    await this.#start('noop', id, []);
  };

  /** Rounds of so many wagers, each of another player, are placed before the clock runs. */
  async #settlements(callers: number, times: number, wagers: number): Promise<Measured> {
    const first = this.#made + 1;
    for (let n = first; n < first + times; n += 1)
      for (let from = 0; from < wagers; from += 500)
        await this.#pool.query(
          `select count(*) from rounds.place_wagers(array(
             select row('game', $1, $1 || '-' || i, 'p-' || (($2::int + i) % $3::int), 'slots', 100, 'SEK', null, null)::rounds.stake
               from generate_series($4::int, least($4::int + 499, $5::int - 1)) i))`,
          [`saga-${String(n)}`, n * 7, PLAYERS, from, wagers],
        );
    return await this.#run(callers, times, async (roundId) => {
      const ref = { clientId: 'game', kind: 'settlement', operationId: roundId } as const;
      const workflowId = workflowIds.settlement('game', roundId);
      const outcomes = Array.from({ length: wagers }, (_, i) => ({
        wagerId: `${roundId}-${String(i)}`,
        payout: i % 2 === 0 ? 150 : 0,
      }));
      const content = { outcomes, closeRound: true };
      await requestOperation(this.#pool, { ...ref, roundId, content, workflowId });
      await this.#start('settlement', workflowId, [{ ...ref, roundId }]);
      const done = await findOperation(this.#pool, ref);
      if (done?.status !== 'done') throw new Error(`${roundId} is ${String(done?.status)}`);
    });
  }

  async #start(workflow: string, workflowId: string, args: readonly unknown[]): Promise<void> {
    const saga = { workflow, workflowId, args, taskQueue: 'rounds', update: OPERATION_ANSWER } as const;
    const { outcome } = await this.#temporal.startAndWait(
      { ...saga, searchAttributes: [], summary: '' },
      { mode: 'wait', seconds: 30 },
    );
    if (outcome === 'running') throw new Error(`${workflowId} was not answered in 30 seconds`);
  }
}
