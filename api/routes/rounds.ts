import { z } from 'zod';
import { findRound, findWager, operationsOf, wagersOf, type Wager } from '../../rounds/index.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import { callerId, cursor, cursorOf, nullable, refuseCursor } from '../schemas.ts';
import { operationShape, shapeOfOperation } from './operationShape.ts';
import { clientOf, clientQuery, PEOPLE } from './scope.ts';

const WAGERS_PER_PAGE = 100;

const potAmount = z.object({ potId: z.string(), amount: z.int() });

const wagerShape = z
  .object({
    wagerId: z.string(),
    roundId: nullable(z.string()),
    playerId: nullable(z.string()),
    gameId: nullable(z.string()),
    amount: nullable(z.int()),
    currency: nullable(z.string()),
    status: z.enum(['open', 'settled', 'rolled_back', 'voided', 'refused', 'tombstoned']),
    payout: z.int(),
    transferIds: z.array(z.string()),
    contributions: z.array(potAmount),
    jackpots: z.array(potAmount).meta({ description: 'What it has won from pots, beside its payout' }),
  })
  .meta({
    id: 'Wager',
    description: 'Of a tombstone whose wager never came, all but the id and the status is unknown',
  });

const shapeOf = ({ placedAt: _key, ...wager }: Wager) => ({
  ...wager,
  amount: wager.amount === null ? null : Number(wager.amount),
  payout: Number(wager.payout),
});

/** The key of the wagers' pages; a cursor of another list is refused. */
function keyOf(page: readonly string[] | undefined): readonly string[] {
  if (page === undefined) return [];
  const [placedAt = '', wagerId] = page;
  return /^\d{1,16}$/.test(placedAt) && wagerId !== undefined ? page : refuseCursor();
}

const getRound = route({
  method: 'get',
  path: '/v1/rounds/{roundId}',
  tag: 'Game servers',
  summary: 'Read a round, with its wagers and operations',
  description: 'Wagers come by pages of 100, newest first; operations are the newest 100.',
  allow: ['game', ...PEOPLE],
  params: z.strictObject({ roundId: callerId }),
  query: clientQuery.extend({ cursor: cursor.optional() }),
  answers: {
    200: z
      .object({
        roundId: z.string(),
        gameId: z.string(),
        status: z.enum(['open', 'settling', 'closed', 'voided', 'needs_attention']),
        openedAt: z.string(),
        closedAt: nullable(z.string()),
        wagers: z.array(wagerShape),
        operations: z.array(operationShape),
        nextCursor: nullable(z.string()),
      })
      .meta({ id: 'Round' }),
  },
  async handle({ caller, params: { roundId }, query, services, traceId }) {
    const { pool } = services;
    const clientId = await clientOf(services, caller, query.clientId, 'round', roundId);
    const round = await findRound(pool, clientId, roundId);
    if (round === undefined) throw new Problem('not_found', `There is no round ${roundId}.`);
    const [wagers, operations] = await Promise.all([
      wagersOf(pool, clientId, roundId, keyOf(query.cursor), WAGERS_PER_PAGE),
      operationsOf(pool, clientId, roundId),
    ]);
    const last = wagers.length === WAGERS_PER_PAGE ? wagers.at(-1) : undefined;
    return {
      status: 200,
      body: {
        ...round,
        wagers: wagers.map(shapeOf),
        operations: operations.map((operation) => shapeOfOperation(operation, services, traceId)),
        nextCursor: last === undefined ? null : cursorOf(last.placedAt, last.wagerId),
      },
    };
  },
});

const getWager = route({
  method: 'get',
  path: '/v1/wagers/{wagerId}',
  tag: 'Game servers',
  summary: 'Read a wager, with its ledger transfers',
  allow: ['game', ...PEOPLE],
  params: z.strictObject({ wagerId: callerId }),
  query: clientQuery,
  answers: { 200: wagerShape },
  async handle({ caller, params: { wagerId }, query, services }) {
    const clientId = await clientOf(services, caller, query.clientId, 'wager', wagerId);
    const wager = await findWager(services.pool, clientId, wagerId);
    if (wager === undefined) throw new Problem('not_found', `There is no wager ${wagerId}.`);
    return { status: 200, body: shapeOf(wager) };
  },
});

export const roundsRoutes = [getRound, getWager];
