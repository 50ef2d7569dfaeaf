import type { TestWorkflowEnvironment } from '@temporalio/testing';
import type { DepositStep, Terms, WithdrawalInput, WithdrawalStep } from '../../contract/payments.ts';
import { testWorker, uniqueTaskQueue } from '../support/temporal.ts';
import { fresh } from './cashier.ts';

export const terms: Terms = {
  providers: ['nordpay'],
  fallback: 'off',
  askFirstAfterMs: 2_000,
  askAtMostEveryMs: 30_000,
  overdueAfterMs: 5_000,
  needsApproval: false,
};
export const money = { minor: '10000', currency: 'SEK' };
export const AT = '2026-11-23T10:00:00.000Z';
/** A step as our books answer it. */
export const written = ({ event, facts, ...more }: DepositStep | WithdrawalStep) => {
  const { by, attempt } = { by: 'countroom', attempt: 0, ...more };
  return { event, by, at: AT, refused: null, facts: { ...facts, ...(attempt === 0 ? {} : { attempt }) } };
};
export const stillPending = () => Promise.reject(new Error('still pending'));

export const withdrawalInput = (): WithdrawalInput => ({
  withdrawalId: fresh('wd'),
  clientId: 'cashier',
  playerId: 'p',
  money,
  destination: { type: 'bank', account: 'x' },
  request: {},
  objection: null,
});

/** Our books and a provider that accepts; what else the test needs is its own. */
export const booksOf = (steps: WithdrawalStep[], needsApproval: boolean) => ({
  openWithdrawal: () =>
    Promise.resolve({ outcome: 'opened', terms: { ...terms, needsApproval }, openedAt: AT }),
  reviewWithdrawal: () => Promise.resolve(null),
  stepWithdrawal: (step: WithdrawalStep) => (steps.push(step), Promise.resolve(written(step))),
  submitPayout: () => Promise.resolve({ outcome: 'accepted', providerReference: 'x' }),
});

export async function withWorker<T>(
  env: TestWorkflowEnvironment,
  activities: object,
  work: (taskQueue: string) => Promise<T>,
): Promise<T> {
  const taskQueue = uniqueTaskQueue();
  const worker = await testWorker(env, activities, taskQueue);
  return await worker.runUntil(work(taskQueue));
}
