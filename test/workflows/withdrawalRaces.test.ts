import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { workflowIds } from '../../contract/names.ts';
import { attemptKey, PROVIDER_NEWS, type ProviderNews } from '../../contract/payments.ts';
import { aDesk } from './aCashier.ts';
import { aDoor } from './aDoor.ts';
import { fresh, type Cashier } from './cashier.ts';
import { word } from './word.ts';

describe('a withdrawal of which several hear at once', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened), { settings: { PAYOUT_FALLBACK: 'auto' } });

  const say = (
    withdrawalId: string,
    news: ProviderNews,
    workflowId = workflowIds.withdrawal('cashier', withdrawalId),
  ) => desk.env.client.workflow.getHandle(workflowId).signal(PROVIDER_NEWS, news);

  async function start(account: string, withdrawalId = fresh('wd')) {
    const player = await desk.player({ cash: 50_000 });
    const { status } = await desk.withdraw(player, account, { withdrawalId });
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
