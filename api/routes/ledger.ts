import { z } from 'zod';
import {
  findAccount,
  findAccountBefore,
  liability,
  listAccounts,
  momentAfter,
  parseAccountId,
  type Account,
} from '../../ledger/index.ts';
import { csvAnswer, MOST_CSV_ROWS, requireCsvSize, wantsCsv } from '../csv.ts';
import { route, type Answer } from '../route.ts';
import { callerId, currency, cursor, cursorOf, instant, limit, nullable, refuseCursor } from '../schemas.ts';
import { accountId, CSV, minor, nameOf, unknownAccount } from './ledgerShape.ts';
import { PEOPLE } from './scope.ts';

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

function accountsAsCsv(accounts: readonly Account[], at: Date): Answer {
  requireCsvSize(accounts.length);
  return csvAnswer(
    ['accountId', 'kind', 'owner', 'currency', 'posted', 'held', 'available', 'at'],
    accounts.map((a) => [a.accountId, a.kind, a.owner, a.currency, a.posted, a.held, a.available, at]),
  );
}

const getAccounts = route({
  method: 'get',
  path: '/v1/ledger/accounts',
  tag: 'Ledger',
  summary: 'Find ledger accounts',
  description: `By owner (a player, a provider, or \`house\`), kind and currency; in order of kind, owner and currency. ${CSV}`,
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
  async handle({ query: { cursor: key, limit: size, ...filter }, headers, services: { read } }) {
    const now = new Date();
    const after = key === undefined ? undefined : (parseAccountId(key[0] ?? '') ?? refuseCursor());
    if (wantsCsv(headers))
      return accountsAsCsv(await listAccounts(read, { ...filter, after, limit: MOST_CSV_ROWS + 1 }), now);
    const accounts = await listAccounts(read, { ...filter, after, limit: size + 1 });
    const last = accounts.length > size ? accounts[size - 1] : undefined;
    return {
      status: 200,
      body: {
        items: accounts.slice(0, size).map((account) => shapeOf(account, now)),
        nextCursor: last === undefined ? null : cursorOf(last.accountId),
      },
    };
  },
});

const getAccount = route({
  method: 'get',
  path: '/v1/ledger/accounts/{accountId}',
  tag: 'Ledger',
  summary: 'Read a ledger account, now or as it was',
  description:
    'With `at`, as it was at that moment, what was written in that very millisecond included; a moment to come is like now.',
  allow: PEOPLE,
  params: z.strictObject({ accountId }),
  query: z.strictObject({ at: instant.optional() }),
  answers: { 200: accountShape },
  async handle({ params: { accountId: id }, query: { at }, services: { pool } }) {
    const name = nameOf(id);
    const account = await (at === undefined
      ? findAccount(pool, name)
      : findAccountBefore(pool, name, momentAfter(at)));
    if (account === undefined) throw unknownAccount(id);
    return { status: 200, body: shapeOf(account, at === undefined ? new Date() : new Date(at)) };
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

const LIABILITY = ['cash', 'inPlay', 'pendingWithdrawals', 'payoutsInFlight', 'returned', 'total'] as const;

const getLiability = route({
  method: 'get',
  path: '/v1/ledger/liability',
  tag: 'Ledger',
  summary: 'What is owed to the players, by where it stands',
  description: '`Accept: text/csv` answers it as CSV.',
  allow: PEOPLE,
  answers: { 200: liabilityShape },
  async handle({ headers, services: { pool } }) {
    const at = new Date();
    const sums = await liability(pool);
    if (wantsCsv(headers)) {
      const rows = sums.map((sum) => [sum.currency, ...LIABILITY.map((where) => sum[where]), at]);
      return csvAnswer(['currency', ...LIABILITY, 'at'], rows);
    }
    const currencies = sums.map((sum) => ({
      currency: sum.currency,
      ...Object.fromEntries(LIABILITY.map((where) => [where, Number(sum[where])])),
    }));
    return { status: 200, body: { at: at.toISOString(), currencies } };
  },
});

export const ledgerRoutes = [getAccounts, getAccount, getLiability];
