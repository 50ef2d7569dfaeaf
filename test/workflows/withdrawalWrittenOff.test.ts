import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';
import { tell } from './word.ts';

describe('a withdrawal that is paid although it was written off', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  /** Accepted, silent, and paid by the provider after ten seconds; declared unpaid before that. */
  async function writtenOff(reason = 'they say so') {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-LATE-PAID', { withdrawalId });
    await desk.until('withdrawals', withdrawalId, 'submitted');
    await sleep(1_700);
    const declared = await desk.act(withdrawalId, 'declare-unpaid', 'finance', {
      reason,
      evidence: 'a call',
    });
    assert.equal(declared.body.status, 'needs_attention');
    return { player, withdrawalId };
  }

  it('is simply paid where nothing was given back or sent again, is owed by the player where it was', async function () {
    this.timeout(60_000);
    const [kept, cancelled, sentAgain] = await Promise.all([writtenOff(), writtenOff(), writtenOff()]);
    assert.equal((await desk.act(cancelled.withdrawalId, 'cancel', 'finance')).body.status, 'cancelled');
    // Paid by nobody for some more seconds, so that the first word comes after the second attempt has ended.
    await desk.act(sentAgain.withdrawalId, 'retry', 'finance', { provider: 'eastpay' });

    await desk.until('withdrawals', kept.withdrawalId, 'paid');
    assert.deepEqual(await desk.cash(kept.player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });

    const parked = await desk.until('withdrawals', cancelled.withdrawalId, 'needs_attention');
    assert.deepEqual([parked['reason'], parked.allowedActions], ['paid_after_write_off', ['mark-paid']]);
    assert.deepEqual(await desk.cash(cancelled.player), {
      cash: 50_000,
      pendingWithdrawals: 0,
      owed: 10_000,
    });
    const cancel = await desk.act(cancelled.withdrawalId, 'cancel', 'finance');
    assert.deepEqual([cancel.status, cancel.body.code], [409, 'invalid_state'], 'it is not given back again');
    const acknowledged = await desk.act(cancelled.withdrawalId, 'mark-paid', 'finance', {
      externalReference: 'bank-2',
    });
    assert.equal(acknowledged.body.status, 'paid');
    assert.deepEqual(await desk.cash(cancelled.player), {
      cash: 50_000,
      pendingWithdrawals: 0,
      owed: 10_000,
    });

    // The second attempt runs to its end first.
    const twice = await desk.until('withdrawals', sentAgain.withdrawalId, 'needs_attention');
    assert.equal(twice['reason'], 'paid_after_write_off');
    assert.deepEqual(
      twice.attempts?.map(({ status }) => status),
      ['paid', 'paid'],
    );
    assert.deepEqual(await desk.cash(sentAgain.player), {
      cash: 40_000,
      pendingWithdrawals: 0,
      owed: 10_000,
    });
  });

  it('is not sent again where it was paid twice and one of the two came back: the money goes to the player', async () => {
    const { player, withdrawalId } = await writtenOff();
    await desk.act(withdrawalId, 'cancel', 'finance');
    await tell(desk, withdrawalId, 1, 'paid');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    await desk.act(withdrawalId, 'mark-paid', 'finance', { externalReference: 'bank-4' });
    await tell(desk, withdrawalId, 1, 'returned');
    const { allowedActions } = await desk.until('withdrawals', withdrawalId, 'returned');
    assert.deepEqual(allowedActions, ['cancel']);
    const retry = await desk.act(withdrawalId, 'retry', 'finance');
    assert.deepEqual([retry.status, retry.body.code], [409, 'invalid_state']);
    assert.equal((await desk.act(withdrawalId, 'cancel', 'finance')).body.status, 'cancelled');
    assert.deepEqual(await desk.cash(player), { cash: 60_000, pendingWithdrawals: 0, owed: 10_000 });
  });

  it('is known by what happened, not by the words of a person', async () => {
    const { player, withdrawalId } = await writtenOff('paid_after_write_off');
    const { allowedActions } = await desk.until('withdrawals', withdrawalId, 'needs_attention');
    assert.deepEqual(allowedActions, ['retry', 'cancel', 'mark-paid']);
    await desk.act(withdrawalId, 'mark-paid', 'finance', { externalReference: 'bank-3' });
    await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
    const { rows } = await desk.db.owner.query(
      `select id from ledger.holds where state = 'open' and business_id = $1`,
      [`withdrawal/${withdrawalId}`],
    );
    assert.deepEqual(rows, [], 'its money has left the hold');
  });
});
