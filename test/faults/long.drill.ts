import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingEndedOnce } from './afterwards.ts';
import { settleWhileKilling } from './largeSettlement.ts';
import { chanceOf } from './chance.ts';
import { endsWell, TOKENS } from './ends.ts';
import { beforeKill, inParallel, Loads, type Table } from './loads.ts';
import { Stand, type Victim } from './stand.ts';

// `npm run drills`, for an hour when somebody has changed a saga; DRILL_SEED repeats the kills of an earlier run.
const seed = Number(process.env['DRILL_SEED'] ?? randomInt(1_000_000));
const waves = Number(process.env['DRILL_WAVES'] ?? 30);

const VICTIMS: readonly Victim[] = ['rounds', 'payments', 'api', 'providers', 'temporal', 'postgres'];
const TABLES = 2;
const LONGEST_BEFORE_MS = 1_500;

const chance = chanceOf(seed);

/** One to three processes, each at its own moment of the second after the first. */
const somebody = () => {
  const kills = Array.from({ length: 1 + chance(3) }, () => ({
    victim: VICTIMS[chance(VICTIMS.length)] ?? 'api',
    afterMs: chance(1_000),
  }));
  return kills.map((kill, place) => (place === 0 ? { ...kill, afterMs: 0 } : kill));
};

describe(`when processes are killed at random, DRILL_SEED=${String(seed)}`, function () {
  this.timeout(400_000);
  let stand: Stand;
  let loads: Loads;

  before(async () => {
    stand = await Stand.start();
    loads = new Loads(stand);
  });

  after(() => stand.stop());

  it('a round of 10,000 wagers is settled once, although the worker dies five times and Postgres once while it is posted', async () => {
    await settleWhileKilling(stand, loads, { players: 5_000, wagersEach: 2, workerKills: 5 });
    await everythingEndedOnce(stand);
  });

  for (let wave = 1; wave <= waves; wave += 1) {
    const kills = somebody();
    const moments = [...TOKENS, ...Array.from({ length: TABLES }, () => 'table')].map((what) => ({
      what,
      msBefore: chance(LONGEST_BEFORE_MS),
    }));
    const names = kills.map(({ victim, afterMs }) => `${victim} after ${String(afterMs)} ms`).join(', ');

    it(`wave ${String(wave)}: everything ends once, although these die: ${names}`, async () => {
      const players = await inParallel(TOKENS.length, () => stand.richPlayer(20_000));
      const tables: Table[] = [];
      for (let number = 0; number < TABLES; number += 1) tables.push(await loads.table(1));
      const works = moments.map(({ what, msBefore }, number) => ({
        msBefore,
        work: async () => {
          const table = tables[number - TOKENS.length];
          if (table === undefined) await endsWell(stand, await loads.payment(what, players[number] ?? ''));
          else await loads.settle(table);
        },
      }));
      await beforeKill(works, async () => {
        await Promise.all(kills.map(({ victim, afterMs }) => sleep(afterMs).then(() => stand.kill(victim))));
      });
      await everythingEndedOnce(stand);
    });
  }
});
