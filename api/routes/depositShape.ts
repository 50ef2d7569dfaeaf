import { z } from 'zod';
import {
  DEPOSIT,
  DEPOSIT_ACTIONS,
  depositActions,
  type DepositState,
} from '../../contract/states/deposit.ts';
import type { Deposit } from '../../payments/index.ts';
import type { Services } from '../route.ts';
import { nullable } from '../schemas.ts';
import { timelineShape, toldOf, transferIdsOf } from './timeline.ts';

export const depositStatuses = Object.keys(DEPOSIT) as [DepositState, ...DepositState[]];

export const depositShape = z
  .object({
    depositId: z.string(),
    playerId: z.string(),
    amount: z.int(),
    currency: z.string(),
    status: z.enum(depositStatuses),
    provider: nullable(z.string()),
    providerReference: nullable(z.string()),
    redirectUrl: nullable(z.string()),
    expiresAt: z.string(),
    reason: nullable(z.string()),
    allowedActions: z.array(z.enum(DEPOSIT_ACTIONS)),
    timeline: z.array(timelineShape),
    transferIds: z.array(z.string()),
    workflowId: z.string(),
    workflowUrl: nullable(z.string()),
    createdAt: z.string(),
    since: z.string(),
  })
  .meta({ id: 'Deposit' });

export function depositBody(deposit: Deposit, { temporal }: Services) {
  const { clientId: _client, request: _request, createdKey: _key, overdue, ...rest } = deposit;
  return {
    ...rest,
    amount: Number(deposit.amount),
    allowedActions: depositActions(deposit.status, { overdue }),
    timeline: toldOf(deposit.timeline),
    transferIds: transferIdsOf(deposit.timeline),
    workflowUrl: temporal.uiLink(deposit.workflowId),
    expiresAt: deposit.expiresAt.toISOString(),
    createdAt: deposit.createdAt.toISOString(),
    since: deposit.since.toISOString(),
  };
}
