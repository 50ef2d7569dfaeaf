import { z } from 'zod';
import { DECIDE, type AdjustmentInput, type Decision } from '../../contract/adjustments.ts';
import type { ProblemCode } from '../../contract/codes.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import { format, minorPerMajor } from '../../money/index.ts';
import { askAdjustment, findAdjustment, listAdjustments, type Adjustment } from '../../payments/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Services } from '../route.ts';
import {
  callerId,
  currency,
  cursorOf,
  freeText,
  limit,
  nullable,
  objectionTo,
  signedAmount,
  timeCursor,
} from '../schemas.ts';
import { notKnownYet, onceByKey } from './pressing.ts';
import { PEOPLE } from './scope.ts';

const STATUSES = ['awaiting_approval', 'applied', 'rejected'] as const;

const adjustmentShape = z
  .object({
    adjustmentId: z.string(),
    playerId: z.string(),
    amount: z.int(),
    currency: z.string(),
    reason: z.string(),
    status: z.enum(STATUSES),
    askedBy: z.string(),
    decidedBy: nullable(z.string()),
    transferId: nullable(z.string()),
    createdAt: z.string(),
  })
  .meta({ id: 'Adjustment' });

const shapeOf = ({ createdKey: _key, decidedKey: _decided, amount, createdAt, ...rest }: Adjustment) => ({
  ...rest,
  amount: Number(amount),
  createdAt: createdAt.toISOString(),
});

const postAdjustment = route({
  method: 'post',
  path: '/v1/players/{playerId}/adjustments',
  tag: 'Finance and support',
  summary: "Correct a player's cash",
  description:
    'At once, or, above the tier, once somebody else approves it. A negative amount takes, and is refused where the player has less, unless `allowDebt` lets the rest be owed.',
  allow: ['finance', 'admin'],
  params: z.strictObject({ playerId: callerId }),
  body: z.strictObject({
    adjustmentId: callerId,
    amount: signedAmount,
    currency,
    reason: freeText,
    allowDebt: z.boolean().default(false),
  }),
  answers: { 201: adjustmentShape },
  async handle({ params: { playerId }, body, origin, services }) {
    const { adjustmentId, currency, reason, allowDebt } = body;
    const amount = BigInt(body.amount);
    const objection = objectionTo(services, currency);
    const asked = { adjustmentId, playerId, amount, currency, reason, allowDebt, objection };
    const { code, facts, replayed } = await askAdjustment(
      services.pool,
      {
        ...asked,
        needsApproval: objection === null && isAboveTier(services, amount, currency),
        request: { ...body, playerId },
      },
      origin,
    );
    if (code !== null) throw problemOf({ code, ...(facts === null ? {} : { facts }) }, replayed);
    const found = await findAdjustment(services.pool, adjustmentId);
    if (found === undefined) throw problemOf({ code: 'internal' });
    // Where this failed before, the same call again starts its wait.
    if (found.status === 'awaiting_approval')
      await services.temporal.startAndWait<null>(sagaOf(found), { mode: 'async' });
    // As it was answered the first time, whatever was decided since.
    const first = found.decidedBy === null ? found : { ...found, ...UNDECIDED };
    return { status: 201, body: shapeOf(first), replayed };
  },
});

const UNDECIDED = { status: 'awaiting_approval', decidedBy: null, transferId: null } as const;

const isAboveTier = ({ config }: Services, amount: bigint, currency: string): boolean =>
  (amount < 0n ? -amount : amount) > BigInt(config.payments.approvalAboveMajor) * minorPerMajor(currency);

function sagaOf({ adjustmentId, playerId, amount, currency, reason, askedBy }: Adjustment) {
  const money = { minor: amount.toString(), currency };
  return {
    workflow: 'adjustment',
    workflowId: workflowIds.adjustment(adjustmentId),
    taskQueue: 'payments',
    args: [{ adjustmentId, playerId, money, reason, askedBy } satisfies AdjustmentInput],
    update: DECIDE,
    searchAttributes: [
      { key: SEARCH.playerId, value: playerId },
      { key: SEARCH.currency, value: currency },
      { key: SEARCH.amountMinor, value: Number(amount) },
    ],
    again: true,
    summary: `Adjustment of ${format(money)} for player ${playerId}`,
  } as const;
}

const decisionRoute = (decision: Decision['decision']) =>
  route({
    method: 'post',
    path: `/v1/adjustments/{adjustmentId}/${decision}`,
    tag: 'Finance and support',
    summary: decision === 'approve' ? 'Approve an adjustment' : 'Reject an adjustment',
    description:
      decision === 'approve'
        ? 'Nobody approves what they asked for.'
        : 'Who asked for it may take it back so.',
    allow: decision === 'approve' ? ['finance-approver', 'admin'] : ['finance', 'finance-approver', 'admin'],
    params: z.strictObject({ adjustmentId: callerId }),
    body: z.strictObject({ reason: freeText.optional() }),
    idempotencyKey: true,
    waits: true,
    answers: { 200: adjustmentShape },
    async handle({ params: { adjustmentId: id }, body, origin, idempotencyKey: key, wait, services }) {
      const { pool, temporal } = services;
      const content = { action: decision, reason: body.reason ?? null };
      return await onceByKey(services, { origin, key, kind: 'adjustment', id, content }, async () => {
        const found = await findAdjustment(pool, id);
        if (found === undefined) throw new Problem('not_found', `There is no adjustment ${id}.`);
        if (found.decidedBy === null) {
          const input: Decision = { decision, reason: content.reason, key, origin };
          const updateId = `${origin.actor}:${key}`;
          const told = await temporal.updateAnew<null>(sagaOf(found), updateId, input, wait);
          if (told.outcome === 'running') throw notKnownYet();
          if (told.outcome === 'rejected' && told.type !== 'invalid_state') return refusalOf(told);
        }
        const now = (await findAdjustment(pool, id)) ?? found;
        const mine = now.decidedBy === origin.actor && now.decidedKey === key;
        return mine ? shapeOf(now) : misfit(decision, now);
      });
    },
  });

function refusalOf({ type, details }: { type: string; details: readonly unknown[] }): Problem {
  if (type === 'forbidden') return new Problem('forbidden', 'Nobody approves what they asked for.');
  const [facts] = details as [Record<string, unknown> | null];
  return problemOf({ code: type as ProblemCode, ...(facts === null ? {} : { facts }) });
}

const misfit = (decision: string, { status, decidedBy }: Adjustment) =>
  new Problem(
    'invalid_state',
    `${decision} does not fit an adjustment that is ${status}, by ${String(decidedBy)}.`,
    { members: { state: status, allowedActions: [] } },
  );

const getAdjustments = route({
  method: 'get',
  path: '/v1/adjustments',
  tag: 'Finance and support',
  summary: 'The queue of adjustments, oldest first',
  allow: PEOPLE,
  query: z.strictObject({
    status: z.enum(STATUSES).optional(),
    playerId: callerId.optional(),
    cursor: timeCursor.optional(),
    limit,
  }),
  answers: { 200: z.object({ items: z.array(adjustmentShape), nextCursor: nullable(z.string()) }) },
  async handle({ query: { cursor, limit, ...filter }, services }) {
    const items = await listAdjustments(services.pool, { ...filter, after: cursor, limit: limit + 1 });
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: items.slice(0, limit).map(shapeOf),
        nextCursor: last === undefined ? null : cursorOf(last.createdKey, last.adjustmentId),
      },
    };
  },
});

export const adjustmentsRoutes = [
  postAdjustment,
  decisionRoute('approve'),
  decisionRoute('reject'),
  getAdjustments,
];
