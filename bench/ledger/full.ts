import { createPool } from '../../ops/postgres.ts';
import type { Scratch } from '../support/postgres.ts';
import type { Report } from '../support/report.ts';
import { aftermath, mustHold } from './aftermath.ts';
import { ways, type Heat } from './contenders.ts';
import { preload } from './preload.ts';
import { setUp } from './setup.ts';
import { inTurns, type Contender } from './turns.ts';

const CALLERS = { single: 20, poster: 200 } as const;

/** A ledger that has seen so many transfers beside one that is new. */
export async function compareFull(scratch: Scratch, transfers: number, quick: boolean): Promise<Report> {
  const ledgers = { empty: await scratch.another('empty'), full: await scratch.another('full') };
  await setUp(ledgers.empty.owner);
  await setUp(ledgers.full.owner);
  const started = performance.now();
  await preload(ledgers.full.owner, transfers);
  console.log(
    `  ${String(transfers)} transfers were loaded in ${((performance.now() - started) / 1_000).toFixed(0)} s.\n`,
  );
  const pools = {
    empty: createPool(ledgers.empty.app, { max: 20, onIdleError: () => undefined }),
    full: createPool(ledgers.full.app, { max: 20, onIdleError: () => undefined }),
  };
  const posts = { empty: ways(pools.empty), full: ways(pools.full) };
  const contenders = (['single', 'poster'] as const).flatMap((way) =>
    (['hot', 'random'] as const).flatMap((heat: Heat) =>
      (['empty', 'full'] as const).map((ledger): Contender => {
        const work = () => posts[ledger][way](heat);
        return { name: `${ledger} ${heat} ${way}`, work, callers: CALLERS[way] };
      }),
    ),
  );
  const turns = await inTurns(contenders, quick ? { rounds: 1, seconds: 2 } : { rounds: 3, seconds: 8 });
  turns.show(); // the verification of many millions takes longer than the turns
  await mustHold(pools.empty, 0);
  const { bytes, verified } = await aftermath(pools.full);
  await Promise.all([pools.empty.end(), pools.full.end()]);
  const ratio = (what: string) => ({ value: turns.ratio(`full ${what}`, `empty ${what}`), goal: '>= 0.9' });
  return {
    figures: {
      ...turns.figures(),
      transfers: { value: transfers, unit: 'transfers' },
      bytes_a_transfer: { value: bytes, unit: 'bytes' },
      verified: { value: Math.round(verified), unit: 'transfers/s' },
    },
    ratios: {
      full_to_empty_hot_single: ratio('hot single'),
      full_to_empty_hot_poster: ratio('hot poster'),
      full_to_empty_random_single: ratio('random single'),
      full_to_empty_random_poster: ratio('random poster'),
      bytes_a_transfer: { value: bytes, goal: '<= 700' },
      verify_to_posting: { value: verified / turns.rate('full hot single'), goal: '>= 10' },
    },
  };
}
