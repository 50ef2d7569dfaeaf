import { z } from 'zod';
import { findTransfer, listTransfers, type Transfer } from '../../ledger/index.ts';
import { csvAnswer, MOST_CSV_ROWS, requireCsvSize, wantsCsv } from '../csv.ts';
import { Problem } from '../problem.ts';
import { route, type Answer } from '../route.ts';
import { callerId, cursor, cursorOf, limit, nullable, refuseCursor } from '../schemas.ts';
import { CSV, isWhole, minor } from './ledgerShape.ts';
import { PEOPLE } from './scope.ts';

/** A kind and up to two ids. */
const businessId = z
  .string()
  .regex(/^[\x21-\x7e]{1,300}$/, 'must be a business record, such as wager/casino-games/w-17')
  .meta({ example: 'wager/casino-games/w-17' });

const transferShape = z
  .object({
    transferId: z.string(),
    code: z.string(),
    businessId: z.string(),
    happenedAt: z.string(),
    writtenAt: z.string(),
    reverses: nullable(z.string()),
    entries: z.array(z.object({ accountId: z.string(), amount: minor })),
  })
  .meta({ id: 'LedgerTransfer' });

const shapeOf = ({ transferId, code, businessId, happenedAt, writtenAt, reverses, entries }: Transfer) => ({
  ...{ transferId, code, businessId, happenedAt, writtenAt, reverses },
  entries: entries.map((entry) => ({ accountId: entry.accountId, amount: Number(entry.amount) })),
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function keyOf(key: readonly string[] | undefined) {
  if (key === undefined) return undefined;
  const [at, transferId = '', ...rest] = key;
  if (!isWhole(at) || !UUID.test(transferId) || rest.length > 0) refuseCursor();
  return { at: BigInt(at), transferId };
}

const getTransfers = route({
  method: 'get',
  path: '/v1/ledger/transfers',
  tag: 'Ledger',
  summary: 'Read what a business record did to the ledger',
  description: `The transfers of a wager (\`wager/<client>/<id>\`), a settlement, a deposit (\`deposit/<id>\`), a withdrawal and so on, newest first. As CSV a row is an entry. ${CSV}`,
  allow: PEOPLE,
  query: z.strictObject({ businessId, cursor: cursor.optional(), limit }),
  answers: { 200: z.object({ items: z.array(transferShape), nextCursor: nullable(z.string()) }) },
  async handle({ query, headers, services: { pool } }) {
    const before = keyOf(query.cursor);
    if (wantsCsv(headers))
      return asCsv(await listTransfers(pool, query.businessId, { before, limit: MOST_CSV_ROWS + 1 }));
    const transfers = await listTransfers(pool, query.businessId, { before, limit: query.limit + 1 });
    const last = transfers.length > query.limit ? transfers[query.limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: transfers.slice(0, query.limit).map(shapeOf),
        nextCursor: last === undefined ? null : cursorOf(String(last.at), last.transferId),
      },
    };
  },
});

function asCsv(transfers: readonly Transfer[]): Answer {
  requireCsvSize(transfers.length);
  return csvAnswer(
    ['writtenAt', 'happenedAt', 'code', 'accountId', 'amount', 'businessId', 'transferId', 'reverses'],
    transfers.flatMap((t) =>
      t.entries.map(({ accountId, amount }) => [
        ...[t.writtenAt, t.happenedAt, t.code, accountId, amount],
        ...[t.businessId, t.transferId, t.reverses],
      ]),
    ),
  );
}

const getTransfer = route({
  method: 'get',
  path: '/v1/ledger/transfers/{transferId}',
  tag: 'Ledger',
  summary: 'Read a transfer with its entries',
  allow: PEOPLE,
  params: z.strictObject({ transferId: callerId }),
  answers: { 200: transferShape },
  async handle({ params: { transferId }, services: { pool } }) {
    const transfer = UUID.test(transferId) ? await findTransfer(pool, transferId) : undefined;
    if (transfer === undefined) throw new Problem('not_found', `There is no transfer ${transferId}.`);
    return { status: 200, body: shapeOf(transfer) };
  },
});

export const transfersRoutes = [getTransfers, getTransfer];
