import { z } from 'zod';
import {
  WITHDRAWAL,
  WITHDRAWAL_ACTIONS,
  type WithdrawalState,
  type WithdrawalStatus,
} from '../../contract/states/withdrawal.ts';
import { actionsOf, type Withdrawal } from '../../payments/index.ts';
import type { Services } from '../route.ts';
import { nullable } from '../schemas.ts';
import { timelineShape, toldOf, transferIdsOf } from './timeline.ts';

const states = Object.keys(WITHDRAWAL) as WithdrawalState[];

export const withdrawalStatuses = [...new Set(states.flatMap((state) => WITHDRAWAL[state].status ?? []))] as [
  WithdrawalStatus,
  ...WithdrawalStatus[],
];

/** The states behind a status of the API. */
export const statesOf = (status: WithdrawalStatus): WithdrawalState[] =>
  states.filter((state) => WITHDRAWAL[state].status === status);

export const withdrawalShape = z
  .object({
    withdrawalId: z.string(),
    playerId: z.string(),
    amount: z.int(),
    currency: z.string(),
    status: z.enum(withdrawalStatuses),
    provider: nullable(z.string()),
    reason: nullable(z.string()),
    allowedActions: z.array(z.enum(WITHDRAWAL_ACTIONS)),
    attempts: z.array(
      z.object({
        attempt: z.int(),
        provider: z.string(),
        key: z.string(),
        status: z.enum([
          'submitting',
          'submitted',
          'unknown',
          'refused',
          'declared_unpaid',
          'paid',
          'returned',
        ]),
        reason: nullable(z.string()),
        startedAt: z.string(),
        endedAt: nullable(z.string()),
      }),
    ),
    timeline: z.array(timelineShape),
    transferIds: z.array(z.string()),
    workflowId: z.string(),
    workflowUrl: nullable(z.string()),
    createdAt: z.string(),
    since: z.string(),
  })
  .meta({ id: 'Withdrawal' });

export function shapeOf(w: Withdrawal, { temporal }: Services) {
  return {
    withdrawalId: w.withdrawalId,
    playerId: w.playerId,
    amount: Number(w.amount),
    currency: w.currency,
    status: WITHDRAWAL[w.state].status,
    provider: w.provider,
    reason: w.reason,
    allowedActions: actionsOf(w),
    attempts: w.attempts,
    timeline: toldOf(w.timeline),
    transferIds: transferIdsOf(w.timeline),
    workflowId: w.workflowId,
    workflowUrl: temporal.uiLink(w.workflowId),
    createdAt: w.createdAt.toISOString(),
    since: w.since.toISOString(),
  };
}
