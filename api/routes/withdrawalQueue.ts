import { z } from 'zod';
import { WITHDRAWAL } from '../../contract/states/withdrawal.ts';
import { listWithdrawals, type Withdrawal } from '../../payments/index.ts';
import { csvAnswer, requireCsvSize, wantsCsv, type Cell } from '../csv.ts';
import { route, type Answer } from '../route.ts';
import { callerId, currency, cursorOf, instant, limit, nullable, seconds, timeCursor } from '../schemas.ts';
import { PEOPLE } from './scope.ts';
import { shapeOf, statesOf, withdrawalShape, withdrawalStatuses } from './withdrawalShape.ts';

const CSV_PAGE = 1_000;

const query = z.strictObject({
  status: z.enum(withdrawalStatuses).optional(),
  provider: callerId.optional(),
  playerId: callerId.optional(),
  currency: currency.optional(),
  from: instant.optional(),
  to: instant.optional(),
  minAge: seconds.optional(),
  cursor: timeCursor.optional(),
  limit,
});

const getWithdrawals = route({
  method: 'get',
  path: '/v1/withdrawals',
  tag: 'Finance and support',
  summary: 'The queue of withdrawals, oldest first',
  description: '`Accept: text/csv` exports it.',
  allow: ['cashier', ...PEOPLE],
  query,
  answers: { 200: z.object({ items: z.array(withdrawalShape), nextCursor: nullable(z.string()) }) },
  async handle({ caller, query: { status, cursor, limit, ...filters }, headers, services }) {
    const filter = {
      ...drop(filters),
      ...(status === undefined ? {} : { states: statesOf(status) }),
      ...(caller.kind === 'client' ? { clientId: caller.clientId } : {}),
    };
    const page = (after: readonly [string, string] | undefined, rows: number) =>
      listWithdrawals(services.pool, { ...filter, ...(after === undefined ? {} : { after }), limit: rows });
    if (wantsCsv(headers)) return await csv(page);
    const items = await page(
      cursor?.length === 2 ? [cursor[0] ?? '', cursor[1] ?? ''] : undefined,
      limit + 1,
    );
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: items.slice(0, limit).map((item) => shapeOf(item, services)),
        nextCursor: last === undefined ? null : cursorOf(...keyOf(last)),
      },
    };
  },
});

export const withdrawalQueueRoutes = [getWithdrawals];

const keyOf = (w: Withdrawal): [string, string] => [w.createdKey, w.withdrawalId];

/** Leaves out what is not there: an absent filter is no filter. */
const drop = <T extends object>(filters: T) =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };

const COLUMNS = [
  ...['withdrawalId', 'playerId', 'amount', 'currency', 'status', 'provider', 'reason', 'attempts'],
  ...['createdAt', 'since', 'ageSeconds'],
];

async function csv(
  page: (after: readonly [string, string] | undefined, rows: number) => Promise<Withdrawal[]>,
): Promise<Answer> {
  const rows: Cell[][] = [];
  let last: Withdrawal | undefined;
  do {
    const found = await page(last && keyOf(last), CSV_PAGE);
    rows.push(...found.map(line));
    requireCsvSize(rows.length);
    last = found.length === CSV_PAGE ? found.at(-1) : undefined;
  } while (last !== undefined);
  return csvAnswer(COLUMNS, rows);
}

function line(w: Withdrawal): Cell[] {
  const age = Math.max(0, Math.floor((Date.now() - w.since.getTime()) / 1_000));
  const { status } = WITHDRAWAL[w.state];
  return [
    ...[w.withdrawalId, w.playerId, w.amount, w.currency, status, w.provider, w.reason, w.attempts.length],
    ...[w.createdAt, w.since, age],
  ];
}
