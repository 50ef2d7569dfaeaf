import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import type { ProblemCode } from '../../contract/codes.ts';
import { applyBundle, type Step, type StepOutcome } from '../../rounds/index.ts';
import { problemOf } from '../problem.ts';
import { route } from '../route.ts';
import { amountOrZero, callerId, currency, nullable, objectionTo } from '../schemas.ts';
import { headerOf, type Dialect } from './dialect.ts';

/** What the aggregator hears of a refusal or a fault: the HTTP status, the word to branch on, and whether the same call may come again. */
export const WORDS: Readonly<Record<ProblemCode, { status: number; error: string; retry: boolean }>> = {
  unauthenticated: { status: 401, error: 'BAD_SIGNATURE', retry: true },
  rate_limited: { status: 429, error: 'TOO_MANY_CALLS', retry: true },
  forbidden: { status: 403, error: 'NOT_ALLOWED', retry: false },
  not_found: { status: 422, error: 'BET_UNKNOWN', retry: true },
  method_not_allowed: { status: 405, error: 'BAD_REQUEST', retry: false },
  payload_too_large: { status: 413, error: 'BAD_REQUEST', retry: false },
  unsupported_media_type: { status: 415, error: 'BAD_REQUEST', retry: false },
  invalid_request: { status: 400, error: 'BAD_REQUEST', retry: false },
  idempotency_conflict: { status: 409, error: 'ID_USED_BEFORE', retry: false },
  player_unknown: { status: 422, error: 'PLAYER_UNKNOWN', retry: true },
  unknown_currency: { status: 422, error: 'BAD_CURRENCY', retry: false },
  currency_mismatch: { status: 422, error: 'BAD_CURRENCY', retry: false },
  wager_unknown: { status: 422, error: 'BET_UNKNOWN', retry: true },
  round_closed: { status: 422, error: 'ROUND_ENDED', retry: false },
  round_voided: { status: 422, error: 'ROUND_ENDED', retry: false },
  wager_rolled_back: { status: 422, error: 'BET_REFUNDED', retry: false },
  wager_settled: { status: 422, error: 'BET_SETTLED', retry: false },
  invalid_state: { status: 422, error: 'NOT_POSSIBLE', retry: false },
  player_blocked: { status: 422, error: 'PLAYER_BLOCKED', retry: false },
  limit_required: { status: 422, error: 'LIMIT_REACHED', retry: false },
  limit_exceeded: { status: 422, error: 'LIMIT_REACHED', retry: false },
  no_provider: { status: 422, error: 'NO_PROVIDER', retry: false },
  amount_too_large: { status: 422, error: 'AMOUNT_TOO_LARGE', retry: false },
  insufficient_funds: { status: 422, error: 'NOT_ENOUGH_MONEY', retry: false },
  internal: { status: 500, error: 'TRY_AGAIN', retry: true },
  unavailable: { status: 503, error: 'TRY_AGAIN', retry: true },
};

/** What the aggregator hears of an action that was taken. */
const OUTCOMES: Readonly<Record<StepOutcome, 'done' | 'nothing_to_do' | 'remembered'>> = {
  applied: 'done',
  noop: 'nothing_to_do',
  tombstoned: 'remembered',
};

const actionsDialect: Dialect = {
  name: 'actions',
  signature: {
    header: 'X-Actions-Signature',
    description: "The HMAC-SHA256 of the raw body, in hex, by the client's secret",
  },
  isSigned({ hmacSecret }, headers, rawBody) {
    const hex = /^[0-9a-f]{64}$/.exec(headerOf(headers, actionsDialect.signature.header))?.[0];
    if (hmacSecret === null || hex === undefined) return false;
    return timingSafeEqual(
      Buffer.from(hex, 'hex'),
      createHmac('sha256', hmacSecret).update(rawBody).digest(),
    );
  },
  tell({ code, message, extra }) {
    const { status, error, retry } = WORDS[code];
    const facts = extra.members?.['facts'] as { step?: number } | undefined;
    const told = {
      error,
      retry,
      message,
      ...(facts?.step === undefined ? {} : { action: facts.step }),
      ...(extra.errors === undefined ? {} : { errors: extra.errors }),
    };
    return { status, body: told };
  },
};

const MOST_ACTIONS = 100;

// Members not named are dropped, not refused: an aggregator adds some without asking.
const action = z.discriminatedUnion('action', [
  z.object({ action: z.literal('bet'), actionId: callerId, amount: amountOrZero }),
  z.object({ action: z.literal('win'), actionId: callerId, betId: callerId, amount: amountOrZero }),
  z.object({ action: z.literal('refund'), actionId: callerId, betId: callerId }),
]);
type Action = z.output<typeof action>;

const actions = z
  .array(action)
  .max(MOST_ACTIONS, `must be at most ${String(MOST_ACTIONS)} actions a call`)
  .superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach(({ actionId }, index) => {
      if (seen.has(actionId))
        context.addIssue({ code: 'custom', message: 'this id is named twice', path: [index, 'actionId'] });
      seen.add(actionId);
    });
  });

/** An action in the words of the rounds: a bet is a wager, a win the settlement of one, a refund its rollback. */
function stepOf(action: Action): Step {
  const { actionId: id } = action;
  switch (action.action) {
    case 'bet':
      return { kind: 'wager', id, amount: action.amount };
    case 'win':
      return { kind: 'settlement', id, wagerId: action.betId, payout: action.amount };
    case 'refund':
      return { kind: 'rollback', id, wagerId: action.betId };
  }
}

const refusal = z
  .object({
    error: z.enum([...new Set(Object.values(WORDS).map(({ error }) => error))]),
    retry: z.boolean(),
    message: z.string(),
    action: z.int().optional(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
  })
  .meta({
    id: 'ActionsError',
    description:
      'Nothing of the call was done. `retry`: the same call may come again; `action`: the place of the one that was refused',
  });

const postActions = route({
  method: 'post',
  path: '/dialects/actions/{clientId}',
  tag: 'Dialects of aggregators',
  summary: 'Bets, wins and refunds of one player in one round, all or none',
  description:
    'Actions are taken in their order, each judged on what those before it leave. The same `callId` gets the same answer. docs/dialects/actions.md.',
  allow: ['game'],
  dialect: actionsDialect,
  params: z.strictObject({ clientId: callerId }),
  body: z.object({
    callId: callerId,
    playerId: callerId,
    gameId: callerId,
    roundId: callerId,
    currency,
    actions,
    finished: z.boolean().default(false),
  }),
  answers: {
    200: z
      .object({
        callId: z.string(),
        roundId: z.string(),
        balance: nullable(z.int()),
        actions: z.array(
          z.object({
            actionId: z.string(),
            outcome: z.enum(['done', 'nothing_to_do', 'remembered']),
            transferIds: z.array(z.string()),
          }),
        ),
      })
      .meta({ id: 'ActionsAnswer', description: '`balance` is the cash after the call, as it was then' }),
    ...Object.fromEntries(Object.values(WORDS).map(({ status }) => [status, refusal])),
  },
  async handle({ caller: { clientId }, body, services }) {
    const { callId, actions, ...rest } = body;
    const bundled = await applyBundle(services.pool, {
      clientId,
      bundleId: callId,
      content: { ...rest, steps: actions.map(stepOf) },
      objection: objectionTo(services, body.currency),
    });
    if (bundled.outcome === 'refused') throw problemOf(bundled.refusal, bundled.replayed);
    const { balance, steps, replayed } = bundled;
    return {
      status: 200,
      body: {
        callId,
        roundId: body.roundId,
        balance: balance === null ? null : Number(balance),
        actions: steps.map(({ outcome, transferIds }, at) => ({
          actionId: actions[at]?.actionId,
          outcome: OUTCOMES[outcome],
          transferIds,
        })),
      },
      replayed,
    };
  },
});

export const actionsRoutes = [postActions];
