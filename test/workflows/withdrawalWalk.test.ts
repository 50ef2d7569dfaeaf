import assert from 'node:assert/strict';
import { randomInt } from 'node:crypto';
import { nextState, type WithdrawalEvent, type WithdrawalState } from '../../contract/states/withdrawal.ts';
import { chanceOf } from '../faults/chance.ts';
import { inParallel } from '../faults/loads.ts';
import { aCashier } from './aCashier.ts';
import type { Cashier } from './cashier.ts';
import { aWalk, type Walk } from './withdrawalWalk.ts';

const seed = Number(process.env['WALK_SEED'] ?? randomInt(1_000_000));
const WALKS = 24;
const STEPS = 8;
const AT_ONCE = 6;

/** The walk of test/payments/states.test.ts, sampled, where each event really happens to a saga that runs. */
describe(`the states of a withdrawal, walked by running sagas, WALK_SEED=${String(seed)}`, () => {
  let desk: Cashier;
  before(async function () {
    this.timeout(60_000);
    // Always overdue, so that whatever may be pressed can be.
    desk = await aCashier({ settings: { COUNTROOM_OVERDUE_AFTER_MS: '1' } });
  });
  after(async function () {
    this.timeout(60_000);
    await desk.close();
  });

  it('go as the table says, send nothing while an earlier payout may be paid, and end with the money where it belongs', async function () {
    this.timeout(180_000);
    await inParallel(
      WALKS,
      async (nth) => {
        const walk = await aWalk(desk, chanceOf(seed + nth));
        try {
          for (let step = 0; step < STEPS && (await walk.step()); step += 1);
          await walk.end();
        } finally {
          walk.letGo();
        }
        assert.deepEqual(walk.sentTooEarly, [], walk.story);
        assert.equal(await walked(walk), await walk.state(), walk.story);
        const { cash, owed, pendingWithdrawals } = await desk.cash(walk.player);
        assert.deepEqual(
          { net: cash - owed, pendingWithdrawals },
          { net: walk.start - walk.amount * walk.timesPaid, pendingWithdrawals: 0 },
          walk.story,
        );
      },
      AT_ONCE,
    );
  });

  /** Where the table leads by the events of the timeline. */
  async function walked({ id, story }: Walk): Promise<WithdrawalState> {
    const { rows } = await desk.db.owner.query<{ event: WithdrawalEvent }>(
      `select event from payments.events where kind = 'withdrawal' and id = $1 and seq > 0 and refused is null order by seq`,
      [id],
    );
    let [state, before]: [WithdrawalState, WithdrawalState | undefined] = ['held', undefined];
    for (const { event } of rows) {
      const to = nextState(state, event, before);
      assert.ok(to !== undefined, `${event} in ${state}: ${story}`);
      if (['on_hold', 'awaiting_mark_paid', 'awaiting_declare_unpaid'].includes(to)) before = state;
      state = to;
    }
    return state;
  }
});
