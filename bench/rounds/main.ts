import { spawn } from 'node:child_process';
import { findDrift } from '../../ledger/verify/findDrift.ts';
import { createPool } from '../../ops/postgres.ts';
import { median, readOptions, report } from '../support/report.ts';
import type { Load, Loaded } from './load.ts';
import { measureSagas } from './sagas.ts';
import { openStand, placeWagers } from './stand.ts';

const USAGE = `usage: npm run bench:rounds -- [--quick] [--json FILE]
  Signed requests against the API beside a bare Express route, durable commits, interleaved, median of three.
  --quick      shorter phases: under 60 seconds
  --json FILE  writes the figures and ratios there as well`;

const { quick, json } = readOptions(USAGE);
const seconds = quick ? 2 : 10;
const CONNECTIONS = 64;
const ROUNDS = 3;

const stand = await openStand();
let phases = 0;

async function phase(
  load: Omit<Load, 'prefix' | 'seconds' | 'connections'> & Partial<Load>,
): Promise<Loaded> {
  phases += 1;
  const whole: Load = { prefix: `b${String(phases)}`, seconds, connections: CONNECTIONS, ...load };
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/rounds/load.ts', JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const loaded = JSON.parse(out) as Loaded;
  const bad = Object.entries(loaded.answers).filter(([status]) => !/^2\d\d$/.test(status));
  if (bad.length > 0)
    throw new Error(`answers other than 2xx: ${JSON.stringify(loaded.answers)}. ${stand.apiLog()}`);
  return loaded;
}

/** What is compared, in the order it is run within each of the three rounds. */
const CONTENDERS: Readonly<Record<string, () => Promise<Loaded>>> = {
  bare: () => phase({ url: stand.bare, kind: 'wager' }),
  wager: () => phase({ url: stand.api, kind: 'wager' }),
  play: () => phase({ url: stand.api, kind: 'play' }),
  settlement: async () => {
    const prefix = `settle${String(phases)}`;
    const most = quick ? 8_000 : 40_000;
    await placeWagers(stand.owner, prefix, most);
    return await phase({ url: stand.api, kind: 'settlement', prefix, most });
  },
  onePlayer: () => phase({ url: stand.api, kind: 'wager', player: 'p-0' }),
};

function show(name: string, { perSecond, p50, p95, p99 }: Loaded): void {
  const ms = [p50, p95, p99].map((value) => value.toFixed(1).padStart(7));
  console.log(`  ${name.padEnd(18)}${perSecond.toFixed(0).padStart(8)}${ms.join('')}`);
}

async function run() {
  console.log(
    `  ${'closed, 64 callers'.padEnd(18)}${'a second'.padStart(8)}${['p50 ms', 'p95', 'p99'].map((w) => w.padStart(7)).join('')}`,
  );
  await phase({ url: stand.api, kind: 'wager', seconds: 2 }); // until code is compiled and plans are kept
  await phase({ url: stand.bare, kind: 'wager', seconds: 1 });
  const runs = new Map<string, Loaded[]>();
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const [name, contender] of Object.entries(CONTENDERS)) {
      const loaded = await contender();
      runs.set(name, [...(runs.get(name) ?? []), loaded]);
      show(name, loaded);
    }
  }
  const rate = (name: string) => median((runs.get(name) ?? []).map(({ perSecond }) => perSecond));
  console.log('\n  open, at half of saturation, from the time it was due');
  const half = async (name: 'bare' | 'wager') => {
    const url = name === 'bare' ? stand.bare : stand.api;
    const loaded = await phase({ url, kind: 'wager', rate: rate(name) / 2, connections: 1_000 });
    show(name, loaded);
    return loaded;
  };
  const [bareHalf, wagerHalf] = [await half('bare'), await half('wager')];
  const figures: Record<string, { value: number; unit: string }> = {};
  for (const name of Object.keys(CONTENDERS)) {
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
  report(
    'rounds',
    { figures: { ...figures, ...sagas.figures }, ratios: { ...ratios, ...sagas.ratios } },
    json,
  );
  const pool = createPool(stand.owner, { max: 1, onIdleError: () => undefined });
  const drift = await findDrift(pool);
  await pool.end();
  console.log(
    drift.length === 0 ? '\n  The ledger holds.' : `\n  The ledger drifts: ${JSON.stringify(drift[0])}`,
  );
  if (drift.length > 0) process.exitCode = 1;
}

try {
  await run();
} finally {
  await stand.close();
}
