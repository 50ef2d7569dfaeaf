import { z } from 'zod';
import { award, balancesOf, findPlayer, JURISDICTIONS, register, type Player } from '../../players/index.ts';
import { problemOf } from '../problem.ts';
import { route, type Services } from '../route.ts';
import { amount, callerId, currency, objectionTo, requireCurrency } from '../schemas.ts';
import { blockShape, limitShape, protectionOf } from './protectionShape.ts';
import { unknownPlayer } from './scope.ts';

const params = z.strictObject({ playerId: callerId });

const playerShape = z
  .object({
    playerId: z.string(),
    jurisdiction: z.enum(JURISDICTIONS),
    currencies: z.array(z.string()),
    limits: z.array(limitShape),
    blocks: z.array(blockShape),
  })
  .meta({ id: 'Player' });

const shapeOf = async ({ pool }: Services, player: Player) => ({
  ...player,
  ...(await protectionOf(pool, player.playerId)),
});

const putPlayer = route({
  method: 'put',
  path: '/v1/players/{playerId}',
  tag: 'Players',
  summary: 'Register a player, or change what is known of one',
  description: 'A currency that still holds money cannot be dropped: 409 `invalid_state`.',
  allow: ['cashier'],
  params,
  body: z.strictObject({ currencies: z.array(currency).min(1).max(50), jurisdiction: z.enum(JURISDICTIONS) }),
  answers: { 200: playerShape },
  async handle({ params: { playerId }, body, services }) {
    const currencies = [...new Set(body.currencies)].sort();
    body.currencies.forEach((code, index) => requireCurrency(services, code, `/currencies/${String(index)}`));
    const player = { playerId, jurisdiction: body.jurisdiction, currencies };
    const refusal = await register(services.pool, player);
    if (refusal !== undefined) {
      throw problemOf({
        ...refusal,
        facts: {
          ...refusal.facts,
          reason: 'A currency to be dropped still holds money; move the money first.',
        },
      });
    }
    return { status: 200, body: await shapeOf(services, player) };
  },
});

const getPlayer = route({
  method: 'get',
  path: '/v1/players/{playerId}',
  tag: 'Players',
  summary: 'Read a player',
  allow: ['cashier', 'support', 'finance', 'finance-approver', 'admin'],
  params,
  answers: { 200: playerShape },
  async handle({ params: { playerId }, services }) {
    const player = await findPlayer(services.pool, playerId);
    if (player === undefined) throw unknownPlayer(playerId);
    return { status: 200, body: await shapeOf(services, player) };
  },
});

const balanceShape = z
  .object({
    playerId: z.string(),
    balances: z.array(
      z.object({
        currency: z.string(),
        cash: z.int(),
        inPlay: z.int(),
        pendingWithdrawals: z.int(),
        owed: z.int(),
      }),
    ),
  })
  .meta({ id: 'PlayerBalance' });

const getBalance = route({
  method: 'get',
  path: '/v1/players/{playerId}/balance',
  tag: 'Players',
  summary: "Read a player's balance",
  description:
    'Per currency, in minor units: cash to stake or withdraw, stakes in play, withdrawals under way, and what the player owes.',
  allow: ['game', 'cashier', 'support', 'finance', 'finance-approver', 'admin'],
  params,
  answers: { 200: balanceShape },
  async handle({ params: { playerId }, services }) {
    const balances = await balancesOf(services.pool, playerId);
    if (balances === undefined) throw unknownPlayer(playerId);
    return {
      status: 200,
      body: {
        playerId,
        balances: balances.map((b) => ({
          currency: b.currency,
          cash: Number(b.cash),
          inPlay: Number(b.inPlay),
          pendingWithdrawals: Number(b.pendingWithdrawals),
          owed: Number(b.owed),
        })),
      },
    };
  },
});

const postAward = route({
  method: 'post',
  path: '/v1/players/{playerId}/awards',
  tag: 'Game servers',
  summary: 'Award a win without a wager',
  description:
    'A promotion, a tournament prize or the win of a free round. Repays first what the player owes, like any win.',
  allow: ['game'],
  params,
  body: z.strictObject({
    awardId: callerId,
    kind: z.enum(['promo', 'tournament', 'free_round']),
    amount,
    currency,
    gameId: callerId.optional(),
  }),
  answers: {
    201: z.object({ awardId: z.string(), outcome: z.string(), balance: z.int(), transferId: z.string() }),
  },
  async handle({ caller, params: { playerId }, body, services }) {
    const { clientId } = caller;
    const verdict = await award(services.pool, {
      clientId,
      playerId,
      awardId: body.awardId,
      currency: body.currency,
      amount: BigInt(body.amount),
      request: { ...body, playerId },
      objection: objectionTo(services, body.currency),
    });
    if (verdict.code === 'player_unknown') throw unknownPlayer(playerId);
    if (verdict.code !== null)
      throw problemOf(
        { code: verdict.code, ...(verdict.facts === null ? {} : { facts: verdict.facts }) },
        verdict.replayed,
      );
    return {
      status: 201,
      body: {
        awardId: body.awardId,
        outcome: verdict.outcome,
        balance: Number(verdict.balance),
        transferId: verdict.transferId,
      },
      replayed: verdict.replayed,
    };
  },
});

export const playersRoutes = [putPlayer, getPlayer, getBalance, postAward];
