import { openPot } from '../../rounds/index.ts';
import { wins } from '../rounds/pots.ts';
import type { Scene } from './recipePlays.ts';
import { ADMIN } from '../support/origin.ts';

/** Each recipe leaves the pot as it found it, with its seed. */
const opened = ({ table }: Scene) =>
  openPot(table.pool, { potId: 'grand', currency: 'SEK', seed: 100_000n }, ADMIN);

const stake = ({ table, player, round }: Scene) =>
  table.wager({ round, player, amount: 1_000, contributions: [{ potId: 'grand', amount: 50 }] });

async function won(scene: Scene, payout: number): Promise<void> {
  await scene.table.settle(scene.round, { [await stake(scene)]: wins('grand', 100_050, payout) });
}

/** The recipes of pots, as PLAYS has the others. */
export const POT_PLAYS = {
  'Seed of a pot': { play: opened },
  'Stake that contributes to a pot': {
    given: opened,
    play: async (scene: Scene) => scene.table.rollBack(await stake(scene)),
  },
  Jackpot: { given: opened, play: (scene: Scene) => won(scene, 500) },
  'Void of a jackpot': {
    given: opened,
    play: async (scene: Scene) => {
      await won(scene, 0);
      await scene.table.voidRound(scene.round);
    },
  },
};
