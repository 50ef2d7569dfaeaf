import { z } from 'zod';
import { VERDICTS } from '../../contract/reconciliation.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import {
  findReconciliation,
  listDifferences,
  resolveDifference,
  SettlementFileError,
  storeSettlementFile,
} from '../../payments/index.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Services } from '../route.ts';
import { callerId, cursor, cursorOf, freeText, instant, limit, nullable, refuseCursor } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

const A_FILE = 256 * 1024 * 1024;
const reconciliationId = z.uuid().meta({ example: '0f8fad5b-d9cb-469f-a165-70867728950e' });
const tag = 'Finance and support';

const differenceShape = z
  .object({
    itemId: z.string(),
    verdict: z.enum(['late', 'missing_here', 'missing_there', 'amount_differs']),
    businessId: z.string(),
    currency: z.string(),
    theirs: nullable(z.int()),
    ours: z.int(),
    difference: z.int(),
    theirLines: z.array(z.record(z.string(), z.unknown())),
    resolution: nullable(z.enum(['note', 'post'])),
    reason: nullable(z.string()),
    transferId: nullable(z.string()),
    resolvedBy: nullable(z.string()),
    resolvedAt: nullable(z.string()),
  })
  .meta({
    id: 'Difference',
    description:
      'Where a payment leaves our account with the provider, in minor units: `theirs` by the file (null: no line), `ours` by the ledger.',
  });

const reconciliationShape = z
  .object({
    reconciliationId: z.string(),
    provider: z.string(),
    from: z.string(),
    to: z.string(),
    status: z.enum(['running', 'done']),
    lines: z.int(),
    counts: z.object(Object.fromEntries(VERDICTS.map((verdict) => [verdict, z.int()]))),
    totals: z.array(
      z.object({
        currency: z.string(),
        ours: z.int(),
        other: z.int(),
        late: z.int(),
        differences: z.int(),
        theirs: z.int(),
      }),
    ),
    open: z.int().meta({ description: 'Differences that nobody has resolved' }),
    items: z.array(differenceShape),
    nextCursor: nullable(z.string()),
    workflowUrl: nullable(z.string()),
  })
  .meta({
    id: 'Reconciliation',
    description:
      '`totals`: how our account with the provider moved, and how by the file: ours − other + late + differences = theirs.',
  });

const postReconciliation = route({
  method: 'post',
  path: '/v1/reconciliations',
  tag,
  summary: "Match a provider's settlement file with our books",
  description:
    'The file as `text/csv`, up to 256 MiB, with the columns `kind,reference,key,providerReference,amount,currency,state,at`; it covers `from` to `to`, by default the UTC day before. The same file again is the same reconciliation.',
  allow: ['finance', 'admin'],
  csv: true,
  bodyLimit: A_FILE,
  query: z.strictObject({
    provider: callerId.meta({ example: 'nordpay' }),
    from: instant.optional(),
    to: instant.optional(),
  }),
  answers: { 202: z.object({ reconciliationId: z.string(), status: z.enum(['running', 'done']) }) },
  async handle({ origin, query: { provider, ...time }, upload, services }) {
    if (!services.config.payments.providers.some(({ name }) => name === provider)) {
      throw new Problem('invalid_request', `There is no provider ${provider}.`, {
        errors: [{ pointer: '/provider', detail: 'must be a configured provider' }],
      });
    }
    const { from, to } = timeOf(time);
    const file = { provider, from, to, by: origin.actor };
    const { reconciliationId, known } = await storeSettlementFile(services.pool, file, upload).catch(
      asProblem,
    );
    await startMatching(services, reconciliationId, `${provider}, ${from} to ${to}`);
    const found = await findReconciliation(services.pool, reconciliationId);
    return {
      status: 202,
      body: { reconciliationId, status: found?.doneAt == null ? 'running' : 'done' },
      headers: { Location: `/v1/reconciliations/${reconciliationId}` },
      replayed: known,
    };
  },
});

/** What the file covers: where it is not said, yesterday. */
function timeOf({ from, to }: { from?: string | undefined; to?: string | undefined }) {
  const today = new Date();
  today.setUTCHours(0, 0, 0, 0);
  const begin = from ?? new Date(today.getTime() - 86_400_000).toISOString();
  const end = to ?? (from === undefined ? today : new Date(Date.parse(from) + 86_400_000)).toISOString();
  if (Date.parse(begin) < Date.parse(end)) return { from: begin, to: end };
  throw new Problem('invalid_request', 'The file covers no time.', {
    errors: [{ pointer: '/to', detail: 'must be later than `from`' }],
  });
}

function asProblem(error: unknown): never {
  if (!(error instanceof SettlementFileError)) throw error;
  throw new Problem(
    'invalid_request',
    `The file cannot be read, and nothing of it is kept: ${error.message}`,
    {
      errors: [{ pointer: '', detail: error.message }],
    },
  );
}

async function startMatching(services: Services, id: string, what: string): Promise<void> {
  await services.temporal.startAndWait<null>(
    {
      workflow: 'reconciliation',
      workflowId: workflowIds.reconciliation(id),
      taskQueue: 'ops',
      args: [id],
      update: 'none',
      searchAttributes: [{ key: SEARCH.stage, value: 'matching' }],
      summary: `Settlement file of ${what}`,
    },
    { mode: 'async' },
  );
}

const getReconciliation = route({
  method: 'get',
  path: '/v1/reconciliations/{reconciliationId}',
  tag,
  summary: 'What came of a reconciliation, and the differences',
  allow: PEOPLE,
  params: z.strictObject({ reconciliationId }),
  query: z.strictObject({ cursor: cursor.optional(), limit }),
  answers: { 200: reconciliationShape },
  async handle({ params: { reconciliationId: id }, query: { cursor, limit }, services }) {
    const found = await findReconciliation(services.pool, id);
    if (found === undefined) throw unknown(id);
    const [after = '0'] = cursor ?? [];
    if (!/^\d{1,9}$/.test(after)) refuseCursor();
    const items = await listDifferences(services.pool, id, Number(after), limit + 1);
    const last = items.length > limit ? items[limit - 1] : undefined;
    const { from, to, createdAt: _, doneAt, counts, totals, ...rest } = found;
    return {
      status: 200,
      body: {
        ...rest,
        from: from.toISOString(),
        to: to.toISOString(),
        status: doneAt === null ? 'running' : 'done',
        counts: counts ?? Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])),
        totals: totals ?? [],
        items: items.slice(0, limit).map(({ item, theirs, ours, difference, resolvedAt, ...one }) => ({
          itemId: String(item),
          ...one,
          theirs: theirs === null ? null : Number(theirs),
          ours: Number(ours),
          difference: Number(difference),
          resolvedAt: resolvedAt?.toISOString() ?? null,
        })),
        nextCursor: last === undefined ? null : cursorOf(String(last.item)),
        workflowUrl: services.temporal.uiLink(workflowIds.reconciliation(id)),
      },
    };
  },
});

const postResolution = route({
  method: 'post',
  path: '/v1/reconciliations/{reconciliationId}/items/{itemId}/resolve',
  tag,
  summary: 'Resolve a difference',
  description:
    'With a `note`, or with a `post`: our account with the provider is brought to what the provider says, against `adjustments`.',
  allow: ['finance', 'admin'],
  params: z.strictObject({
    reconciliationId,
    itemId: z
      .string()
      .regex(/^[1-9]\d{0,8}$/, 'must be an itemId of the reconciliation')
      .meta({ example: '1' }),
  }),
  body: z.strictObject({ resolution: z.enum(['note', 'post']), reason: freeText }),
  idempotencyKey: true,
  answers: {
    200: z.object({ reconciliationId: z.string(), itemId: z.string(), resolution: z.enum(['note', 'post']) }),
  },
  async handle({ params: { reconciliationId: id, itemId }, body, origin, idempotencyKey: key, services }) {
    const difference = { reconciliationId: id, item: Number(itemId), ...body, key };
    const code = await resolveDifference(services.pool, difference, origin);
    if (code === 'not_found') throw unknown(`${id}/${itemId}`);
    if (code === 'invalid_state')
      throw new Problem('invalid_state', 'It is resolved already, explains itself, or has nothing to post.', {
        members: { state: 'resolved', allowedActions: [] },
      });
    if (code !== null) throw problemOf({ code });
    return { status: 200, body: { reconciliationId: id, itemId, resolution: body.resolution } };
  },
});

const unknown = (id: string) => new Problem('not_found', `There is no reconciliation ${id}.`);

export const reconciliationsRoutes = [postReconciliation, getReconciliation, postResolution];
