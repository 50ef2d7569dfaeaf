import { z } from 'zod';
import {
  FIRST_PAGE,
  findAccount,
  findAccountAt,
  liability,
  listAccounts,
  listEntries,
  parseAccountId,
  type Account,
  type AccountName,
  type Entry,
} from '../../ledger/index.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import { callerId, currency, cursor, cursorOf, instant, limit, nullable, refuseCursor } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

/** `<kind>:<owner>:<currency>`; an owner's id alone may have 128 characters. */
const accountId = z
  .string()
  .regex(
    /^[a-z_]{1,40}:[\x21-\x7e]{1,128}:[A-Z]{3,5}$/,
    'must be <kind>:<owner>:<currency>, such as player_cash:p-42:SEK',
  )
  .meta({ description: '`<kind>:<owner>:<currency>`', example: 'player_cash:p-42:SEK' });

const params = z.strictObject({ accountId });
const minor = z.int().meta({ description: 'Minor units; positive is a credit' });

const accountShape = z
  .object({
    accountId: z.string(),
    kind: z.string(),
    owner: z.string(),
    currency: z.string(),
    posted: minor,
    held: minor,
    available: minor,
    at: z.string(),
  })
  .meta({ id: 'LedgerAccount' });

const shapeOf = (account: Account, at: Date) => ({
  ...account,
  posted: Number(account.posted),
  held: Number(account.held),
  available: Number(account.available),
  at: at.toISOString(),
});

const getAccounts = route({
  method: 'get',
  path: '/v1/ledger/accounts',
  tag: 'Ledger',
  summary: 'Find ledger accounts',
  description:
    'By owner (a player, a provider, or `house`), kind and currency; in order of kind, owner and currency.',
  allow: PEOPLE,
  query: z.strictObject({
    owner: callerId.optional(),
    kind: z
      .string()
      .regex(/^[a-z_]{1,40}$/, 'must be a kind of account, such as player_cash')
      .optional()
      .meta({ example: 'player_cash' }),
    currency: currency.optional(),
    cursor: cursor.optional(),
    limit,
  }),
  answers: { 200: z.object({ items: z.array(accountShape), nextCursor: nullable(z.string()) }) },
  async handle({ query, services: { read } }) {
    const after =
      query.cursor === undefined ? undefined : (parseAccountId(query.cursor[0] ?? '') ?? refuseCursor());
    const accounts = await listAccounts(read, {
      kind: query.kind,
      owner: query.owner,
      currency: query.currency,
      after,
      limit: query.limit + 1,
    });
    const last = accounts.length > query.limit ? accounts[query.limit - 1] : undefined;
    const now = new Date();
    return {
      status: 200,
      body: {
        items: accounts.slice(0, query.limit).map((account) => shapeOf(account, now)),
        nextCursor: last === undefined ? null : cursorOf(last.accountId),
      },
    };
  },
});

const unknownAccount = (id: string) => new Problem('not_found', `There is no account ${id}.`);

function nameOf(id: string): AccountName {
  const name = parseAccountId(id);
  if (name === undefined) throw unknownAccount(id);
  return name;
}

const getAccount = route({
  method: 'get',
  path: '/v1/ledger/accounts/{accountId}',
  tag: 'Ledger',
  summary: 'Read a ledger account, now or as it was',
  allow: PEOPLE,
  params,
  query: z.strictObject({ at: instant.optional() }),
  answers: { 200: accountShape },
  async handle({ params: { accountId: id }, query, services: { pool } }) {
    const at = query.at === undefined ? undefined : new Date(query.at);
    const account =
      at === undefined ? await findAccount(pool, nameOf(id)) : await findAccountAt(pool, nameOf(id), at);
    if (account === undefined) throw unknownAccount(id);
    return { status: 200, body: shapeOf(account, at ?? new Date()) };
  },
});

const entryShape = z
  .object({
    entryId: z.string(),
    transferId: z.string(),
    code: z.string(),
    amount: minor,
    balanceAfter: minor,
    businessId: z.string(),
    happenedAt: z.string(),
    writtenAt: z.string(),
  })
  .meta({ id: 'LedgerEntry' });

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

const isWhole = (text: string | undefined): text is string => text !== undefined && /^\d{1,19}$/.test(text);

const getEntries = route({
  method: 'get',
  path: '/v1/ledger/accounts/{accountId}/entries',
  tag: 'Ledger',
  summary: 'Read the entries of a ledger account',
  description: 'Newest first.',
  allow: PEOPLE,
  params,
  query: z.strictObject({ cursor: cursor.optional(), limit }),
  answers: { 200: z.object({ items: z.array(entryShape), nextCursor: nullable(z.string()) }) },
  async handle({ params: { accountId: id }, query, services: { pool } }) {
    const name = nameOf(id);
    const [version, account] = query.cursor ?? [String(FIRST_PAGE.version), String(FIRST_PAGE.account)];
    const page =
      isWhole(version) && isWhole(account)
        ? { version: BigInt(version), account: BigInt(account) }
        : refuseCursor();
    const [known, entries] = await Promise.all([
      findAccount(pool, name),
      listEntries(pool, name, page, query.limit + 1),
    ]);
    if (known === undefined) throw unknownAccount(id);
    const last = entries.length > query.limit ? entries[query.limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: entries.slice(0, query.limit).map(shapeOfEntry),
        nextCursor: last === undefined ? null : cursorOf(String(last.version), String(last.account)),
      },
    };
  },
});

const liabilityShape = z
  .object({
    at: z.string(),
    currencies: z.array(
      z.object({
        currency: z.string(),
        cash: minor,
        inPlay: minor,
        pendingWithdrawals: minor,
        payoutsInFlight: minor,
        returned: minor,
        total: minor,
      }),
    ),
  })
  .meta({ id: 'Liability' });

const getLiability = route({
  method: 'get',
  path: '/v1/ledger/liability',
  tag: 'Ledger',
  summary: 'What is owed to the players, by where it stands',
  allow: PEOPLE,
  answers: { 200: liabilityShape },
  async handle({ services: { pool } }) {
    const currencies = (await liability(pool)).map(({ currency: code, ...sums }) => ({
      currency: code,
      ...Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, Number(sum)])),
    }));
    return { status: 200, body: { at: new Date().toISOString(), currencies } };
  },
});

export const ledgerRoutes = [getAccounts, getAccount, getEntries, getLiability];
