import { z } from 'zod';
import type { Origin } from '../../contract/audit.ts';
import { workflowIds } from '../../contract/names.ts';
import type { BulkAction } from '../../contract/payments.ts';
import {
  dryRun,
  findBulk,
  findBulkOfKey,
  listWithdrawals,
  saveBulk,
  type Bulk,
} from '../../payments/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { callerId, currency, freeText, instant, nullable } from '../schemas.ts';
import { drop } from './queue.ts';
import { PEOPLE } from './scope.ts';
import { ACTIONS, requireProvider } from './withdrawalActions.ts';
import { statesOf, withdrawalStatuses } from './withdrawalShape.ts';

/** As many as one workflow works through. */
const MOST = 1_000;
const BULK_ACTIONS = ['approve', 'reject', 'retry', 'cancel', 'declare-unpaid', 'hold', 'release'] as const;

const filter = z
  .strictObject({
    status: z.enum(withdrawalStatuses).optional(),
    provider: callerId.optional(),
    playerId: callerId.optional(),
    currency: currency.optional(),
    from: instant.optional(),
    to: instant.optional(),
    minAge: z.int().nonnegative().max(999_999_999).optional().meta({ description: 'Seconds in its state' }),
  })
  .refine(
    (given) => Object.values(given).some((value) => value !== undefined),
    'must name at least one filter',
  );

const body = z
  .strictObject({
    action: z.enum(BULK_ACTIONS),
    ids: z.array(callerId).min(1).max(MOST).optional(),
    filter: filter.optional().meta({ description: 'As of the queue; instead of `ids`' }),
    dryRun: z.boolean().default(false),
    reason: freeText,
    provider: callerId.optional().meta({ description: 'Of a retry' }),
    evidence: freeText.optional().meta({ description: 'Of a declare-unpaid' }),
  })
  .refine(({ ids, filter }) => (ids === undefined) !== (filter === undefined), {
    path: ['ids'],
    message: 'must be given, or `filter` instead: one of the two',
  })
  .refine(({ action, evidence }) => (action === 'declare-unpaid') === (evidence !== undefined), {
    path: ['evidence'],
    message: 'must be given for declare-unpaid, and for nothing else',
  })
  .refine(({ action, provider }) => action === 'retry' || provider === undefined, {
    path: ['provider'],
    message: 'is for a retry only',
  })
  .meta({
    example: {
      action: 'cancel',
      filter: { status: 'needs_attention', minAge: 86_400 },
      dryRun: true,
      reason: 'Account closed at the bank',
    },
  });
type Body = z.output<typeof body>;

const bulkShape = z
  .object({
    bulkId: nullable(z.string()),
    status: z.enum(['running', 'done']),
    dryRun: z.boolean(),
    progress: z.object({ done: z.int(), of: z.int() }),
    items: z.array(
      z.object({
        withdrawalId: z.string(),
        verdict: z.enum(['would_apply', 'applied', 'refused']),
        code: nullable(z.string()),
        detail: nullable(z.string()),
      }),
    ),
  })
  .meta({
    id: 'Bulk',
    description: 'One action on many withdrawals; `items` are those with a verdict',
  });

const postBulk = route({
  method: 'post',
  path: '/v1/withdrawals/bulk',
  tag: 'Finance and support',
  summary: 'One action on up to 1,000 withdrawals',
  description:
    'Each gets a verdict of its own, as if it were pressed alone. With `dryRun` the verdicts are told at once, by the books as they are now, and nothing is done. `mark-paid` needs an external reference each, and is not done in bulk.',
  allow: ['finance', 'finance-approver', 'admin'],
  body,
  idempotencyKey: true,
  answers: { 200: bulkShape, 202: bulkShape.pick({ bulkId: true, status: true, dryRun: true }) },
  async handle({ origin, body, idempotencyKey: key, services }) {
    const { action, provider } = body;
    if (!(ACTIONS[action].allow as readonly string[]).includes(origin.role))
      throw new Problem('forbidden', `The role ${origin.role} may not ${action}.`);
    requireProvider(services, provider);
    if (body.dryRun) return await tryDry(services, origin, body);
    const bulk = { origin, key, content: contentOf(body) };
    const before = await findBulkOfKey(services.pool, bulk);
    if (before === undefined) await saveBulk(services.pool, bulk, await idsOf(services, body));
    const { bulkId, same } = before ??
      (await findBulkOfKey(services.pool, bulk)) ?? { bulkId: '', same: false };
    if (!same) throw problemOf({ code: 'idempotency_conflict' });
    // Where this failed before, the same press starts it.
    await startBulk(services, bulkId, `${action}, asked by ${origin.actor}: ${body.reason}`);
    return {
      status: 202,
      body: { bulkId, status: 'running', dryRun: false },
      headers: { Location: `/v1/withdrawals/bulk/${bulkId}` },
      ...(before === undefined ? {} : { replayed: true }),
    };
  },
});

async function tryDry(services: Services, origin: Origin, body: Body): Promise<Answer> {
  const items = await dryRun(
    { pool: services.pool, config: services.config.payments },
    origin,
    contentOf(body).press,
    await idsOf(services, body),
  );
  const progress = { done: items.length, of: items.length };
  return { status: 200, body: { bulkId: null, status: 'done', dryRun: true, progress, items } };
}

/** What is pressed, and on what: a repeat with another of these is a conflict. */
function contentOf({ action, reason, provider, evidence, ids, filter }: Body): Bulk['content'] {
  const press: BulkAction = {
    action,
    reason,
    ...(provider === undefined ? {} : { provider }),
    ...(evidence === undefined ? {} : { evidence }),
  };
  return { press, on: ids ?? filter ?? {} };
}

/** Each once, in the order given; by a filter, oldest first. */
async function idsOf({ pool }: Services, { ids, filter }: Body): Promise<string[]> {
  if (ids !== undefined) return [...new Set(ids)];
  const { status, ...rest } = filter ?? {};
  const found = await listWithdrawals(pool, {
    ...drop(rest),
    ...(status === undefined ? {} : { states: statesOf(status) }),
    limit: MOST + 1,
  });
  if (found.length <= MOST) return found.map(({ withdrawalId }) => withdrawalId);
  throw new Problem('invalid_request', `More than ${String(MOST)} withdrawals match.`, {
    errors: [
      { pointer: '/filter', detail: 'must match at most 1,000 withdrawals: narrow it, or go by `to`' },
    ],
  });
}

async function startBulk(services: Services, bulkId: string, summary: string): Promise<void> {
  await services.temporal.startAndWait<null>(
    {
      workflow: 'bulk',
      workflowId: workflowIds.bulk(bulkId),
      taskQueue: 'payments',
      args: [bulkId],
      // Never waited for: its verdicts are in the books.
      update: 'none',
      searchAttributes: [],
      summary: summary.slice(0, 200),
    },
    { mode: 'async' },
  );
}

const getBulk = route({
  method: 'get',
  path: '/v1/withdrawals/bulk/{bulkId}',
  tag: 'Finance and support',
  summary: 'The verdicts of a bulk action, and how far it is',
  allow: PEOPLE,
  params: z.strictObject({ bulkId: z.uuid().meta({ example: '0f8fad5b-d9cb-469f-a165-70867728950e' }) }),
  answers: { 200: bulkShape },
  async handle({ params: { bulkId }, services }) {
    const found = await findBulk(services.pool, bulkId);
    if (found === undefined) throw new Problem('not_found', `There is no bulk action ${bulkId}.`);
    const { items, of } = found;
    const status = items.length === of ? 'done' : 'running';
    return {
      status: 200,
      body: { bulkId, status, dryRun: false, progress: { done: items.length, of }, items },
    };
  },
});

export const withdrawalBulkRoutes = [postBulk, getBulk];
