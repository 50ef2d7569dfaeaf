import { z } from 'zod';
import {
  momentOf,
  readStatement,
  type AccountName,
  type Entry,
  type EntryKey,
  type Page,
  type Statement,
} from '../../ledger/index.ts';
import { csvAnswer, MOST_CSV_ROWS, requireCsvSize, wantsCsv } from '../csv.ts';
import { Problem } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { callerId, currency, cursor, cursorOf, instant, limit, nullable, refuseCursor } from '../schemas.ts';
import { describeEntry } from './entryWords.ts';
import { accountId, CSV, isWhole, minor, nameOf, unknownAccount } from './ledgerShape.ts';
import { PEOPLE } from './scope.ts';

const entryFields = {
  entryId: z.string(),
  transferId: z.string(),
  code: z.string(),
  amount: minor,
  balanceAfter: minor,
  businessId: z.string(),
  happenedAt: z.string(),
  writtenAt: z.string(),
};
const pageFields = { nextCursor: nullable(z.string()), previousCursor: nullable(z.string()) };
const entryShape = z.object(entryFields).meta({ id: 'LedgerEntry' });
const lineShape = z.object({ ...entryFields, description: z.string() }).meta({ id: 'StatementLine' });
const statementFields = {
  currency: z.string(),
  from: z.string(),
  to: z.string(),
  opening: minor,
  closing: minor,
  items: z.array(lineShape),
  ...pageFields,
};

const shapeOfEntry = (entry: Entry) => ({
  entryId: entry.entryId,
  transferId: entry.transferId,
  code: entry.code,
  amount: Number(entry.amount),
  balanceAfter: Number(entry.balanceAfter),
  businessId: entry.businessId,
  happenedAt: entry.happenedAt,
  writtenAt: entry.writtenAt,
});

interface Reading {
  readonly direction: Page['direction'];
  readonly after?: EntryKey;
  /** Where the first page ended, which had no end of its own: the pages of a statement are of one span. */
  readonly to?: bigint;
}

const cursorAt = (direction: Page['direction'], { at, account, version }: EntryKey, to: bigint | undefined) =>
  cursorOf(direction, ...[at, account, version, ...(to === undefined ? [] : [to])].map(String));

function readingOf(key: readonly string[] | undefined): Reading {
  if (key === undefined) return { direction: 'older' };
  const [direction, at, account, version, to = '0', ...rest] = key;
  const isOurs = (direction === 'older' || direction === 'newer') && rest.length === 0;
  if (!isOurs || !isWhole(at) || !isWhole(account) || !isWhole(version) || !isWhole(to)) refuseCursor();
  const after = { at: BigInt(at), account: BigInt(account), version: BigInt(version) };
  return { direction, after, ...(key.length === 5 ? { to: BigInt(to) } : {}) };
}

/** The page newest first, with the cursors to both sides; one entry more than the page tells whether there are more. */
function pageOf({ entries }: Statement, { direction, after }: Reading, size: number, to?: bigint) {
  const page = entries.slice(0, size);
  const newestFirst = direction === 'older' ? page : page.toReversed();
  const isThere = {
    [direction]: entries.length > size,
    [direction === 'older' ? 'newer' : 'older']: !!after,
  };
  const [first, last] = [newestFirst[0], newestFirst.at(-1)];
  return {
    entries: newestFirst,
    cursors: {
      nextCursor: last !== undefined && isThere['older'] ? cursorAt('older', last.key, to) : null,
      previousCursor: first !== undefined && isThere['newer'] ? cursorAt('newer', first.key, to) : null,
    },
  };
}

const COLUMNS = ['writtenAt', 'happenedAt', 'code', 'description', 'amount', 'balanceAfter', 'currency'];
const IDS = ['businessId', 'transferId', 'entryId'];

/** In order of time, the balances before and after as rows of their own: each balance is the one above plus the amount. */
function statementAsCsv({ currency: unit }: AccountName, from: Date, to: Date, statement: Statement): Answer {
  requireCsvSize(statement.count);
  const line = (e: Entry) => [
    ...[e.writtenAt, e.happenedAt, e.code, describeEntry(e), e.amount, e.balanceAfter, unit],
    ...[e.businessId, e.transferId, e.entryId],
  ];
  const { opening, closing, entries } = statement;
  return csvAnswer(
    [...COLUMNS, ...IDS],
    [
      [from, null, 'opening', 'Opening balance', null, opening, unit, null, null, null],
      ...entries.map(line),
      [to, null, 'closing', 'Closing balance', null, closing, unit, null, null, null],
    ],
  );
}

const spanQuery = {
  from: instant.optional(),
  to: instant.optional(),
  cursor: cursor.optional(),
  limit,
};

interface Asked {
  readonly from?: string | undefined;
  readonly to?: string | undefined;
  readonly cursor?: string[] | undefined;
  readonly limit: number;
}

/** A statement of the entries from `from` up to and without `to`, so that what is closing here is opening there. */
async function answerStatement(
  { pool }: Services,
  name: AccountName,
  asked: Asked,
  { csv, head, missing }: { csv: boolean; head: object; missing: () => Problem },
): Promise<Answer> {
  const reading = readingOf(asked.cursor);
  const to = asked.to === undefined ? (reading.to ?? BigInt(Date.now() + 1) * 1_000n) : momentOf(asked.to);
  const from = asked.from === undefined ? undefined : momentOf(asked.from);
  if (from !== undefined && from > to)
    throw new Problem('invalid_request', 'A statement ends after it begins.', {
      errors: [{ pointer: '/from', detail: 'must not be after `to`, which is now where it is not given' }],
    });
  const page = csv
    ? { direction: 'newer' as const, limit: MOST_CSV_ROWS }
    : { ...reading, limit: asked.limit + 1 };
  const statement = await readStatement(pool, name, { from, to }, page);
  if (statement === undefined) throw missing();
  const start = asked.from === undefined ? statement.openedAt : new Date(asked.from);
  const end = new Date(Number(to / 1_000n));
  if (csv) return statementAsCsv(name, start, end, statement);
  const { entries, cursors } = pageOf(statement, reading, asked.limit, to);
  return {
    status: 200,
    body: {
      ...head,
      currency: name.currency,
      from: start,
      to: end,
      opening: Number(statement.opening),
      closing: Number(statement.closing),
      items: entries.map((entry) => ({ ...shapeOfEntry(entry), description: describeEntry(entry) })),
      ...cursors,
    },
  };
}

const getPlayerStatement = route({
  method: 'get',
  path: '/v1/players/{playerId}/statement',
  tag: 'Players',
  summary: "Read a player's statement",
  description: `The entries of the player's cash, newest first, from \`from\` (default: the beginning) up to and without \`to\` (default: now), each with the balance after it; \`previousCursor\` leads back to newer ones. ${CSV}`,
  allow: ['cashier', ...PEOPLE],
  params: z.strictObject({ playerId: callerId }),
  query: z.strictObject({ currency, ...spanQuery }),
  answers: {
    200: z.object({ playerId: z.string(), ...statementFields }).meta({ id: 'PlayerStatement' }),
  },
  async handle({ params: { playerId }, query, headers, services }) {
    const name = { kind: 'player_cash', owner: playerId, currency: query.currency };
    return await answerStatement(services, name, query, {
      csv: wantsCsv(headers),
      head: { playerId },
      missing: () => new Problem('not_found', `There is no player ${playerId} with ${query.currency}.`),
    });
  },
});

const getStatement = route({
  method: 'get',
  path: '/v1/ledger/accounts/{accountId}/statement',
  tag: 'Ledger',
  summary: 'Read a statement of a ledger account',
  description: `Like a player's statement, of any account. ${CSV}`,
  allow: PEOPLE,
  params: z.strictObject({ accountId }),
  query: z.strictObject(spanQuery),
  answers: {
    200: z.object({ accountId: z.string(), ...statementFields }).meta({ id: 'LedgerStatement' }),
  },
  async handle({ params: { accountId: id }, query, headers, services }) {
    return await answerStatement(services, nameOf(id), query, {
      csv: wantsCsv(headers),
      head: { accountId: id },
      missing: () => unknownAccount(id),
    });
  },
});

const getEntries = route({
  method: 'get',
  path: '/v1/ledger/accounts/{accountId}/entries',
  tag: 'Ledger',
  summary: 'Read the entries of a ledger account',
  description: 'Newest first; `previousCursor` leads back to newer ones. As CSV: the statement.',
  allow: PEOPLE,
  params: z.strictObject({ accountId }),
  query: z.strictObject({ cursor: cursor.optional(), limit }),
  answers: { 200: z.object({ items: z.array(entryShape), ...pageFields }) },
  async handle({ params: { accountId: id }, query, services: { pool } }) {
    const reading = readingOf(query.cursor);
    const statement = await readStatement(pool, nameOf(id), {}, { ...reading, limit: query.limit + 1 });
    if (statement === undefined) throw unknownAccount(id);
    const { entries, cursors } = pageOf(statement, reading, query.limit);
    return { status: 200, body: { items: entries.map(shapeOfEntry), ...cursors } };
  },
});

export const statementsRoutes = [getPlayerStatement, getEntries, getStatement];
