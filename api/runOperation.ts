import { SEARCH, workflowIds } from '../contract/names.ts';
import {
  OPERATION_ANSWER,
  OPERATION_WORDS,
  OPERATION_WORKFLOWS,
  type OperationInput,
  type OperationKind,
} from '../contract/rounds.ts';
import { findOperation, requestOperation, type Operation } from '../rounds/index.ts';
import type { Client } from './auth.ts';
import { problemOf } from './problem.ts';
import type { Services } from './route.ts';
import type { Wait } from './temporal.ts';

/** An operation as its client names it; `content` is validated, and has its defaults. */
interface Asked {
  readonly kind: OperationKind;
  readonly operationId: string;
  readonly roundId: string;
  readonly content: object;
}

/**
 * The way of every operation: take it down, run it (at once or as a saga), find what came of it within the time the caller
 * gives it. It may have been refused, and may still be running.
 *
 * @throws Problem where it was not even taken down: `not_found` (the round), `wager_unknown`, `idempotency_conflict`
 */
export async function runOperation(
  { caller, services, wait }: { caller: Client; services: Services; wait: Wait },
  { kind, operationId, roundId, content }: Asked,
): Promise<{ operation: Operation; replayed: boolean }> {
  const { clientId } = caller;
  const ref = { clientId, kind, operationId };
  const workflowId = workflowIds[kind](clientId, operationId);
  const asked = { ...ref, roundId, content, workflowId };
  const requested = await (kind === 'settlement' && caller.settlement === 'direct'
    ? services.games.settle(asked)
    : requestOperation(services.pool, asked));
  if ('refusal' in requested) throw problemOf(requested.refusal);
  const { operation, replayed } = requested;
  if (operation.status === 'done' || operation.status === 'refused') return requested;
  const saga = {
    workflow: OPERATION_WORKFLOWS[kind],
    workflowId,
    taskQueue: 'rounds' as const,
    args: [{ ...ref, roundId } satisfies OperationInput],
    update: OPERATION_ANSWER,
    searchAttributes: [
      { key: SEARCH.clientId, value: clientId },
      { key: SEARCH.roundId, value: roundId },
    ],
    summary: `${OPERATION_WORDS[kind]} ${operationId} of round ${roundId}`,
  };
  await services.temporal.startAndWait(saga, wait);
  return { operation: (await findOperation(services.pool, ref)) ?? operation, replayed };
}
