import { z } from 'zod';
import type { ProblemCode } from '../../contract/codes.ts';
import type { Answered } from '../../rounds/index.ts';
import { problemOf, type FieldError } from '../problem.ts';
import { route, type Answer } from '../route.ts';
import { contributions, requireWithinStake } from './jackpots.ts';
import { amountOrZero, callerId, currency, freeText, nullable, objectionTo } from '../schemas.ts';

const roundParams = z.strictObject({ roundId: callerId });

const stake = {
  wagerId: callerId,
  playerId: callerId,
  gameId: callerId,
  amount: amountOrZero.meta({ example: 1250 }),
  currency,
  contributions,
};

/** Which field it is, where the code alone tells. */
const ERRORS: Partial<Record<ProblemCode, readonly FieldError[]>> = {
  unknown_currency: [{ pointer: '/currency', detail: 'is not configured here' }],
  not_found: [{ pointer: '/contributions', detail: 'name a pot that is not there (yet)' }],
};

/** A refusal becomes its problem; what was applied, or was nothing to apply, becomes the answer. */
function answer(
  answered: Answered,
  status: number,
  body: (done: Exclude<Answered, { outcome: 'refused' }>) => object,
): Answer {
  if (answered.outcome === 'refused') {
    const { refusal, replayed } = answered;
    const errors = ERRORS[refusal.code];
    throw problemOf(errors === undefined ? refusal : { ...refusal, errors }, replayed);
  }
  return {
    status,
    body: { ...body(answered), balance: answered.balance === null ? null : Number(answered.balance) },
    replayed: answered.replayed,
  };
}

const balance = nullable(z.int()).meta({
  description: "The player's cash after the call, as it was then, in minor units",
});
const outcome = z
  .enum(['applied', 'noop'])
  .meta({ description: '`noop`: the wager was rolled back before it came' });

const postWager = route({
  method: 'post',
  path: '/v1/rounds/{roundId}/wagers',
  tag: 'Game servers',
  summary: 'Take a stake',
  description: 'Opens the round if it is new. An amount of 0 is a free round.',
  allow: ['game'],
  params: roundParams,
  body: z.strictObject(stake),
  answers: {
    201: z
      .object({
        wagerId: z.string(),
        roundId: z.string(),
        outcome,
        balance,
        transferId: nullable(z.string()),
      })
      .meta({ id: 'WagerAnswer' }),
  },
  async handle({ caller: { clientId }, params: { roundId }, body, services }) {
    requireWithinStake(body);
    const objection = objectionTo(services, body.currency);
    const stake = { ...body, clientId, roundId, amount: BigInt(body.amount), objection };
    const answered = await services.games.stake(stake);
    return answer(answered, 201, ({ outcome, transferIds }) => ({
      wagerId: body.wagerId,
      roundId,
      outcome,
      transferId: transferIds[0] ?? null,
    }));
  },
});

const postPlay = route({
  method: 'post',
  path: '/v1/rounds/{roundId}/play',
  tag: 'Game servers',
  summary: 'Stake and result at once',
  description:
    'Both or neither. Closes the round if no other wager of it is open, unless `closeRound` is false.',
  allow: ['game'],
  params: roundParams,
  body: z.strictObject({
    ...stake,
    settlementId: callerId,
    payout: amountOrZero,
    closeRound: z.boolean().default(true),
  }),
  answers: {
    201: z
      .object({
        wagerId: z.string(),
        settlementId: z.string(),
        roundId: z.string(),
        outcome,
        balance,
        transferIds: z.array(z.string()),
      })
      .meta({ id: 'PlayAnswer' }),
  },
  async handle({ caller: { clientId }, params: { roundId }, body, services }) {
    requireWithinStake(body);
    const money = {
      amount: BigInt(body.amount),
      payout: BigInt(body.payout),
      objection: objectionTo(services, body.currency),
    };
    const answered = await services.games.play({ ...body, ...money, clientId, roundId });
    const { wagerId, settlementId } = body;
    return answer(answered, 201, ({ outcome, transferIds }) => ({
      wagerId,
      settlementId,
      roundId,
      outcome,
      transferIds,
    }));
  },
});

const postRollback = route({
  method: 'post',
  path: '/v1/wagers/{wagerId}/rollback',
  tag: 'Game servers',
  summary: 'Give a stake back',
  description:
    'The amount is ours to know. A rollback may come before its wager: it leaves a tombstone, and the wager then takes nothing.',
  allow: ['game'],
  params: z.strictObject({ wagerId: callerId }),
  body: z.strictObject({ rollbackId: callerId, reason: freeText.optional() }),
  answers: {
    200: z
      .object({
        rollbackId: z.string(),
        wagerId: z.string(),
        outcome: z.enum(['applied', 'tombstoned', 'noop']),
        balance,
        transferId: nullable(z.string()),
      })
      .meta({ id: 'RollbackAnswer' }),
  },
  async handle({ caller: { clientId }, params: { wagerId }, body, services }) {
    const { rollbackId } = body;
    const answered = await services.games.rollBack({
      clientId,
      wagerId,
      rollbackId,
      reason: body.reason ?? null,
    });
    return answer(answered, 200, ({ outcome, transferIds }) => ({
      rollbackId,
      wagerId,
      outcome,
      transferId: transferIds[0] ?? null,
    }));
  },
});

export const wagersRoutes = [postWager, postPlay, postRollback];
