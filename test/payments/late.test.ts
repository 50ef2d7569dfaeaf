import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { attemptKey, depositKey, type ProviderNews, type WithdrawalStep } from '../../contract/payments.ts';
import {
  lateDeposit,
  lateWithdrawal,
  openWithdrawal,
  resumeDeposit,
  resumeWithdrawal,
  stepDeposit,
  stepWithdrawal,
} from '../../payments/index.ts';
import { aWebhookQueue, money, terms } from './aWebhookQueue.ts';

describe('a word that comes after a payment had ended', () => {
  const { player, aDeposit, news, db } = aWebhookQueue();

  const moveDeposit = (depositId: string, event: 'captured' | 'expired', to: 'credited' | 'expired') =>
    stepDeposit(db().pool, { depositId, seq: 1, event, to, provider: 'nordpay' });
  const matters = async (depositId: string, state: ProviderNews['state'], key = depositKey(depositId)) =>
    (await lateDeposit(db().pool, depositId, news(key, state))) !== undefined;

  it('takes an expired deposit up where its money came, and not where it was declined', async () => {
    const id = await aDeposit();
    await moveDeposit(id, 'expired', 'expired');
    const input = await lateDeposit(db().pool, id, news(depositKey(id)));
    assert.deepEqual([input?.depositId, input?.money, input?.late], [id, money, true]);
    assert.equal(await matters(id, 'declined'), false);
    assert.equal(await matters(id, 'captured', depositKey(randomUUID())), false, 'a foreign key');
    assert.equal(await matters(randomUUID(), 'captured'), false, 'a deposit nobody knows');
  });

  it('takes a credited deposit up where it is charged back, and not where its capture is told again', async () => {
    const id = await aDeposit();
    await moveDeposit(id, 'captured', 'credited');
    assert.equal(await matters(id, 'captured'), false);
    assert.equal(await matters(id, 'charged_back'), true);
    const resumed = await resumeDeposit(db().pool, id, 'late');
    assert.deepEqual(resumed, await resumeDeposit(db().pool, id, 'late'), 'the same when it is repeated');
    assert.equal(resumed.state, 'credited');
    assert.equal(resumed.nextSeq, 2);
  });

  async function aWithdrawal() {
    const withdrawalId = randomUUID();
    const common = { clientId: 'cashier', playerId: player, money, request: {}, objection: null };
    const input = { ...common, withdrawalId, destination: { type: 'bank', account: 'x' } };
    await openWithdrawal(db().pool, input, `withdrawal/cashier/${withdrawalId}`, terms);
    const key = attemptKey(withdrawalId, 1);
    const step = (seq: number, event: WithdrawalStep['event'], to: WithdrawalStep['to'], more = {}) =>
      stepWithdrawal(db().pool, {
        withdrawalId,
        seq,
        event,
        to,
        by: 'countroom',
        attempt: 1,
        provider: 'nordpay',
        ...more,
      });
    const facts = { nextAttempt: 1, nextProvider: 'nordpay', nextKey: key };
    await step(1, 'checks_passed', 'submitting', { attempt: 0, provider: '', facts });
    const heeds = async (state: ProviderNews['state'], of = key) =>
      (await lateWithdrawal(db().pool, withdrawalId, news(of, state))) !== undefined;
    return { withdrawalId, step, heeds };
  }

  it('takes a paid withdrawal up where the payout came back, and for no other word or attempt', async () => {
    const { withdrawalId, step, heeds } = await aWithdrawal();
    await step(2, 'paid', 'paid');
    assert.equal(await heeds('returned'), true);
    assert.equal(await heeds('paid'), false);
    assert.equal(await heeds('refused'), false);
    assert.equal(await heeds('returned', attemptKey(withdrawalId, 2)), false);
  });

  it('takes a cancelled withdrawal up where its attempt was paid after all', async () => {
    const { withdrawalId, step, heeds } = await aWithdrawal();
    await step(2, 'refused', 'needs_attention', { reason: 'account_closed' });
    await step(3, 'cancel', 'cancelled', { by: 'anna', reason: 'asked' });
    assert.equal(await heeds('paid'), true);
    assert.equal(await heeds('refused'), false);
    const { mine, state, attempts } = await resumeWithdrawal(db().pool, withdrawalId, 'late');
    assert.deepEqual([mine, state, attempts.map(({ status }) => status)], [true, 'cancelled', ['refused']]);
  });

  it('leaves an open withdrawal to the saga that has it', async () => {
    const { withdrawalId } = await aWithdrawal();
    const { mine, state } = await resumeWithdrawal(db().pool, withdrawalId, 'late');
    assert.deepEqual([mine, state], [false, 'submitting']);
  });
});
