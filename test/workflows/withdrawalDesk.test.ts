import assert from 'node:assert/strict';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';

describe('a withdrawal that needs people', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  /** Starts one and answers its id; the player has 500.00. */
  async function ask(account: string, amount = 10_000) {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    const { status, body } = await desk.withdraw(player, account, { withdrawalId, amount });
    assert.equal(status, 201, JSON.stringify(body));
    return { player, withdrawalId };
  }

  const paidOnce = async (withdrawalId: string, amount = 10_000) => {
    const books = (await desk.theirBooks(withdrawalId)).filter(({ state }) => state === 'paid');
    assert.deepEqual(
      books.map((item) => item.amount),
      [amount],
      'the providers paid it once',
    );
  };

  it('that is refused for good parks with its money held; finance cancels it, and the player has it back', async () => {
    const { player, withdrawalId } = await ask('SIM-REFUSED');
    const parked = await desk.until('withdrawals', withdrawalId, 'needs_attention');
    assert.deepEqual(parked.allowedActions, ['retry', 'cancel', 'mark-paid']);
    assert.equal((await desk.cash(player)).pendingWithdrawals, 10_000);
    const { status, body } = await desk.act(withdrawalId, 'cancel', 'finance');
    assert.deepEqual([status, body.status], [200, 'cancelled']);
    assert.deepEqual(await desk.cash(player), { cash: 50_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('carries the notes of its people in its timeline, each once, and is not changed by them', async () => {
    const { withdrawalId } = await ask('SIM-REFUSED');
    const parked = await desk.until('withdrawals', withdrawalId, 'needs_attention');
    const note = (text: string) =>
      desk.call('POST', `/v1/withdrawals/${withdrawalId}/notes`, {
        as: 'approver',
        body: { note: text },
        headers: { 'idempotency-key': `note-${withdrawalId}` },
      });
    const written = await note('The bank was asked.');
    assert.equal(written.status, 200, JSON.stringify(written.body));
    assert.deepEqual(written.body.allowedActions, parked.allowedActions);
    const timeline = written.body['timeline'] as { event: string; by: string; facts: object }[];
    const { event, by, facts } = timeline.at(-1) ?? {};
    assert.deepEqual([event, by, facts], ['note', 'approver', { note: 'The bank was asked.' }]);
    assert.equal((await note('The bank was asked.')).replayed, true);
    assert.equal((await note('Something else.')).body.code, 'idempotency_conflict');
    await desk.act(withdrawalId, 'cancel', 'finance');
    const { body } = await desk.call('GET', `/v1/withdrawals/${withdrawalId}`, { as: 'finance' });
    const events = (body['timeline'] as { event: string }[]).map((item) => item.event);
    assert.deepEqual(events.slice(-2), ['note', 'cancel']);
  });

  it('is paid after a retry, with an attempt and a key of its own', async () => {
    const { withdrawalId } = await ask('SIM-REFUSED-ONCE');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    const first = await desk.act(withdrawalId, 'retry', 'finance', { key: `k-${withdrawalId}` });
    assert.equal(first.status, 200);
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(
      attempts?.map(({ status }) => status),
      ['refused', 'paid'],
    );
    await paidOnce(withdrawalId);
    const again = await desk.act(withdrawalId, 'retry', 'finance', { key: `k-${withdrawalId}` });
    assert.deepEqual(
      [again.status, again.replayed, again.body],
      [200, true, first.body],
      'the same press is answered the same',
    );
  });

  it('is tried once when twenty people press retry at once', async () => {
    const { withdrawalId } = await ask('SIM-REFUSED-ONCE');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    const presses = await Promise.all(
      Array.from({ length: 20 }, () => desk.act(withdrawalId, 'retry', 'finance')),
    );
    assert.equal(presses.filter(({ status }) => status === 200).length, 1);
    assert.ok(presses.every(({ status, body }) => status === 200 || body.code === 'invalid_state'));
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.equal(attempts?.length, 2);
    await paidOnce(withdrawalId);
  });

  it('goes elsewhere when finance says so', async () => {
    const { withdrawalId } = await ask('SIM-REFUSED-NORDPAY');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    assert.equal((await desk.act(withdrawalId, 'retry', 'finance', { provider: 'eastpay' })).status, 200);
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(
      attempts?.map(({ provider, status }) => [provider, status]),
      [
        ['nordpay', 'refused'],
        ['eastpay', 'paid'],
      ],
    );
    await paidOnce(withdrawalId);
  });

  it('above the tier waits for a second person, and is rejected by one', async () => {
    const player = await desk.player({ cash: 500_000 });
    const [approved, rejected] = [fresh('wd'), fresh('wd')];
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId: approved, amount: 100_001 });
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId: rejected, amount: 100_001 });
    await desk.until('withdrawals', approved, 'awaiting_approval');
    await desk.until('withdrawals', rejected, 'awaiting_approval');
    assert.equal((await desk.act(approved, 'approve', 'finance')).status, 403, 'finance may not approve');
    assert.equal((await desk.act(approved, 'approve', 'approver')).status, 200);
    assert.equal((await desk.act(rejected, 'reject', 'approver')).body.status, 'rejected');
    await desk.until('withdrawals', approved, 'paid');
    assert.deepEqual(await desk.theirBooks(rejected), []);
    assert.equal((await desk.cash(player)).cash, 399_999);
  });

  it('exactly at the tier needs nobody', async () => {
    const player = await desk.player({ cash: 100_000 });
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 100_000 });
    await desk.until('withdrawals', withdrawalId, 'paid');
  });

  it('is marked as paid by hand by two people above the tier, and nothing is sent', async () => {
    const player = await desk.player({ cash: 200_000 });
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-REFUSED', { withdrawalId, amount: 150_000 });
    await desk.until('withdrawals', withdrawalId, 'awaiting_approval');
    await desk.act(withdrawalId, 'approve', 'approver');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    const asked = await desk.act(withdrawalId, 'mark-paid', 'admin', { externalReference: 'bank-77' });
    assert.deepEqual(
      [asked.status, asked.body.status, asked.body.allowedActions],
      [200, 'awaiting_approval', ['approve', 'reject']],
    );
    assert.equal(
      (await desk.act(withdrawalId, 'approve', 'admin')).status,
      403,
      'nobody approves what they asked for',
    );
    assert.equal((await desk.act(withdrawalId, 'approve', 'approver')).body.status, 'paid');
    assert.deepEqual(
      (await desk.theirBooks(withdrawalId)).map(({ state }) => state),
      ['refused'],
    );
  });

  it('that is stuck is declared unpaid once the provider is overdue, and can be cancelled', async () => {
    const { player, withdrawalId } = await ask('SIM-STUCK');
    await desk.until('withdrawals', withdrawalId, 'submitted');
    assert.equal(
      (await desk.act(withdrawalId, 'declare-unpaid', 'finance', { evidence: 'they say so' })).status,
      409,
      'not overdue yet',
    );
    await new Promise((resolve) => setTimeout(resolve, 1_700));
    const declared = await desk.act(withdrawalId, 'declare-unpaid', 'finance', {
      evidence: 'their e-mail of today',
    });
    assert.deepEqual(
      [declared.status, declared.body.status, declared.body.allowedActions],
      [200, 'needs_attention', ['retry', 'cancel', 'mark-paid']],
    );
    assert.equal((await desk.act(withdrawalId, 'cancel', 'finance2')).body.status, 'cancelled');
    assert.equal((await desk.cash(player)).cash, 50_000);
  });

  it('that comes back is returned; finance gives it to the player, or sends it again', async () => {
    const [back, again] = [await ask('SIM-RETURNED'), await ask('SIM-RETURNED')];
    await desk.until('withdrawals', back.withdrawalId, 'returned');
    await desk.until('withdrawals', again.withdrawalId, 'returned');
    assert.equal((await desk.act(back.withdrawalId, 'cancel', 'finance')).body.status, 'cancelled');
    assert.equal((await desk.cash(back.player)).cash, 50_000);
    const destination = { type: 'bank', account: 'SIM-PAID' };
    assert.equal((await desk.act(again.withdrawalId, 'retry', 'finance', { destination })).status, 200);
    const { timeline } = (await desk.until('withdrawals', again.withdrawalId, 'paid')) as unknown as {
      timeline: { facts: { destination?: object } }[];
    };
    const told = timeline.flatMap(({ facts }) => facts.destination ?? []);
    const masked = ['…RNED', '…PAID'].map((account) => ({ type: 'bank', account }));
    assert.deepEqual(told, masked, 'an account number is not told in full');
    assert.deepEqual((await desk.theirBooks(again.withdrawalId)).map(({ state }) => state).sort(), [
      'paid',
      'returned',
    ]);
  });

  it('is held and released by finance, and over ten in an hour it goes to review', async function () {
    this.timeout(40_000);
    const player = await desk.player({ cash: 100_000 });
    const ids = Array.from({ length: 11 }, () => fresh('wd'));
    for (const withdrawalId of ids) await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 100 });
    const last = ids.at(-1) ?? '';
    const { allowedActions } = await desk.until('withdrawals', last, 'in_review');
    assert.deepEqual(allowedActions, ['reject', 'cancel', 'hold', 'release']);
    assert.equal((await desk.act(last, 'hold', 'finance')).body.status, 'on_hold');
    assert.equal((await desk.act(last, 'release', 'finance')).body.status, 'in_review');
    assert.equal((await desk.act(last, 'release', 'finance')).status, 200);
    await Promise.all(ids.map((id) => desk.until('withdrawals', id, 'paid')));
  });

  it('is not taken back by a player in Great Britain', async () => {
    const player = await desk.player({ cash: 200_000, jurisdiction: 'GB' });
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 150_000 });
    await desk.until('withdrawals', withdrawalId, 'awaiting_approval');
    assert.equal((await desk.act(withdrawalId, 'cancel', 'cashier')).status, 403);
  });
});
