import { median, type Report } from '../support/report.ts';
import { findDrift } from '../../ledger/verify/findDrift.ts';
import { createPool } from '../../ops/postgres.ts';
import type { Loaded } from './load.ts';
import { nextPrefix, phase, show, showHead } from './phase.ts';
import { measureSagas } from './sagas.ts';
import { placeWagers, type Stand } from './stand.ts';

const ROUNDS = 3;

/** The calls of a game server beside a bare Express route, and sagas beside an empty workflow. */
export async function compare(stand: Stand, quick: boolean): Promise<Report> {
  const seconds = quick ? 2 : 10;
  /** In the order in which they are run within each of the three rounds. */
  const contenders: Readonly<Record<string, () => Promise<Loaded>>> = {
    bare: () => phase(stand, { url: stand.bare, kind: 'wager', seconds }),
    wager: () => phase(stand, { kind: 'wager', seconds }),
    play: () => phase(stand, { kind: 'play', seconds }),
    settlement: async () => {
      const [prefix, most] = [nextPrefix(), quick ? 8_000 : 40_000];
      await placeWagers(stand.owner, prefix, most);
      return await phase(stand, { kind: 'settlement', prefix, most, seconds });
    },
    onePlayer: () => phase(stand, { kind: 'wager', player: 'p-0', seconds }),
  };
  showHead();
  await phase(stand, { kind: 'wager', seconds: 2 }); // until code is compiled and plans are kept
  await phase(stand, { url: stand.bare, kind: 'wager', seconds: 1 });
  const runs = new Map<string, Loaded[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, contender] of Object.entries(contenders)) {
      const loaded = await contender();
      runs.set(name, [...(runs.get(name) ?? []), loaded]);
      show(name, loaded);
    }
  }
  const rate = (name: string) => median((runs.get(name) ?? []).map(({ perSecond }) => perSecond));
  console.log('\n  open, at half of saturation, from the time it was due');
  const half = async (name: 'bare' | 'wager') => {
    const url = name === 'bare' ? stand.bare : stand.api;
    const loaded = await phase(stand, {
      url,
      kind: 'wager',
      seconds,
      rate: rate(name) / 2,
      connections: 1_000,
    });
    show(name, loaded);
    return loaded;
  };
  const [bareHalf, wagerHalf] = [await half('bare'), await half('wager')];
  const figures: Record<string, { value: number; unit: string }> = {};
  for (const name of Object.keys(contenders)) {
    figures[name] = { value: Math.round(rate(name)), unit: 'requests/s' };
    for (const p of ['p50', 'p95', 'p99'] as const)
      figures[`${name}_${p}`] = {
        value: median((runs.get(name) ?? []).map((loaded) => loaded[p])),
        unit: 'ms',
      };
  }
  figures['bare_half_p99'] = { value: bareHalf.p99, unit: 'ms' };
  figures['wager_half_p99'] = { value: wagerHalf.p99, unit: 'ms' };
  const ratios = {
    wager_to_bare: { value: rate('wager') / rate('bare'), goal: '>= 0.55' },
    wager_p99_to_bare_at_half: { value: wagerHalf.p99 / bareHalf.p99, goal: '<= 5' },
    play_to_wager: { value: rate('play') / rate('wager'), goal: '>= 0.8' },
    direct_settlement_to_wager: { value: rate('settlement') / rate('wager'), goal: '>= 0.7' },
    one_player_to_wager: { value: rate('onePlayer') / rate('wager'), goal: '>= 0.3' },
  };
  console.log('\n  workflows that answer: an empty one, and settlements');
  const sagas = await measureSagas(stand, quick);
  for (const [name, { value, unit }] of Object.entries(sagas.figures))
    console.log(`  ${name.padEnd(28)}${value.toFixed(0).padStart(8)} ${unit}`);
  await mustHold(stand);
  return { figures: { ...figures, ...sagas.figures }, ratios: { ...ratios, ...sagas.ratios } };
}

/** Throws where the ledger drifts. */
async function mustHold({ owner }: Stand): Promise<void> {
  const pool = createPool(owner, { max: 2, onIdleError: () => undefined });
  const [drift] = await findDrift(pool).finally(() => pool.end());
  if (drift !== undefined) throw new Error(`the ledger drifts: ${JSON.stringify(drift)}`);
}
