import { setTimeout as sleep } from 'node:timers/promises';
import { extendChain, post, postAll, type Posting } from '../../ledger/index.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';
import type { Scratch } from '../support/postgres.ts';
import type { Report } from '../support/report.ts';
import { aftermath } from './aftermath.ts';
import { aStake, someStakes, ways, yardsticks, type Heat } from './contenders.ts';
import { setUp } from './setup.ts';
import { inTurns, type Contender, type Turns } from './turns.ts';

/** Callers at once: what each way is meant for. */
const CALLERS = { naive: 20, single: 20, batch: 2, poster: 200, tpcb: 20 } as const;

/** The ways to post beside the naive one and TPC-B, and what the chain costs. */
export async function compare(scratch: Scratch, quick: boolean): Promise<Report> {
  const scale = quick ? 5 : 50;
  await setUp(scratch.owner, { scale });
  const pool = createPool(scratch.app, { max: 20, onIdleError: () => undefined });
  const builder = createPool(scratch.app, { max: 1, onIdleError: () => undefined });
  const beside = yardsticks(pool, scratch.app, scale);
  const post = ways(pool);
  const all = { naive: beside.naive, ...post };
  const hotOrNot = (heat: Heat) =>
    (['naive', 'single', 'batch', 'poster'] as const).map((way): Contender => {
      return { name: `${heat} ${way}`, work: () => all[way](heat), callers: CALLERS[way] };
    });
  const turns = await inTurns(
    [
      ...hotOrNot('hot'),
      replay(pool),
      { name: 'alone single', work: () => post.single('hot'), callers: 1 },
      { name: 'alone poster', work: () => post.poster('hot'), callers: 1 },
      ...hotOrNot('random'),
      { name: 'tpcb', work: beside.tpcb, callers: CALLERS.tpcb },
      ...(['single', 'batch'] as const).flatMap((way) => {
        const before = () => extendChain(builder);
        const off = {
          name: `${way} chain off`,
          work: () => post[way]('random'),
          callers: CALLERS[way],
          before,
        };
        return [off, { ...off, name: `${way} chain on`, beside: () => chain(builder, quick ? 250 : 1_000) }];
      }),
    ],
    quick ? { rounds: 1, seconds: 1.2 } : { rounds: 3, seconds: 8 },
  );
  await beside.close();
  await extendChain(builder);
  const { bytes, verified } = await aftermath(pool);
  await pool.end();
  await builder.end();
  turns.show();
  return {
    figures: {
      ...turns.figures(),
      bytes_a_transfer: { value: bytes, unit: 'bytes' },
      verified: { value: Math.round(verified), unit: 'transfers/s' },
    },
    ratios: ratios(turns, bytes, verified),
  };
}

function ratios(turns: Turns, bytes: number, verified: number): Report['ratios'] {
  return {
    hot_single_to_naive: { value: turns.ratio('hot single', 'hot naive'), goal: '>= 6' },
    hot_poster_to_naive: { value: turns.ratio('hot poster', 'hot naive'), goal: '>= 12' },
    random_batch_to_single: { value: turns.ratio('random batch', 'random single'), goal: '>= 3' },
    single_to_tpcb: { value: turns.ratio('random single', 'tpcb'), goal: '>= 1' },
    alone_poster_to_single_ms: {
      value: turns.at('alone poster', 0.5) / turns.at('alone single', 0.5),
      goal: '<= 1.2',
    },
    single_chain_on_to_off: { value: turns.ratio('single chain on', 'single chain off'), goal: '>= 0.95' },
    batch_chain_on_to_off: { value: turns.ratio('batch chain on', 'batch chain off'), goal: '>= 0.95' },
    replay_to_fresh: { value: turns.ratio('replay', 'hot single'), goal: '>= 1' },
    bytes_a_transfer: { value: bytes, goal: '<= 700' },
    verify_to_posting: { value: verified / turns.rate('hot single'), goal: '>= 10' },
  };
}

/** Ids that are known, again. */
function replay(pool: Pool): Contender {
  let known: readonly Posting[] = [];
  let next = 0;
  return {
    name: 'replay',
    before: async () => {
      known = someStakes('hot', 2_000);
      await postAll(pool, known);
    },
    work: async () => {
      const stake = known[(next += 1) % known.length] ?? aStake('hot');
      return (await post(pool, stake)).replayed ? 1 : 0;
    },
    callers: CALLERS.single,
  };
}

/** The chain's builder, which comes again and again. */
function chain(pool: Pool, everyMs: number) {
  const stopped = new AbortController();
  const building = (async () => {
    while (!stopped.signal.aborted) {
      await sleep(everyMs, undefined, { signal: stopped.signal }).catch(() => undefined);
      await extendChain(pool);
    }
  })();
  return {
    stop: async () => {
      stopped.abort();
      await building;
    },
  };
}
