import { z } from 'zod';
import { findPot, openPot, type Pot } from '../../rounds/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route } from '../route.ts';
import { amount, amountOrZero, callerId, currency, requireCurrency } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

const POTS_PER_WAGER = 10;

/** Of a stake: what of it goes into pots. None is the same as not naming any. */
export const contributions = z
  .array(z.strictObject({ potId: callerId, amount }))
  .max(POTS_PER_WAGER, `must be at most ${String(POTS_PER_WAGER)} pots a wager`)
  .superRefine((list, context) => {
    const seen = new Set<string>();
    list.forEach(({ potId }, index) => {
      if (seen.has(potId))
        context.addIssue({ code: 'custom', message: 'this pot is named twice', path: [index, 'potId'] });
      seen.add(potId);
    });
  })
  .optional()
  .meta({
    description: 'What of the stake goes into pots, at most all of it',
    example: [{ potId: 'grand', amount: 25 }],
  });

/** Of an outcome: what the wager wins from a pot, beside its payout. */
export const jackpot = z
  .strictObject({ potId: callerId, amount })
  .meta({ description: 'What the wager wins from a pot, beside its payout' });

/** What is contributed comes out of the stake. */
export function requireWithinStake(stake: {
  readonly amount: number;
  readonly contributions?: z.infer<typeof contributions>;
}): void {
  const sum = (stake.contributions ?? []).reduce((total, { amount }) => total + BigInt(amount), 0n);
  if (sum <= BigInt(stake.amount)) return;
  throw new Problem('invalid_request', 'The contributions are more than the stake.', {
    errors: [{ pointer: '/contributions', detail: 'must sum to at most the amount of the stake' }],
  });
}

const potShape = z
  .object({ potId: z.string(), currency: z.string(), balance: z.int(), seed: z.int(), accountId: z.string() })
  .meta({
    id: 'Pot',
    description:
      'In minor units. `accountId` is its account in the ledger, whose statement is the book of the pot',
  });

const shapeOf = ({ potId, currency, balance, seed }: Pot) => ({
  potId,
  currency,
  balance: Number(balance),
  seed: Number(seed),
  accountId: `jackpot:${potId}:${currency}`,
});

const params = z.strictObject({ potId: callerId });

const putJackpot = route({
  method: 'put',
  path: '/v1/jackpots/{potId}',
  tag: 'Game servers',
  summary: 'Open a pot',
  description:
    'The house puts the seed in, and again after each win. Neither currency nor seed can be changed later: take a new pot.',
  allow: ['admin'],
  params,
  body: z.strictObject({ currency, seed: amountOrZero }),
  answers: { 200: potShape },
  async handle({ params: { potId }, body, origin, services }) {
    requireCurrency(services, body.currency);
    const pot = { potId, currency: body.currency, seed: BigInt(body.seed) };
    const opened = await openPot(services.pool, pot, origin);
    if ('refusal' in opened) throw problemOf(opened.refusal);
    return { status: 200, body: shapeOf(opened.pot) };
  },
});

const getJackpot = route({
  method: 'get',
  path: '/v1/jackpots/{potId}',
  tag: 'Game servers',
  summary: 'Read a pot',
  allow: ['game', ...PEOPLE],
  params,
  answers: { 200: potShape },
  async handle({ params: { potId }, services }) {
    const pot = await findPot(services.pool, potId);
    if (pot === undefined) throw new Problem('not_found', `There is no pot ${potId}.`);
    return { status: 200, body: shapeOf(pot) };
  },
});

export const jackpotsRoutes = [putJackpot, getJackpot];
