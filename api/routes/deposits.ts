import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import { PAYMENT_ANSWER, type DepositInput } from '../../contract/payments.ts';
import type { ProblemCode, Refusal } from '../../contract/codes.ts';
import { DEPOSIT, type DepositEvent } from '../../contract/states/deposit.ts';
import { format } from '../../money/index.ts';
import { findDeposit, type Deposit } from '../../payments/index.ts';
import { findPlayer } from '../../players/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { amount, callerId, currency, nullable, objectionTo } from '../schemas.ts';
import type { Wait } from '../temporal.ts';
import { depositBody, depositShape } from './depositShape.ts';
import { PEOPLE } from './scope.ts';

const takenShape = z
  .object({ depositId: z.string(), status: z.string(), redirectUrl: nullable(z.string()) })
  .meta({ id: 'DepositTaken' });

const httpUrl = z.url({ protocol: /^https?$/, error: 'must be an http or https URL' }).max(2_000);

const postDeposit = route({
  method: 'post',
  path: '/v1/deposits',
  tag: 'Cashier',
  summary: 'Start a deposit',
  description:
    'Answers as soon as the provider has taken the payment request; send the player to `redirectUrl`, and read the deposit for what became of it.',
  allow: ['cashier'],
  body: z.strictObject({
    depositId: callerId,
    playerId: callerId,
    amount,
    currency,
    method: z.strictObject({ type: z.enum(['card', 'bank', 'wallet']), token: callerId }),
    returnUrl: httpUrl,
    expiresIn: z
      .int()
      .min(2, 'must be 2 to 86400 seconds')
      .max(86_400, 'must be 2 to 86400 seconds')
      .default(1_800),
  }),
  waits: true,
  answers: { 201: takenShape, 202: takenShape },
  async handle({ caller: { clientId }, body, services, wait }) {
    const { depositId, playerId } = body;
    const before = await findDeposit(services.pool, depositId);
    if (before !== undefined) {
      requireSame(before, clientId, body);
      if (isAnswered(before)) return answerOf(before, true);
    } else if ((await findPlayer(services.pool, playerId)) === undefined) {
      throw problemOf({ code: 'player_unknown' });
    }
    await startDeposit(services, clientId, body, wait);
    const after = await findDeposit(services.pool, depositId);
    if (after !== undefined) requireSame(after, clientId, body);
    return after !== undefined && isAnswered(after) ? answerOf(after, false) : underWay(depositId);
  },
});

interface Body {
  readonly depositId: string;
  readonly playerId: string;
  readonly amount: number;
  readonly currency: string;
  readonly method: { type: string; token: string };
  readonly returnUrl: string;
  readonly expiresIn: number;
}

/** What a repeat is compared with: all but the id itself. */
const contentOf = ({ depositId: _id, ...content }: Body) => content;

function requireSame(known: Deposit, clientId: string, body: Body): void {
  if (known.clientId !== clientId || !isDeepStrictEqual(known.request, contentOf(body)))
    throw problemOf({ code: 'idempotency_conflict' });
}

async function startDeposit(services: Services, clientId: string, body: Body, wait: Wait) {
  const objection = objectionTo(services, body.currency);
  const { depositId, playerId, method, returnUrl } = body;
  const money = { minor: String(body.amount), currency: body.currency };
  const input: DepositInput = {
    depositId,
    clientId,
    playerId,
    money,
    method,
    returnUrl,
    expiresInMs: body.expiresIn * 1_000,
    request: contentOf(body),
    objection,
  };
  await services.temporal.startAndWait<null>(
    {
      workflow: 'deposit',
      workflowId: workflowIds.deposit(clientId, depositId),
      taskQueue: 'payments',
      args: [input],
      update: PAYMENT_ANSWER,
      searchAttributes: [
        { key: SEARCH.clientId, value: clientId },
        { key: SEARCH.playerId, value: playerId },
        { key: SEARCH.currency, value: body.currency },
        { key: SEARCH.amountMinor, value: body.amount },
        { key: SEARCH.stage, value: 'pending' },
      ],
      summary: `Deposit of ${format(money)} for player ${playerId}`,
      details: `Asked for by **${clientId}** as \`${depositId}\`. It ends credited, failed or expired; money that comes later is credited all the same. States: docs/payments.md.`,
    },
    wait,
  );
}

/** What was known first of a deposit after it was written down: that the provider has taken it, or its end. */
const firstWord = ({ timeline }: Deposit) => timeline[1]?.event as DepositEvent | undefined;

const isAnswered = (deposit: Deposit) => deposit.status === 'refused' || firstWord(deposit) !== undefined;

/** The facts are with the first event: which limit, how much of it is left. */
function refusalOf({ reason, timeline }: Deposit): Refusal {
  const facts = timeline[0]?.facts['facts'] as Refusal['facts'];
  return { code: (reason ?? 'internal') as ProblemCode, ...(facts === undefined ? {} : { facts }) };
}

/** The first answer, the same whatever has become of the deposit since. */
function answerOf(deposit: Deposit, replayed: boolean): Answer {
  if (deposit.status === 'refused') throw problemOf(refusalOf(deposit), replayed);
  const { depositId, redirectUrl } = deposit;
  const word = firstWord(deposit);
  const status = (word === undefined ? undefined : DEPOSIT.pending.on[word]) ?? deposit.status;
  return { status: 201, body: { depositId, status, redirectUrl }, replayed };
}

const underWay = (depositId: string): Answer => ({
  status: 202,
  body: { depositId, status: 'pending', redirectUrl: null },
  headers: { Location: `/v1/deposits/${encodeURIComponent(depositId)}` },
});

const getDeposit = route({
  method: 'get',
  path: '/v1/deposits/{depositId}',
  tag: 'Cashier',
  summary: 'Read a deposit, with its timeline',
  allow: ['cashier', ...PEOPLE],
  params: z.strictObject({ depositId: callerId }),
  answers: { 200: depositShape },
  async handle({ caller, params: { depositId }, services }) {
    const deposit = await findDeposit(services.pool, depositId);
    if (deposit === undefined || (caller.kind === 'client' && caller.clientId !== deposit.clientId)) {
      throw new Problem('not_found', `There is no deposit ${depositId}.`);
    }
    return { status: 200, body: depositBody(deposit, services) };
  },
});

export const depositsRoutes = [postDeposit, getDeposit];
