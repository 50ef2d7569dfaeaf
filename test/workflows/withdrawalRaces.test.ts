import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIds } from '../../contract/names.ts';
import { attemptKey, PROVIDER_NEWS, type ProviderNews } from '../../contract/payments.ts';
import { storeWebhook } from '../../payments/index.ts';
import { aCashier } from './aCashier.ts';
import { aDoor } from './aDoor.ts';
import { fresh, type Cashier } from './cashier.ts';

const AMOUNT = 10_000;

/** What a provider says of an attempt, as its webhook would. */
const word = (withdrawalId: string, attempt: number, state: ProviderNews['state']): ProviderNews => ({
  key: attemptKey(withdrawalId, attempt),
  state,
  providerReference: 'x',
  money: { minor: String(AMOUNT), currency: 'SEK' },
  reason: null,
  via: 'webhook',
});

describe('a withdrawal of which several hear at once', () => {
  let desk: Cashier;
  before(async function () {
    this.timeout(60_000);
    desk = await aCashier({ settings: { PAYOUT_FALLBACK: 'auto' } });
  });
  after(async function () {
    this.timeout(30_000);
    await desk.close();
  });

  const say = (
    withdrawalId: string,
    news: ProviderNews,
    workflowId = workflowIds.withdrawal('cashier', withdrawalId),
  ) => desk.env.client.workflow.getHandle(workflowId).signal(PROVIDER_NEWS, news);

  async function start(account: string, withdrawalId = fresh('wd')) {
    const player = await desk.player({ cash: 50_000 });
    const { status } = await desk.withdraw(player, account, { withdrawalId, amount: AMOUNT });
    assert.equal(status, 201);
    return { player, withdrawalId };
  }

  /** Nothing is sent, and nobody knows. */
  const silence = (withdrawalId: string) =>
    desk.meddle(withdrawalId, (step, attempt, run) => {
      if (step === 'submitPayout' && attempt === 1)
        return Promise.resolve({ outcome: 'unknown', reason: 'silence' });
      return step === 'askPayout' ? Promise.reject(new Error('silence')) : run();
    });

  const declareUnpaid = (withdrawalId: string, more: object = {}) =>
    desk.act(withdrawalId, 'declare-unpaid', 'finance', { evidence: 'their e-mail', ...more });

  it('is never sent again behind the back of the person who declared it unpaid', async () => {
    const { withdrawalId } = await start('SIM-TIMEOUT-LOST');
    await desk.until('withdrawals', withdrawalId, 'unknown');
    assert.equal((await declareUnpaid(withdrawalId)).body.status, 'needs_attention');
    // Time enough for several questions, each of which would have sent it again.
    await sleep(3_000);
    assert.deepEqual(await desk.theirBooks(withdrawalId), []);
    await desk.act(withdrawalId, 'retry', 'finance');
    await desk.until('withdrawals', withdrawalId, 'paid');
    const books = await desk.theirBooks(withdrawalId);
    assert.deepEqual(
      books.map(({ key, state }) => [key, state]),
      [[attemptKey(withdrawalId, 2), 'paid']],
    );
  });

  it('goes by the answer that is on its way when a person declares it unpaid', async () => {
    const withdrawalId = fresh('wd');
    const question = aDoor();
    desk.meddle(withdrawalId, async (step, _attempt, run) => {
      if (step === 'askPayout') await question.wait();
      return await run();
    });
    await start('SIM-TIMEOUT-TAKEN', withdrawalId);
    await question.reached;
    const declared = declareUnpaid(withdrawalId);
    await sleep(300);
    question.open();
    const { status, body } = await declared;
    assert.deepEqual([status, body.code], [409, 'invalid_state']);
    await desk.until('withdrawals', withdrawalId, 'paid');
    assert.equal((await desk.theirBooks(withdrawalId)).length, 1);
  });

  it('is returned where "returned" comes while "paid" is being booked', async () => {
    const withdrawalId = fresh('wd');
    desk.meddle(withdrawalId, async (step, attempt, run) => {
      // 1 sent, 2 accepted, 3 paid.
      if (step === 'stepWithdrawal' && attempt === 3)
        await say(withdrawalId, word(withdrawalId, 1, 'returned'));
      return await run();
    });
    const { player } = await start('SIM-PAID', withdrawalId);
    await desk.until('withdrawals', withdrawalId, 'returned');
    await desk.act(withdrawalId, 'cancel', 'finance');
    assert.deepEqual(await desk.cash(player), { cash: 50_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('is owed by nobody where the first "paid" comes after it was returned and sent again', async () => {
    const { player, withdrawalId } = await start('SIM-RETURNED');
    const { workflowId } = await desk.until('withdrawals', withdrawalId, 'returned');
    await say(withdrawalId, word(withdrawalId, 1, 'paid'), workflowId as string);
    const destination = { type: 'bank', account: 'SIM-PAID' };
    await desk.act(withdrawalId, 'retry', 'finance', { destination });
    await desk.until('withdrawals', withdrawalId, 'paid');
    await desk.historyLength(workflowId as string);
    assert.equal((await desk.until('withdrawals', withdrawalId, 'paid', 'needs_attention')).status, 'paid');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('is sent although its own "paid" was heard before: only the word of an earlier attempt forbids it', async () => {
    const { withdrawalId } = await start('SIM-REFUSED');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    await say(withdrawalId, word(withdrawalId, 3, 'paid'));
    await desk.act(withdrawalId, 'retry', 'finance', { destination: { type: 'bank', account: 'SIM-PAID' } });
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(
      attempts?.map(({ status }) => status),
      ['refused', 'refused', 'paid'],
    );
    assert.equal((await desk.theirBooks(withdrawalId)).length, 3);
  });

  it('tries no further provider where an attempt that was given up turns out to be paid', async () => {
    const withdrawalId = fresh('wd');
    silence(withdrawalId);
    const { player } = await start('SIM-REFUSED-NORDPAY', withdrawalId);
    await desk.until('withdrawals', withdrawalId, 'unknown');
    await declareUnpaid(withdrawalId);
    desk.meddle(withdrawalId, async (step, _attempt, run) => {
      if (step === 'submitPayout') await say(withdrawalId, word(withdrawalId, 1, 'paid'));
      return await run();
    });
    await desk.act(withdrawalId, 'retry', 'finance', { provider: 'nordpay' });
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(
      attempts?.map(({ provider, status }) => [provider, status]),
      [
        ['nordpay', 'paid'],
        ['nordpay', 'refused'],
      ],
    );
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
  });
});

describe('a withdrawal that is paid although it was written off', () => {
  let desk: Cashier;
  before(async function () {
    this.timeout(60_000);
    desk = await aCashier();
  });
  after(async function () {
    this.timeout(30_000);
    await desk.close();
  });

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
    const tell = (state: 'paid' | 'returned') =>
      storeWebhook(desk.db.pool, 'nordpay', {
        ...{ eventId: fresh('evt'), kind: 'withdrawal', reference: withdrawalId },
        news: word(withdrawalId, 1, state),
      });
    await desk.act(withdrawalId, 'cancel', 'finance');
    await tell('paid');
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    await desk.act(withdrawalId, 'mark-paid', 'finance', { externalReference: 'bank-4' });
    await tell('returned');
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
