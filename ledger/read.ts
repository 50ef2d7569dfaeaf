import type { Knex } from 'knex';
import type { Pool } from '../ops/postgres.ts';
import { BUCKETS, SEARCH, timestamp, type Moment } from './moments.ts';

/** An account as it is known outside: `player_cash:p-42:SEK`. The buckets of a house account are one account here. */
export interface AccountName {
  readonly kind: string;
  readonly owner: string;
  readonly currency: string;
}

export interface Account extends AccountName {
  readonly accountId: string;
  readonly posted: bigint;
  readonly held: bigint;
  readonly available: bigint;
}

export interface Liability {
  readonly currency: string;
  readonly cash: bigint;
  readonly inPlay: bigint;
  readonly pendingWithdrawals: bigint;
  readonly payoutsInFlight: bigint;
  readonly returned: bigint;
  readonly total: bigint;
}

/** A player's id may hold colons; kinds and currencies have none. */
export function parseAccountId(accountId: string): AccountName | undefined {
  const [, kind, owner, currency] = /^([a-z_]+):(.+):([A-Z]{3,5})$/.exec(accountId) ?? [];
  return kind === undefined || owner === undefined || currency === undefined
    ? undefined
    : { kind, owner, currency };
}

const identify = <Row extends AccountName>(row: Row) => ({
  accountId: `${row.kind}:${row.owner}:${row.currency}`,
  ...row,
});

export interface AccountFilter {
  readonly kind?: string | undefined;
  readonly owner?: string | undefined;
  readonly currency?: string | undefined;
  readonly after?: AccountName | undefined;
  readonly limit: number;
}

/**
 * Accounts by kind, owner and currency, in the order of an index, so that a page is read and no more: of the one that
 * begins with the kind, or, where a currency is named, of the one that begins with it.
 */
export async function listAccounts(
  read: Knex,
  { kind, owner, currency, after, limit }: AccountFilter,
): Promise<Account[]> {
  const query = read('ledger.accounts')
    .select('kind', 'owner', 'currency')
    .select(
      read.raw(
        'sum(posted)::bigint as posted, sum(held)::bigint as held, sum(posted - held)::bigint as available',
      ),
    )
    .groupBy('kind', 'owner', 'currency')
    .orderBy(['kind', 'owner', 'currency'])
    .limit(limit);
  if (kind !== undefined) void query.where({ kind });
  if (owner !== undefined) void query.where({ owner });
  // Both indexes have the kind before the owner: an owner alone is found by naming every kind.
  if (owner !== undefined && kind === undefined)
    void query.whereIn('kind', read('ledger.kinds').select('kind'));
  if (currency !== undefined) void query.where({ currency });
  if (after !== undefined && currency !== undefined)
    void query.whereRaw('(kind, owner) > (?, ?)', [after.kind, after.owner]);
  if (after !== undefined && currency === undefined)
    void query.whereRaw('(kind, owner, currency) > (?, ?, ?)', [after.kind, after.owner, after.currency]);
  const rows = (await query) as Omit<Account, 'accountId'>[];
  return rows.map(identify);
}

/** An account now; undefined where there is none. */
export async function findAccount(
  pool: Pool,
  { kind, owner, currency }: AccountName,
): Promise<Account | undefined> {
  const { rows } = await pool.query<Omit<Account, 'accountId'>>(
    `select kind, owner, currency, sum(posted)::bigint as posted, sum(held)::bigint as held, sum(posted - held)::bigint as available
       from ledger.accounts where kind = $1::text and owner = $2::text and currency = $3::text
      group by kind, owner, currency`,
    [kind, owner, currency],
  );
  return rows.map(identify)[0];
}

/**
 * An account as it was before a moment. Every coin of player_held belongs to a hold and no other account holds any, so
 * `held` needs no history of its own.
 */
export async function findAccountBefore(
  pool: Pool,
  name: AccountName,
  before: Moment,
): Promise<Account | undefined> {
  const { rows } = await pool.query<{ posted: bigint }>(
    `with ${BUCKETS}, edge (edge, at, account_id, version, last) as (
       values ('at', ${timestamp('$4')}, 0::bigint, 0::bigint, true)
     ), ${SEARCH}
     select sum(balance)::bigint as posted from position having count(*) > 0`,
    [name.kind, name.owner, name.currency, before],
  );
  return rows.map(({ posted }) => {
    const held = name.kind === 'player_held' ? posted : 0n;
    return identify({ ...name, posted, held, available: posted - held });
  })[0];
}

/** What is owed to the players now, per currency, by where it stands. */
export async function liability(pool: Pool): Promise<Liability[]> {
  const { rows } = await pool.query<Liability>(`
    select currency, cash, in_play as "inPlay", pending_withdrawals as "pendingWithdrawals", payouts_in_flight as "payoutsInFlight",
           returned, total from ledger.liability()`);
  return rows;
}
