import type { Knex } from 'knex';
import type { Pool } from '../ops/postgres.ts';

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

export interface Entry {
  readonly entryId: string;
  readonly transferId: string;
  readonly code: string;
  readonly amount: bigint;
  readonly balanceAfter: bigint;
  readonly businessId: string;
  readonly happenedAt: Date;
  readonly writtenAt: Date;
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

/** Accounts by kind, owner and currency: the order of their index, so that a page is read and no more. */
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
  // The index begins with the kind: an owner alone is found by naming them all.
  if (owner !== undefined && kind === undefined)
    void query.whereIn('kind', read('ledger.kinds').select('kind'));
  if (currency !== undefined) void query.where({ currency });
  if (after !== undefined)
    void query.whereRaw('(kind, owner, currency) > (?, ?, ?)', [after.kind, after.owner, after.currency]);
  const rows = (await query) as Omit<Account, 'accountId'>[];
  return rows.map(identify);
}

/** An account now; undefined where there is none. */
export async function findAccount(
  pool: Pool,
  { kind, owner, currency }: AccountName,
): Promise<Account | undefined> {
  const { rows } = await pool.query<Omit<Account, 'accountId'>>({
    name: 'find_account',
    text: `
      select kind, owner, currency, sum(posted)::bigint as posted, sum(held)::bigint as held, sum(posted - held)::bigint as available
        from ledger.accounts where kind = $1::text and owner = $2::text and currency = $3::text
       group by kind, owner, currency`,
    values: [kind, owner, currency],
  });
  return rows.map(identify)[0];
}

/**
 * An account as it was at a moment. The versions of an account have no gap and are in order of time, so the last
 * entry before the moment is found by halving: some twenty index look-ups for a million entries, and no index more.
 * Every coin of player_held belongs to a hold and no other account holds any, so `held` needs no history of its own.
 */
export async function findAccountAt(
  pool: Pool,
  { kind, owner, currency }: AccountName,
  at: Date,
): Promise<Account | undefined> {
  const { rows } = await pool.query<Omit<Account, 'accountId'>>({
    name: 'find_account_at',
    text: `
      with recursive account as (
        select id, version from ledger.accounts where kind = $1::text and owner = $2::text and currency = $3::text
      ), search as (
        select id, 0::bigint as low, version as high from account
        union all
        select s.id, case when e.written_at <= $4::timestamptz then e.version else s.low end,
                     case when e.written_at <= $4::timestamptz then s.high else e.version - 1 end
          from search s
          join ledger.entries e on e.account_id = s.id and e.version = (s.low + s.high + 1) / 2
         where s.low < s.high
      )
      select $1::text as kind, $2::text as owner, $3::text as currency,
             posted, case when $1::text = 'player_held' then posted else 0 end as held,
             case when $1::text = 'player_held' then 0 else posted end as available
        from (select coalesce(sum(e.balance_after), 0)::bigint as posted, count(*) as buckets
                from search s left join ledger.entries e on e.account_id = s.id and e.version = s.low
               where s.low = s.high) found
       where buckets > 0`,
    values: [kind, owner, currency, at],
  });
  return rows.map(identify)[0];
}

/** Where the page after this entry begins. */
export interface EntryKey {
  readonly version: bigint;
  readonly account: bigint;
}

/** Past every entry there can be. */
export const FIRST_PAGE: EntryKey = { version: 9_223_372_036_854_775_807n, account: 0n };

/** An account's entries, newest first. */
export async function listEntries(
  pool: Pool,
  { kind, owner, currency }: AccountName,
  before: EntryKey,
  limit: number,
): Promise<(Entry & EntryKey)[]> {
  const { rows } = await pool.query<Entry & EntryKey>({
    name: 'entries_of_account',
    text: `
      select e.account_id || '.' || e.version as "entryId", e.transfer_id as "transferId", t.code, e.amount, e.balance_after as "balanceAfter",
             t.business_id as "businessId", t.happened_at as "happenedAt", e.written_at as "writtenAt", e.version, e.account_id as account
        from ledger.accounts a
       cross join lateral (
         select * from ledger.entries e
          where e.account_id = a.id and e.version <= $4::bigint and (e.version, e.account_id) < ($4::bigint, $5::bigint)
          order by e.version desc limit $6::int) e
        join ledger.transfers t on t.id = e.transfer_id
       where a.kind = $1::text and a.owner = $2::text and a.currency = $3::text
       order by e.version desc, e.account_id desc limit $6::int`,
    values: [kind, owner, currency, before.version, before.account, limit],
  });
  return rows;
}

/** What is owed to the players now, per currency, by where it stands. */
export async function liability(pool: Pool): Promise<Liability[]> {
  const { rows } = await pool.query<Liability>(`
    select currency, cash, in_play as "inPlay", pending_withdrawals as "pendingWithdrawals", payouts_in_flight as "payoutsInFlight",
           returned, total from ledger.liability()`);
  return rows;
}
