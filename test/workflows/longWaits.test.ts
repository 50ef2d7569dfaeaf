import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { workflowIds } from '../../contract/names.ts';
import {
  ACT,
  PROVIDER_NEWS,
  type DepositInput,
  type DepositStep,
  type ProviderNews,
  type WithdrawalStep,
} from '../../contract/payments.ts';
import { timeSkipping } from '../support/temporal.ts';
import { fresh } from './cashier.ts';
import { AT, booksOf, money, stillPending, terms, withdrawalInput, withWorker, written } from './days.ts';

/** Days pass in a blink here. Books and provider are played by the test: what is tried is how the sagas wait. */
describe('sagas that wait for days', () => {
  let env: TestWorkflowEnvironment;
  before(async function () {
    this.timeout(60_000);
    env = await timeSkipping();
  });

  const depositInput = (expiresInMs: number): DepositInput => ({
    depositId: fresh('d'),
    clientId: 'cashier',
    playerId: 'p',
    money,
    method: { type: 'card', token: 't' },
    returnUrl: 'https://x.example',
    expiresInMs,
    request: {},
    objection: null,
  });

  it('a deposit nobody finishes expires after six hours, and hundreds of questions do not grow its history', async function () {
    this.timeout(60_000);
    const steps: DepositStep[] = [];
    let asked = 0;
    const activities = {
      openDeposit: () => Promise.resolve({ outcome: 'opened', terms, openedAt: AT }),
      createPayment: () =>
        Promise.resolve({ outcome: 'accepted', providerReference: 'x', redirectUrl: 'https://x.example' }),
      askDeposit: () => ((asked += 1), stillPending()),
      stepDeposit: (step: DepositStep) => (steps.push(step), Promise.resolve(written(step))),
      cancelPayment: () => Promise.resolve(null),
    };
    const input = depositInput(6 * 3_600_000);
    const events = await withWorker(env, activities, async (taskQueue) => {
      const handle = await env.client.workflow.start('deposit', {
        taskQueue,
        workflowId: workflowIds.deposit('cashier', input.depositId),
        args: [input],
      });
      await handle.result();
      return (await handle.fetchHistory()).events?.length ?? 0;
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['pending', 'expired'],
    );
    assert.ok(asked > 100, `asked ${String(asked)} times`);
    assert.ok(events <= 40, `${String(events)} events`);
  });

  it('an approval that nobody gives for thirty days is still there to be given', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const input = withdrawalInput();
    const paid: ProviderNews = {
      key: `withdrawal:${input.withdrawalId}:1`,
      state: 'paid',
      providerReference: 'x',
      money,
      reason: null,
      via: 'webhook',
    };
    await withWorker(env, { ...booksOf(steps, true), askPayout: stillPending }, async (taskQueue) => {
      const handle = await env.client.workflow.start('withdrawal', {
        taskQueue,
        workflowId: workflowIds.withdrawal('cashier', input.withdrawalId),
        args: [input],
      });
      await env.sleep('30 days');
      const action = {
        action: 'approve',
        by: 'approver',
        idempotencyKey: 'k',
        reason: 'back from holiday',
        at: AT,
      };
      await handle.executeUpdate(ACT, { args: [action] });
      await handle.signal(PROVIDER_NEWS, paid);
      await handle.result();
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['awaiting_approval', 'submitting', 'submitted', 'paid'],
    );
  });

  it('a provider silent for six hours is asked on, twice a minute, without growing the history', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const input = withdrawalInput();
    const key = `withdrawal:${input.withdrawalId}:1`;
    const sixHoursInQuestions = (6 * 3_600) / 30;
    let asked = 0;
    const askPayout = () =>
      (asked += 1) < sixHoursInQuestions
        ? stillPending()
        : Promise.resolve({ key, state: 'paid', providerReference: 'x', money, reason: null, via: 'asked' });
    const events = await withWorker(env, { ...booksOf(steps, false), askPayout }, async (taskQueue) => {
      const handle = await env.client.workflow.start('withdrawal', {
        taskQueue,
        workflowId: workflowIds.withdrawal('cashier', input.withdrawalId),
        args: [input],
      });
      await handle.result();
      return (await handle.fetchHistory()).events?.length ?? 0;
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['submitting', 'submitted', 'paid'],
    );
    assert.ok(events <= 40, `${String(events)} events`);
  });

  it('a provider silent for a month is asked ever more seldom, and its word by webhook is heard at once, late ones after it too', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const input = withdrawalInput();
    let asked = 0;
    const books = {
      ...booksOf(steps, false),
      openWithdrawal: () =>
        Promise.resolve({
          outcome: 'opened',
          terms: { ...terms, askAtMostEveryMs: 86_400_000 },
          openedAt: AT,
        }),
      askPayout: () => ((asked += 1), stillPending()),
    };
    const word = (state: ProviderNews['state']): ProviderNews => ({
      ...{ key: `withdrawal:${input.withdrawalId}:1`, state, money, reason: null },
      ...{ providerReference: 'x', via: 'webhook' },
    });
    await withWorker(env, books, async (taskQueue) => {
      const handle = await env.client.workflow.start('withdrawal', {
        taskQueue,
        workflowId: workflowIds.withdrawal('cashier', input.withdrawalId),
        args: [input],
      });
      await env.sleep('30 days');
      await handle.signal(PROVIDER_NEWS, word('pending'));
      await handle.signal(PROVIDER_NEWS, word('paid'));
      await handle.result();
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['submitting', 'submitted', 'paid'],
    );
    // 2 s, doubled to a day: 16 times in the first two days, then once a day.
    assert.ok(asked > 30 && asked < 60, `asked ${String(asked)} times`);
  });
});
