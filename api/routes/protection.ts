import { z } from 'zod';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import type { RaiseInput } from '../../contract/protection.ts';
import { block, BLOCK_KINDS, liftBlock, LIMIT_KINDS, LIMIT_PERIODS, setLimit } from '../../players/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Services } from '../route.ts';
import { callerId, currency, freeText, instant, nullable, requireCurrency } from '../schemas.ts';
import { blockShape, limitShape, protectionOf } from './protectionShape.ts';
import { unknownPlayer } from './scope.ts';

const putLimit = route({
  method: 'put',
  path: '/v1/players/{playerId}/limits/{kind}',
  tag: 'Cashier',
  summary: "Set a player's limit",
  description:
    'Lower is in force at once; higher, or `amount` null, which removes it, waits as the jurisdiction says (`pending`). The same amount again, or a lower one, cancels what waits.',
  allow: ['cashier'],
  params: z.strictObject({ playerId: callerId, kind: z.enum(LIMIT_KINDS) }),
  body: z.strictObject({
    period: z.enum(LIMIT_PERIODS),
    currency,
    amount: nullable(z.int().min(0, 'must not be negative')),
  }),
  answers: { 200: z.object({ playerId: z.string(), limits: z.array(limitShape) }) },
  async handle({ params: { playerId, kind }, body, origin, services }) {
    requireCurrency(services, body.currency, '/currency');
    const amount = body.amount === null ? null : BigInt(body.amount);
    const set = await setLimit(services.pool, { ...body, playerId, kind, amount }, origin);
    if (set.code === 'player_unknown') throw unknownPlayer(playerId);
    if (set.code !== null) throw problemOf({ code: set.code });
    if (set.raiseId !== null && set.raiseAt !== null) {
      await startRaise(services, {
        playerId,
        raiseId: set.raiseId,
        kind,
        period: body.period,
        currency: body.currency,
        to: body.amount === null ? null : String(body.amount),
        effectiveAt: set.raiseAt.toISOString(),
        contact: set.contact === true,
      });
    }
    const { limits } = await protectionOf(services.pool, playerId);
    return { status: 200, body: { playerId, limits } };
  },
});

/** The raise is written down by now: where this fails, the same call again finds it and starts its wait. */
async function startRaise(services: Services, raise: RaiseInput): Promise<void> {
  await services.temporal.startAndWait<null>(
    {
      workflow: 'raiseLimit',
      workflowId: workflowIds.raiseLimit(raise.playerId, raise.raiseId),
      taskQueue: 'ops',
      args: [raise],
      // Never waited for: it answers in days.
      update: 'none',
      searchAttributes: [
        { key: SEARCH.playerId, value: raise.playerId },
        { key: SEARCH.currency, value: raise.currency },
      ],
      summary: `Raise of the ${raise.period}'s ${raise.kind} limit of player ${raise.playerId}`,
    },
    { mode: 'async' },
  );
}

const blockBody = z.strictObject({
  blockId: callerId,
  kind: z.enum(BLOCK_KINDS),
  until: nullable(instant).default(null),
  reason: nullable(freeText).default(null),
});

const postBlock = route({
  method: 'post',
  path: '/v1/players/{playerId}/blocks',
  tag: 'Cashier',
  summary: 'Block a player',
  description:
    'Stops wagers and deposits; settlements, rollbacks, refunds and withdrawals go on. A cashier asks for self-exclusion and cooling-off, people for staff blocks.',
  allow: ['cashier', 'support', 'finance', 'finance-approver', 'admin'],
  params: z.strictObject({ playerId: callerId }),
  body: blockBody,
  answers: { 201: blockShape },
  async handle({ caller, origin, params: { playerId }, body, services }) {
    if ((caller.kind === 'client') === (body.kind === 'staff'))
      throw problemOf({
        code: 'forbidden',
        facts: { reason: 'A cashier asks for self_exclusion and cooling_off, people for staff blocks.' },
      });
    const { code, replayed, from } = await block(services.pool, { ...body, playerId }, origin);
    if (code === 'player_unknown') throw unknownPlayer(playerId);
    if (code !== null || from === null) throw problemOf({ code: code ?? 'internal' });
    return { status: 201, body: { ...body, from: from.toISOString() }, replayed: replayed === true };
  },
});

const deleteBlock = route({
  method: 'delete',
  path: '/v1/players/{playerId}/blocks/{blockId}',
  tag: 'Support',
  summary: 'Lift a staff block',
  description: 'A self-exclusion or cooling-off stays until its end: 403.',
  allow: ['cashier', 'admin'],
  params: z.strictObject({ playerId: callerId, blockId: callerId }),
  answers: { 200: z.object({ playerId: z.string(), blocks: z.array(blockShape) }) },
  async handle({ caller, origin, params: { playerId, blockId }, services }) {
    const { blocks: before } = await protectionOf(services.pool, playerId);
    const staff = before.some((one) => one.blockId === blockId && one.kind === 'staff');
    if (caller.kind === 'client' && staff) throw problemOf({ code: 'forbidden' });
    const code = await liftBlock(services.pool, playerId, blockId, origin);
    if (code === 'not_found') throw new Problem('not_found', `There is no block ${blockId} of this player.`);
    if (code === 'forbidden')
      throw problemOf({ code, facts: { reason: 'What the player asked for stays until its end.' } });
    const { blocks } = await protectionOf(services.pool, playerId);
    return { status: 200, body: { playerId, blocks } };
  },
});

export const protectionRoutes = [putLimit, postBlock, deleteBlock];
