import { z } from 'zod';
import { findWager, type Answered } from '../../rounds/index.ts';
import type { Client } from '../auth.ts';
import { problemOf } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { runOperation } from '../runOperation.ts';
import { callerId, currency, nullable, objectionTo } from '../schemas.ts';
import { ALL_STATUSES, callsDialect, DUPLICATE, OUTCOMES, SETTLED } from './callsDialect.ts';
import { toMinor, toUnits } from './scale.ts';

const units = z
  .number({ error: 'must be a whole number of hundred-thousandths, such as 1250000 for 12.50' })
  .int('must be a whole number of hundred-thousandths, without a fraction')
  .nonnegative('must not be negative')
  .max(Number.MAX_SAFE_INTEGER, 'must be at most 9007199254740991 (2^53-1)')
  .meta({ description: 'Hundred-thousandths: 1250000 is 12.50 SEK; 0 allowed', example: 1_250_000 });

const answers = {
  200: z
    .object({
      status: z.enum(ALL_STATUSES),
      balance: nullable(z.int()).optional(),
      currency: nullable(z.string()).optional(),
      retry: z.boolean().optional(),
      message: z.string().optional(),
      errors: z.array(z.object({ pointer: z.string(), detail: z.string() })).optional(),
    })
    .meta({
      id: 'CallsAnswer',
      description:
        '`balance` is the cash after the call, as it was then, in hundred-thousandths; `retry`: the same call may come again',
    }),
};

const shared = {
  method: 'post',
  tag: 'Dialects of aggregators',
  allow: ['game'],
  dialect: callsDialect,
  params: z.strictObject({ clientId: callerId }),
  answers,
} as const;

// Each call names its own id, so that a signed body of one fits no other. Members not named are dropped, not refused: an
// aggregator adds some without asking.

const postBet = route({
  ...shared,
  path: '/dialects/calls/{clientId}/bet',
  summary: 'Take a bet',
  description: 'Opens the round if it is new. docs/dialects/calls.md.',
  body: z.object({
    betId: callerId,
    playerId: callerId,
    gameId: callerId,
    roundId: callerId,
    amount: units,
    currency,
  }),
  async handle({ caller: { clientId, duplicates }, body, services }) {
    const { betId: wagerId, amount, ...rest } = body;
    const answered = await services.games.stake({
      ...rest,
      clientId,
      wagerId,
      amount: toMinor(amount, body.currency),
      objection: objectionTo(services, body.currency),
    });
    const told = tell(answered, body.currency);
    return answered.replayed && duplicates === 'error'
      ? {
          ...told,
          body: { ...told.body, status: DUPLICATE, retry: false, message: 'This bet was taken before.' },
        }
      : told;
  },
});

const postWin = route({
  ...shared,
  path: '/dialects/calls/{clientId}/win',
  summary: 'Pay a win, or nothing',
  description:
    'Settles the bet; `roundClosed` ends its round, and what is open of it is lost. docs/dialects/calls.md.',
  body: z.object({
    winId: callerId,
    betId: callerId,
    playerId: callerId,
    roundId: callerId,
    amount: units,
    currency,
    roundClosed: z.boolean().default(false),
  }),
  async handle({ caller, body, services, wait }) {
    const { winId: operationId, betId: wagerId, roundId, playerId, currency, roundClosed: closeRound } = body;
    const outcomes = [{ wagerId, payout: Number(toMinor(body.amount, currency)) }];
    await requireBet(services, caller, body);
    const asked = { kind: 'settlement', operationId, roundId, content: { outcomes, closeRound } } as const;
    const { operation, replayed } = await runOperation({ caller, services, wait }, asked);
    if (operation.status === 'refused') throw problemOf(operation.problem ?? { code: 'internal' }, replayed);
    const status = SETTLED[operation.status];
    if (status === 'PENDING')
      return { status: 200, body: { status, retry: true, message: 'The win is being paid.' }, replayed };
    const cash = operation.balances.find((b) => b.playerId === playerId && b.currency === currency)?.cash;
    const balance = toUnits(cash === undefined ? null : BigInt(cash), currency);
    return { status: 200, body: { status, balance, currency }, replayed };
  },
});

const postRollback = route({
  ...shared,
  path: '/dialects/calls/{clientId}/rollback',
  summary: 'Give a bet back',
  description: 'May come before its bet, which then takes nothing. docs/dialects/calls.md.',
  body: z.object({ rollbackId: callerId, betId: callerId }),
  async handle({ caller: { clientId }, body: { rollbackId, betId: wagerId }, services }) {
    const answered = await services.games.rollBack({ clientId, wagerId, rollbackId, reason: null });
    // Of a tombstone the balance is not known, and stays so when its bet has come.
    const isKnown = answered.outcome !== 'refused' && answered.balance !== null;
    const wager = isKnown ? await findWager(services.pool, clientId, wagerId) : undefined;
    return tell(answered, wager?.currency ?? null);
  },
});

export const callsRoutes = [postBet, postWin, postRollback];

function tell(answered: Answered, currency: string | null): Answer & { body: object } {
  const { replayed } = answered;
  if (answered.outcome === 'refused') throw problemOf(answered.refusal, replayed);
  const balance = currency === null ? null : toUnits(answered.balance, currency);
  return { status: 200, body: { status: OUTCOMES[answered.outcome], balance, currency }, replayed };
}

/** A win is of a bet that came, of this player and in this currency: its amount was scaled by it. Its round is the settlement's to see. */
async function requireBet(
  { pool }: Services,
  { clientId }: Client,
  { betId, playerId, currency }: { betId: string; playerId: string; currency: string },
): Promise<void> {
  const wager = await findWager(pool, clientId, betId);
  if (wager === undefined) throw problemOf({ code: 'wager_unknown' });
  // Rolled back before it came: its round may not be known.
  if (wager.roundId === null) throw problemOf({ code: 'wager_rolled_back' });
  if (wager.playerId !== playerId || wager.currency !== currency)
    throw problemOf({
      code: 'invalid_state',
      facts: { reason: 'The bet is of another player or currency.' },
    });
}
