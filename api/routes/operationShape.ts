import { z } from 'zod';
import type { Operation } from '../../rounds/index.ts';
import { problemOf } from '../problem.ts';
import type { Services } from '../route.ts';
import { nullable, problemDocument } from '../schemas.ts';

export const operationShape = z
  .object({
    settlementId: z.string().optional(),
    voidId: z.string().optional(),
    roundId: z.string(),
    status: z.enum(['running', 'done', 'refused', 'needs_attention']),
    outcome: z.enum(['applied', 'noop']),
    problem: nullable(problemDocument),
    roundStatus: z.enum(['open', 'closed', 'voided']),
    settled: z.int(),
    totals: z.array(
      z.object({ currency: z.string(), paid: z.int(), takenBack: z.int(), receivable: z.int() }),
    ),
    balances: z.array(z.object({ playerId: z.string(), currency: z.string(), cash: z.int() })),
    progress: z.object({ done: z.int(), of: z.int() }).optional(),
    workflowId: nullable(z.string()),
    workflowUrl: nullable(z.string()),
  })
  .meta({
    id: 'RoundOperation',
    description: 'Named by `settlementId` or `voidId`; `progress` counts players while it runs',
  });

export function shapeOfOperation(operation: Operation, { temporal }: Services, traceId: string) {
  const {
    kind,
    operationId,
    roundId,
    status,
    outcome,
    problem,
    roundStatus,
    settled,
    totals,
    balances,
    workflowId,
    progress,
  } = operation;
  return {
    [kind === 'void' ? 'voidId' : 'settlementId']: operationId,
    roundId,
    status: status === 'requested' ? ('running' as const) : status,
    outcome,
    problem: problem === null ? null : problemOf(problem).document(traceId),
    // A round that is being settled or needs a person is, for the game, still open.
    roundStatus: roundStatus === 'closed' || roundStatus === 'voided' ? roundStatus : ('open' as const),
    settled,
    totals,
    balances,
    workflowId,
    workflowUrl: temporal.uiLink(workflowId),
    ...(progress !== null && { progress }),
  };
}
