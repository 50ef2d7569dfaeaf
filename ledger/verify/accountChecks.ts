import type { Check } from './checks.ts';

const account = `a.kind || ':' || a.owner || ':' || a.currency || case when a.bucket = 0 then '' else '#' || a.bucket end as account`;
const ACCOUNTS = `a.id > $1::bigint and a.id <= $2::bigint`;
const ENTRIES = `account_id > $1::bigint and account_id <= $2::bigint`;

/**
 * The accounts with $1 < id <= $2 whose entries do not follow each other in order of time, from version 1 to the version of the
 * account and from 0 to its balance: one scan says that of nearly all of them, and each check then looks at these alone.
 */
export const ODD_ACCOUNTS = `
  with odd as materialized (
    select a.id, ${account}, a.posted, a.version
      from ledger.accounts a
      left join (
        select account_id, count(*) as entries, sum(amount) as sum, bool_or(off) as off
          from (select account_id, amount,
                       version <> row_number() over w or balance_after <> lag(balance_after, 1, 0::bigint) over w + amount as off
                  from ledger.entries where ${ENTRIES} window w as (partition by account_id order by written_at, version)) e
         group by account_id) e on e.account_id = a.id
     where ${ACCOUNTS} and (a.posted <> coalesce(e.sum, 0) or a.version <> coalesce(e.entries, 0) or e.off))`;

/** What must hold between an account, its entries and its holds. */
export const ACCOUNT_CHECKS: readonly Check[] = [
  {
    name: 'balances_are_sums_of_entries',
    over: 'accounts',
    broken: 'the balance of this account is not the sum of its entries',
    sql: `
      select o.account, o.posted, e.sum as entries
        from odd o cross join lateral (select coalesce(sum(amount), 0) as sum from ledger.entries where account_id = o.id) e
       where o.posted <> e.sum`,
  },
  {
    name: 'versions_have_no_gap',
    over: 'accounts',
    broken: 'the versions of this account are not 1, 2, 3 ... up to its own',
    sql: `
      select o.account, o.version, e.entries, e.first, e.last
        from odd o
       cross join lateral (select count(*) as entries, min(version) as first, max(version) as last
                             from ledger.entries where account_id = o.id) e
       where o.version <> e.entries or e.first <> 1 or e.last <> e.entries`,
  },
  {
    name: 'balances_after_follow_each_other',
    over: 'accounts',
    broken: 'the balance after this entry is not the balance before it and its amount',
    sql: `
      select o.account, e.version, e.transfer_id, e.balance_before, e.amount, e.balance_after
        from odd o
       cross join lateral (select *, lag(balance_after, 1, 0::bigint) over (order by version) as balance_before
                             from ledger.entries where account_id = o.id) e
       where e.balance_after <> e.balance_before + e.amount`,
  },
  {
    name: 'entries_are_in_order_of_time',
    over: 'accounts',
    broken: 'this entry is older than the one before it',
    sql: `
      select o.account, e.version, e.transfer_id, e.before, e.written_at
        from odd o
       cross join lateral (select *, lag(written_at) over (order by version) as before
                             from ledger.entries where account_id = o.id) e
       where e.written_at < e.before`,
  },
  {
    name: 'accounts_within_bounds',
    over: 'accounts',
    broken: 'this account is below its floor, above its ceiling, or holds less than nothing',
    sql: `
      select ${account}, a.posted, a.held, k.floor, k.ceiling
        from ledger.accounts a join ledger.kinds k using (kind)
       where ${ACCOUNTS} and (a.posted - a.held < k.floor or a.posted > k.ceiling or a.held < 0)`,
  },
  {
    name: 'accounts_fit_the_chart',
    over: 'accounts',
    broken: 'this account differs from its kind in the chart',
    sql: `
      select ${account}, a.is_player, a.floor, a.ceiling, a.bucket
        from ledger.accounts a left join ledger.kinds k using (kind)
       where ${ACCOUNTS} and (a.is_player is distinct from (k.owned_by = 'player') or (a.is_player and a.bucket <> 0)
          or (a.floor, a.ceiling) is distinct from (k.floor, k.ceiling)
          or (k.owned_by = 'house' and a.owner <> 'house'))`,
  },
  {
    name: 'held_is_the_sum_of_open_holds',
    over: 'accounts',
    broken: 'what this account holds is not the sum of its open holds, or not all it has',
    sql: `
      select ${account}, a.posted, a.held, coalesce(h.sum, 0) as open_holds
        from ledger.accounts a
        left join (select account_id, sum(amount - captured) from ledger.holds where state = 'open' and ${ENTRIES} group by account_id) h
               on h.account_id = a.id
       where ${ACCOUNTS} and (a.held <> coalesce(h.sum, 0) or a.held <> case when a.kind = 'player_held' then a.posted else 0 end)`,
  },
  {
    name: 'held_money_has_its_hold',
    over: 'accounts',
    broken: 'this transfer placed a hold, and there is none, or one of another account',
    sql: `
      select ${account}, e.transfer_id, e.amount, h.account_id as hold_account
        from ledger.accounts a
        join ledger.entries e on e.account_id = a.id and e.amount > 0
        left join ledger.holds h on h.id = e.transfer_id
       where ${ACCOUNTS} and a.kind = 'player_held' and h.account_id is distinct from a.id`,
  },
];
