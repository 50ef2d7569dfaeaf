import assert from 'node:assert/strict';
import { post, postNet, reverse } from '../../ledger/index.ts';
import { fresh, type Table } from '../rounds/table.ts';
import { aDeed, applied, leg } from './aLedger.ts';
import { POT_PLAYS } from './potRecipePlays.ts';

/** What a recipe is played with: a player with 1,000.00 SEK, and money for payouts at nordpay. */
export interface Scene {
  readonly table: Table;
  readonly player: string;
  readonly round: string;
}

/** Each heading of docs/ledger.md under "Recipes": how to play it, after what has to be there before. */
export const PLAYS: Record<
  string,
  { given?: (scene: Scene) => Promise<unknown>; play: (scene: Scene) => Promise<unknown> }
> = {
  Deposit: { play: (scene) => deposited(scene) },
  'Refund of a deposit': refund('refunded'),
  'Refund that is refused': refund('refund_refused'),
  'Refund of what was never credited': {
    play: async ({ table, player }) => {
      const id = fresh('d');
      await opened(table, player, id);
      const captured = JSON.stringify({ captured: { minor: '2000', currency: 'SEK' } });
      await step(
        table,
        'deposit',
        id,
        depositStep(1, 'credit_refused', 'needs_attention', { facts: captured }),
      );
      await step(table, 'deposit', id, depositStep(2, 'refund', 'refunding'));
      await step(table, 'deposit', id, depositStep(3, 'refunded', 'refunded'));
    },
  },
  Chargeback: {
    given: async (scene) => {
      await owesNothingHas(scene, 0);
      await deposited(scene, 'd-charged-back');
      await owesNothingHas(scene, 12_000);
    },
    play: ({ table }) =>
      step(table, 'deposit', 'd-charged-back', depositStep(5, 'charged_back', 'charged_back')),
  },
  ...POT_PLAYS,
  Stake: { play: ({ table, player, round }) => table.wager({ round, player, amount: 1_000 }) },
  'Rollback of a wager': {
    play: async ({ table, player, round }) =>
      table.rollBack(await table.wager({ round, player, amount: 1_000 })),
  },
  Settlement: {
    play: async ({ table, player, round }) => {
      const [won, lost] = [
        await table.wager({ round, player, amount: 1_000 }),
        await table.wager({ round, player, amount: 1_000 }),
      ];
      await table.settle(round, { [won]: 3_500, [lost]: 0 });
    },
  },
  Loss: {
    play: async ({ table, player, round }) =>
      table.settle(round, { [await table.wager({ round, player, amount: 1_000 })]: 0 }),
  },
  'Win that repays a debt': {
    given: async (scene) => {
      await clawBack(scene, 102_000n);
      await adjust(scene, 1_000n);
    },
    play: async ({ table, player, round }) =>
      table.settle(round, { [await table.wager({ round, player, amount: 1_000 })]: 5_000 }),
  },
  'Stake and result at once': {
    play: ({ table, player, round }) =>
      table.play({ round, player, wager: fresh('w'), settlement: fresh('s'), amount: 1_000, payout: 2_500 }),
  },
  Void: {
    play: async ({ table, player, round }) => {
      await table.wager({ round, player, amount: 1_000 });
      await table.voidRound(round);
    },
  },
  'Void with claw-back': {
    given: (scene) => owesNothingHas(scene, 1_000),
    play: async ({ table, player, round }) => {
      await table.settle(round, { [await table.wager({ round, player, amount: 1_000 })]: 10_000 });
      await table.wager({ round: fresh('r'), player, amount: 7_000 });
      await table.voidRound(round);
    },
  },
  Award: { play: ({ table, player }) => table.give(player, 2_500) },
  Withdrawal: { play: (scene) => withdrawal(scene, ['accepted', 'paid']) },
  'Withdrawal that is cancelled': { play: (scene) => withdrawal(scene, ['cancel']) },
  'Payout that is refused before it was accepted': {
    play: (scene) => withdrawal(scene, ['submit', 'refused']),
  },
  'Payout that is refused after it was accepted': {
    play: (scene) => withdrawal(scene, ['accepted', 'refused', 'cancel']),
  },
  'Payout that was paid by hand': { play: (scene) => withdrawal(scene, ['submit', 'refused', 'mark-paid']) },
  'Returned payout, back to the player': {
    play: (scene) => withdrawal(scene, ['accepted', 'paid', 'returned', 'cancel']),
  },
  'Returned payout, sent again': {
    play: (scene) => withdrawal(scene, ['accepted', 'paid', 'returned', 'retry']),
  },
  Correction: {
    play: async (scene) => {
      const { transferId } = await adjust(scene, 4_000n);
      await applied(reverse(scene.table.pool, { ...aDeed('reversal'), transferId: transferId! }));
    },
  },
};

/** One step of a payment, its money with it, as its saga does it. */
async function step(
  table: Table,
  kind: 'deposit' | 'withdrawal',
  id: string,
  values: readonly unknown[],
): Promise<void> {
  const { rows } = await table.pool.query<{ refused: string | null }>(
    `select refused from payments.${kind}_step($1, ${values.map((_, index) => `$${String(index + 2)}`).join(', ')})`,
    [id, ...values],
  );
  assert.equal(rows[0]!.refused, null);
}

/** The arguments of `payments.deposit_step` after the id. */
const depositStep = (
  seq: number,
  event: string,
  to: string,
  { amount = null, facts = '{}' }: { amount?: number | null; facts?: string } = {},
) => [seq, event, to, null, 'nordpay', 'ref', null, null, amount, facts];

const opened = (table: Table, player: string, id: string) =>
  table.pool.query(
    `select payments.open_deposit($1, 'cashier', $2, 50000, 'SEK', '{}', 'w', 1000, 1000, null)`,
    [id, player],
  );

async function deposited({ table, player }: Scene, id = fresh('d')): Promise<void> {
  await opened(table, player, id);
  await step(table, 'deposit', id, depositStep(1, 'captured', 'credited'));
}

/** A deposit of which 200.00 are sent back, or would be. */
function refund(end: 'refunded' | 'refund_refused') {
  const id = fresh('d');
  return {
    given: (scene: Scene) => deposited(scene, id),
    play: async ({ table }: Scene) => {
      await step(table, 'deposit', id, depositStep(2, 'refund', 'refunding', { amount: 20_000 }));
      await step(table, 'deposit', id, depositStep(3, end, 'credited'));
    },
  };
}

/** A withdrawal of 300.00 that the provider hears of, and what happens to it then. */
async function withdrawal({ table, player }: Scene, events: readonly string[]): Promise<void> {
  const id = fresh('wd');
  await table.pool.query(
    `select payments.open_withdrawal($1, 'cashier', $2, 30000, 'SEK', '{}', '{}', 'w', 1000, null)`,
    [id, player],
  );
  const STATES: Record<string, string> = {
    accepted: 'submitted', paid: 'paid', refused: 'needs_attention', cancel: 'cancelled', returned: 'returned', retry: 'submitting', 'mark-paid': 'paid',
  }; // prettier-ignore
  let seq = 0;
  let attempt = 0;
  const send = async (event: string) => {
    attempt += 1;
    await step(table, 'withdrawal', id, [++seq, event, 'submitting', 'countroom', null, attempt - 1, null,
      { nextAttempt: attempt, nextProvider: 'nordpay', nextKey: `${id}/${String(attempt)}` }]); // prettier-ignore
  };
  if (events[0] === 'accepted' || events[0] === 'submit') await send('submit');
  for (const event of events.filter((each) => each !== 'submit')) {
    if (event === 'retry') await send(event);
    else
      await step(table, 'withdrawal', id, [
        ++seq,
        event,
        STATES[event],
        'a test',
        null,
        attempt,
        attempt === 0 ? null : 'nordpay',
        '{}',
      ]);
  }
}

const adjust = ({ table, player }: Scene, amount: bigint) =>
  applied(
    post(table.pool, {
      ...aDeed('adjustment'),
      legs: [leg('adjustments', 'house', -amount), leg('player_cash', player, amount)],
    }),
  );

const clawBack = ({ table, player }: Scene, amount: bigint) =>
  postNet(table.pool, {
    ...aDeed('adjustment'),
    playerId: player,
    currency: 'SEK',
    net: -amount,
    house: [leg('adjustments', 'house', amount)],
    repay: false,
  });

/** Leaves the player just so much cash. */
async function owesNothingHas(scene: Scene, cash: number): Promise<void> {
  const { cash: now } = await scene.table.has(scene.player);
  if (now !== cash) await adjust(scene, BigInt(cash - now));
}
