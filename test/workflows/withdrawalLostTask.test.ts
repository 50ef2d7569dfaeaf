import assert from 'node:assert/strict';
import { workflowIds } from '../../contract/names.ts';
import { PROVIDER_NEWS } from '../../contract/payments.ts';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';
import { word } from './word.ts';

/**
 * A provider's word comes just when a person's action has been written down and the saga is about to end: Temporal drops
 * the task, and the update with it. The saga comes again, with the word first, and finds the action in the books.
 */
describe('a withdrawal whose saga loses a task after our books have its step', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  const says = (withdrawalId: string, state: 'paid' | 'refused') =>
    desk.env.client.workflow
      .getHandle(workflowIds.withdrawal('cashier', withdrawalId))
      .signal(PROVIDER_NEWS, word(withdrawalId, 1, state));

  /** Nobody knows whether it was sent. At the next step that is written, the provider says what became of it. */
  async function unknown() {
    const withdrawalId = fresh('wd');
    const player = await desk.player({ cash: 50_000 });
    desk.meddle(withdrawalId, (step, _attempt, run) => {
      if (step === 'submitPayout') return Promise.resolve({ outcome: 'unknown', reason: 'silence' });
      return step === 'askPayout' ? Promise.reject(new Error('silence')) : run();
    });
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId });
    await desk.until('withdrawals', withdrawalId, 'unknown');
    return { player, withdrawalId };
  }

  function interrupt(withdrawalId: string, state: 'paid' | 'refused') {
    let said = false;
    desk.meddle(withdrawalId, async (step, _attempt, run) => {
      const written = await run();
      if (step === 'stepWithdrawal' && !said) {
        said = true;
        await says(withdrawalId, state);
      }
      return written;
    });
  }

  it('is owed by nobody where "paid" comes while a person marks it as paid', async () => {
    const { player, withdrawalId } = await unknown();
    interrupt(withdrawalId, 'paid');
    const marked = await desk.act(withdrawalId, 'mark-paid', 'finance', { externalReference: 'bank-1' });
    assert.deepEqual([marked.status, marked.body.status], [200, 'paid']);
    await desk.historyLength(marked.body['workflowId'] as string);
    const found = await desk.until('withdrawals', withdrawalId, 'paid', 'needs_attention');
    assert.equal(found.status, 'paid');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('is owed by the player where "paid" comes while a person cancels it, and the person is told it was cancelled', async () => {
    const { player, withdrawalId } = await unknown();
    await desk.act(withdrawalId, 'declare-unpaid', 'finance', { evidence: 'a call' });
    interrupt(withdrawalId, 'paid');
    const cancelled = await desk.act(withdrawalId, 'cancel', 'finance', { key: 'cancel-it' });
    assert.equal(cancelled.status, 200);
    const found = await desk.until('withdrawals', withdrawalId, 'needs_attention');
    assert.equal(found['reason'], 'paid_after_write_off');
    assert.deepEqual(await desk.cash(player), { cash: 50_000, pendingWithdrawals: 0, owed: 10_000 });
    const again = await desk.act(withdrawalId, 'cancel', 'finance', { key: 'cancel-it' });
    assert.deepEqual([again.status, again.replayed], [200, true]);
  });

  it('stays as marked where "refused" comes while a person marks it as paid', async () => {
    const { player, withdrawalId } = await unknown();
    interrupt(withdrawalId, 'refused');
    const marked = await desk.act(withdrawalId, 'mark-paid', 'finance', { externalReference: 'bank-1' });
    assert.deepEqual([marked.status, marked.body.status], [200, 'paid']);
    await desk.historyLength(marked.body['workflowId'] as string);
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
  });
});
