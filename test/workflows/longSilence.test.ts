import assert from 'node:assert/strict';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { pino } from 'pino';
import { createProviderActivities } from '../../activities/providers.ts';
import { workflowIds } from '../../contract/names.ts';
import {
  ACT,
  attemptKey,
  PROVIDER_NEWS,
  type ActionInput,
  type ProviderAnswer,
  type ProviderNews,
  type WithdrawalInput,
  type WithdrawalStep,
} from '../../contract/payments.ts';
import type { Asked, PaymentProvider } from '../../payments/index.ts';
import { timeSkipping } from '../support/temporal.ts';
import { booksOf, money, terms, withdrawalInput, withWorker, written } from './days.ts';
import { word } from './word.ts';

const A_DAY_MS = 86_400_000;
interface Line {
  msg: string;
  alert?: boolean;
  runbook?: string;
  openForHours?: number;
}
const act = (action: ActionInput['action'], at: string): ActionInput => ({
  ...{ action, by: 'finance', reason: 'they wrote', idempotencyKey: action, at, evidence: 'their letter' },
  origin: { actor: 'finance', role: 'finance', address: '127.0.0.1', traceId: '0' },
});

/** Days pass in a blink here, as in longWaits.test.ts; the questions are the real ones, the provider is the test's. */
describe('a payout of which nothing is heard for days', () => {
  let env: TestWorkflowEnvironment;
  before(async function () {
    this.timeout(60_000);
    env = await timeSkipping();
  });
  const now = async () => new Date(await env.currentTimeMs()).toISOString();

  /** Silent for thirty hours of questions; after that it has forgotten the key. */
  function aForgetfulProvider(known: Asked) {
    let [asked, sent] = [0, 0];
    const answer: ProviderAnswer = { outcome: 'unknown', reason: 'no answer in time' };
    const provider = {
      name: 'nordpay',
      remembersKeysForMs: A_DAY_MS,
      submitPayout: () => ((sent += 1), Promise.resolve(answer)),
      ask: () => {
        asked += 1;
        return Promise.resolve<Asked>(
          asked < 42 ? { outcome: 'silent', reason: 'status 503' } : { outcome: 'not_found' },
        );
      },
      askByReference: () => Promise.resolve(known),
    } as unknown as PaymentProvider;
    const providers = new Map([['nordpay', provider]]);
    const lines: Line[] = [];
    const log = pino({}, { write: (line: string) => lines.push(JSON.parse(line) as Line) });
    return {
      activities: createProviderActivities({ providers, log }),
      sent: () => sent,
      alerts: () => lines.filter(({ alert }) => alert),
    };
  }

  const books = (steps: WithdrawalStep[]) => ({
    ...booksOf(steps, false),
    openWithdrawal: async () => ({
      outcome: 'opened',
      terms: { ...terms, askAtMostEveryMs: 3_600_000 },
      openedAt: await now(),
    }),
    stepWithdrawal: async (step: WithdrawalStep) => {
      steps.push(step);
      return { ...written(step), at: await now() };
    },
  });
  const start = (input: WithdrawalInput, taskQueue: string) =>
    env.client.workflow.start('withdrawal', {
      ...{ taskQueue, args: [input] },
      workflowId: workflowIds.withdrawal('cashier', input.withdrawalId),
    });

  it('wakes somebody from its second day on, and is not sent again once its provider may have forgotten the key: a person vouches', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const { activities, sent, alerts } = aForgetfulProvider({ outcome: 'not_found' });
    const input = withdrawalInput();
    await withWorker(env, { ...books(steps), ...activities }, async (taskQueue) => {
      const saga = await start(input, taskQueue);
      await env.sleep('5 days');
      assert.equal(sent(), 1);
      const [first, ...more] = alerts();
      assert.deepEqual(
        [first?.msg, first?.runbook, first?.openForHours],
        ['payout stuck', 'docs/runbooks/payout-stuck.md', 24],
        'somebody is woken on its second day, not before',
      );
      assert.ok(more.length > 0, 'and again with each question');
      await saga.executeUpdate(ACT, { args: [act('declare-unpaid', await now())] });
      await saga.executeUpdate(ACT, { args: [act('cancel', await now())] });
      await saga.result();
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['submitting', 'unknown', 'needs_attention', 'cancelled'],
    );
    assert.equal(sent(), 1);
  });

  it('is found by its reference where the key is forgotten, and paid', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const input = withdrawalInput();
    const news: ProviderNews = {
      ...{ key: attemptKey(input.withdrawalId, 1), state: 'paid', money, reason: null },
      ...{ providerReference: 'x', via: 'asked' },
    };
    const { activities, sent } = aForgetfulProvider({ outcome: 'known', news });
    await withWorker(env, { ...books(steps), ...activities }, async (taskQueue) => {
      await (await start(input, taskQueue)).result();
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['submitting', 'unknown', 'paid'],
    );
    assert.equal(sent(), 1);
  });

  it('and that was paid may come back after three days, and goes to the player by decision weeks later', async function () {
    this.timeout(60_000);
    const steps: WithdrawalStep[] = [];
    const input = withdrawalInput();
    const key = attemptKey(input.withdrawalId, 1);
    const { activities } = aForgetfulProvider({ outcome: 'not_found' });
    const attempts = [{ attempt: 1, provider: 'nordpay', key, status: 'paid', startedAt: await now() }];
    const ended = {
      termsNow: () => Promise.resolve(terms),
      resumeWithdrawal: () =>
        Promise.resolve({ nextSeq: 4, state: 'paid', mine: true, provider: 'nordpay', attempts }),
    };
    await withWorker(env, { ...books(steps), ...activities, ...ended }, async (taskQueue) => {
      const saga = await start(input, taskQueue);
      await saga.signal(PROVIDER_NEWS, word(input.withdrawalId, 1, 'paid'));
      await saga.result();
      await env.sleep('3 days');
      const late = await env.client.workflow.signalWithStart('withdrawal', {
        ...{
          taskQueue,
          args: [{ ...input, late: true }],
          signal: PROVIDER_NEWS,
          signalArgs: [word(input.withdrawalId, 1, 'returned')],
        },
        workflowId: workflowIds.returnedPayout('cashier', input.withdrawalId, 1),
      });
      await env.sleep('14 days');
      await late.executeUpdate(ACT, { args: [act('cancel', await now())] });
      await late.result();
    });
    assert.deepEqual(
      steps.map(({ to }) => to),
      ['submitting', 'unknown', 'paid', 'returned', 'cancelled'],
    );
  });
});
