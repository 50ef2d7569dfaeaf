import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { ProblemCode } from '../../contract/codes.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import { PAYMENT_ANSWER, type WithdrawalInput } from '../../contract/payments.ts';
import { format } from '../../money/index.ts';
import { findWithdrawal, type Withdrawal } from '../../payments/index.ts';
import { findPlayer } from '../../players/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { amount, callerId, currency, objectionTo } from '../schemas.ts';
import type { Wait } from '../temporal.ts';
import { PEOPLE } from './scope.ts';
import { shapeOf, withdrawalShape } from './withdrawalShape.ts';

export const destination = z.strictObject({ type: z.enum(['bank', 'card', 'wallet']), account: callerId });

const body = z.strictObject({ withdrawalId: callerId, playerId: callerId, amount, currency, destination });
type Body = z.output<typeof body>;

const postWithdrawal = route({
  method: 'post',
  path: '/v1/withdrawals',
  tag: 'Cashier',
  summary: 'Start a withdrawal',
  description: 'Answers as soon as the money is held. What becomes of it: read the withdrawal.',
  allow: ['cashier'],
  body,
  waits: true,
  answers: { 201: withdrawalShape, 202: withdrawalShape.partial() },
  async handle({ caller: { clientId }, body, services, wait }) {
    const { withdrawalId, playerId } = body;
    const before = await findWithdrawal(services.pool, withdrawalId);
    if (before !== undefined) return answerOf(before, clientId, body, services, true);
    if ((await findPlayer(services.pool, playerId)) === undefined)
      throw problemOf({ code: 'player_unknown' });
    await startWithdrawal(services, clientId, body, wait);
    const after = await findWithdrawal(services.pool, withdrawalId);
    return after === undefined ? underWay(body) : answerOf(after, clientId, body, services, false);
  },
});

async function startWithdrawal(services: Services, clientId: string, body: Body, wait: Wait) {
  const objection = objectionTo(services, body.currency);
  const { withdrawalId, playerId, destination } = body;
  const money = { minor: String(body.amount), currency: body.currency };
  const input: WithdrawalInput = {
    withdrawalId,
    clientId,
    playerId,
    money,
    destination,
    request: contentOf(body),
    objection,
  };
  await services.temporal.startAndWait<null>(
    {
      workflow: 'withdrawal',
      workflowId: workflowIds.withdrawal(clientId, withdrawalId),
      taskQueue: 'payments',
      args: [input],
      update: PAYMENT_ANSWER,
      searchAttributes: [
        { key: SEARCH.clientId, value: clientId },
        { key: SEARCH.playerId, value: playerId },
        { key: SEARCH.currency, value: body.currency },
        { key: SEARCH.amountMinor, value: body.amount },
        { key: SEARCH.stage, value: 'held' },
      ],
      summary: `Withdrawal of ${format(money)} for player ${playerId}`,
      details: `Asked for by **${clientId}** as \`${withdrawalId}\`. The money is held until it is paid, or given back by a person's decision; silence of a provider does neither. States: docs/payments.md.`,
    },
    wait,
  );
}

/** What a repeat is compared with: all but the id itself. */
const contentOf = ({ withdrawalId: _id, ...content }: Body) => content;

/** The first answer, the same whatever has become of the withdrawal since: its money is held. */
function answerOf(
  found: Withdrawal,
  clientId: string,
  body: Body,
  services: Services,
  replayed: boolean,
): Answer {
  if (found.clientId !== clientId || !isDeepStrictEqual(found.request, contentOf(body)))
    throw problemOf({ code: 'idempotency_conflict' });
  if (found.state === 'refused_at_once')
    throw problemOf({ code: (found.reason ?? 'internal') as ProblemCode }, replayed);
  const held: Withdrawal = {
    ...found,
    state: 'held',
    reason: null,
    provider: null,
    attempts: [],
    since: found.createdAt,
    timeline: found.timeline.slice(0, 1),
    overdue: false,
    workflowId: workflowIds.withdrawal(clientId, found.withdrawalId),
  };
  return { status: 201, body: shapeOf(held, services), replayed };
}

const underWay = ({ withdrawalId, playerId, amount, currency }: Body): Answer => ({
  status: 202,
  body: { withdrawalId, playerId, amount, currency, status: 'held' },
  headers: { Location: `/v1/withdrawals/${encodeURIComponent(withdrawalId)}` },
});

const getWithdrawal = route({
  method: 'get',
  path: '/v1/withdrawals/{withdrawalId}',
  tag: 'Cashier',
  summary: 'Read a withdrawal, with its attempts and timeline',
  allow: ['cashier', ...PEOPLE],
  params: z.strictObject({ withdrawalId: callerId }),
  answers: { 200: withdrawalShape },
  async handle({ caller, params: { withdrawalId }, services }) {
    const found = await findWithdrawal(services.pool, withdrawalId);
    const hidden =
      found === undefined ||
      found.state === 'refused_at_once' ||
      (caller.kind === 'client' && caller.clientId !== found.clientId);
    if (hidden) throw new Problem('not_found', `There is no withdrawal ${withdrawalId}.`);
    return { status: 200, body: shapeOf(found, services) };
  },
});

export const withdrawalsRoutes = [postWithdrawal, getWithdrawal];
