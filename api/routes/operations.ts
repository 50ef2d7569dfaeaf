import { z } from 'zod';
import { OPERATION_KINDS, type OperationKind } from '../../contract/rounds.ts';
import { findOperation } from '../../rounds/index.ts';
import type { Client } from '../auth.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Answer, type Request } from '../route.ts';
import { runOperation } from '../runOperation.ts';
import { amountOrZero, callerId, freeText } from '../schemas.ts';
import { jackpot } from './jackpots.ts';
import { operationShape, shapeOfOperation } from './operationShape.ts';
import { clientOf, clientQuery, PEOPLE } from './scope.ts';

const roundParams = z.strictObject({ roundId: callerId });
const MEBIBYTE = 1024 * 1024;

const answers = { 200: operationShape, 202: operationShape };

/** Each once: a second outcome for a wager in one call is a mistake of the caller, not a second payout. */
const unique = (
  names: (string | { wagerId: string })[],
  context: z.RefinementCtx,
  path: (index: number) => PropertyKey[],
) => {
  const seen = new Set<string>();
  names.forEach((name, index) => {
    const id = typeof name === 'string' ? name : name.wagerId;
    if (seen.has(id))
      context.addIssue({ code: 'custom', message: 'this wager is named twice', path: path(index) });
    seen.add(id);
  });
};

const outcomes = z
  .array(z.strictObject({ wagerId: callerId, payout: amountOrZero, jackpot: jackpot.optional() }))
  .max(10_000, 'must be at most 10,000 outcomes a call')
  .superRefine((list, context) => unique(list, context, (index) => [index, 'wagerId']));

const postSettlement = route({
  method: 'post',
  path: '/v1/rounds/{roundId}/settlement',
  tag: 'Game servers',
  summary: 'Settle a round, or part of it',
  description:
    'Up to 10,000 outcomes a call, several calls a round. Closing (`closeRound`, the default) settles the wagers not named at 0. One bad outcome refuses the whole call before any money moves; `errors` name each.',
  allow: ['game'],
  params: roundParams,
  body: z.strictObject({ settlementId: callerId, outcomes, closeRound: z.boolean().default(true) }),
  bodyLimit: 4 * MEBIBYTE,
  waits: true,
  answers,
  async handle(request) {
    const { settlementId, ...content } = request.body;
    return await operate(request, 'settlement', settlementId, content);
  },
});

const postResettlement = route({
  method: 'post',
  path: '/v1/rounds/{roundId}/resettlement',
  tag: 'Game servers',
  summary: 'Correct what settled wagers won',
  description:
    'Each `payout` is what the wager has won in all, and `jackpot` what it has won from pots in all; the difference is paid or taken back, net per player. Wagers not named keep their payout. What a player has spent meanwhile is owed, and repaid by later wins.',
  allow: ['game'],
  params: roundParams,
  body: z.strictObject({ settlementId: callerId, outcomes }),
  bodyLimit: 4 * MEBIBYTE,
  waits: true,
  answers,
  async handle(request) {
    const { settlementId, ...content } = request.body;
    return await operate(request, 'resettlement', settlementId, content);
  },
});

const postVoid = route({
  method: 'post',
  path: '/v1/rounds/{roundId}/void',
  tag: 'Game servers',
  summary: 'Void a round, or some of its wagers',
  description:
    'Stakes come back and payouts are taken back, net per player. What a player has spent meanwhile is owed.',
  allow: ['game'],
  params: roundParams,
  body: z.strictObject({
    voidId: callerId,
    reason: freeText,
    wagerIds: z
      .array(callerId)
      .min(1)
      .max(10_000)
      .superRefine((list, context) => unique(list, context, (index) => [index]))
      .optional(),
  }),
  bodyLimit: 4 * MEBIBYTE,
  waits: true,
  answers,
  async handle(request) {
    const { voidId, ...content } = request.body;
    return await operate(request, 'void', voidId, { ...content, wagerIds: content.wagerIds ?? null });
  },
});

const getOperation = route({
  method: 'get',
  path: '/v1/rounds/{roundId}/operations/{kind}/{operationId}',
  tag: 'Game servers',
  summary: 'Read a settlement, resettlement or void',
  allow: ['game', ...PEOPLE],
  params: z.strictObject({ roundId: callerId, kind: z.enum(OPERATION_KINDS), operationId: callerId }),
  query: clientQuery,
  answers: { 200: operationShape },
  async handle({ caller, params: { roundId, kind, operationId }, query, services, traceId }) {
    const clientId = await clientOf(services, caller, query.clientId, 'round', roundId);
    const operation = await findOperation(services.pool, { clientId, kind, operationId });
    if (operation?.roundId !== roundId)
      throw new Problem('not_found', `Round ${roundId} has no ${kind} ${operationId}.`);
    return { status: 200, body: shapeOfOperation(operation, services, traceId) };
  },
});

export const operationsRoutes = [postSettlement, postResettlement, postVoid, getOperation];

type Operating = Pick<
  Request<{ roundId: string }, unknown, unknown, Client>,
  'caller' | 'params' | 'services' | 'wait' | 'traceId'
>;

async function operate(
  { caller, params: { roundId }, services, wait, traceId }: Operating,
  kind: OperationKind,
  operationId: string,
  content: object,
): Promise<Answer> {
  const asked = { kind, operationId, roundId, content };
  const { operation, replayed } = await runOperation({ caller, services, wait }, asked);
  if (operation.problem !== null && operation.status === 'refused')
    throw problemOf(operation.problem, replayed);
  const body = shapeOfOperation(operation, services, traceId);
  if (body.status !== 'running') return { status: 200, body, replayed };
  const location = `/v1/rounds/${encodeURIComponent(roundId)}/operations/${kind}/${encodeURIComponent(operationId)}`;
  return { status: 202, body, headers: { Location: location }, replayed };
}
