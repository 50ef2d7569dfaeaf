/** One invariant of the ledger: its name, what a row says that breaks it, and the statement that finds such rows. */
export interface Check {
  readonly name: string;
  readonly broken: string;
  readonly sql: string;
}

const account = `a.kind || ':' || a.owner || ':' || a.currency || case when a.bucket = 0 then '' else '#' || a.bucket end as account`;

/** Everything that must hold in the ledger at any moment. Each statement finds the rows that break its invariant. */
export const CHECKS: readonly Check[] = [
  {
    name: 'transfers_sum_to_zero',
    broken: 'the entries of this transfer do not sum to zero in this currency',
    sql: `
      select e.transfer_id, a.currency, sum(e.amount) as off_by
        from ledger.entries e join ledger.accounts a on a.id = e.account_id
       group by e.transfer_id, a.currency having sum(e.amount) <> 0`,
  },
  {
    name: 'transfers_have_entries',
    broken: 'this transfer has fewer than two entries',
    sql: `
      select t.id as transfer_id, t.code, count(e.account_id) as entries
        from ledger.transfers t left join ledger.entries e on e.transfer_id = t.id
       group by t.id having count(e.account_id) < 2`,
  },
  {
    name: 'entries_have_transfer_and_account',
    broken: 'this entry is of no transfer, or of no account',
    sql: `
      select e.account_id, e.version, e.transfer_id, e.amount
        from ledger.entries e
        left join ledger.transfers t on t.id = e.transfer_id
        left join ledger.accounts a on a.id = e.account_id
       where t.id is null or a.id is null`,
  },
  {
    name: 'transfers_touch_one_player',
    broken: 'this transfer moves money of several players',
    sql: `
      select e.transfer_id, array_agg(distinct a.owner) as players
        from ledger.entries e join ledger.accounts a on a.id = e.account_id
       where a.is_player group by e.transfer_id having count(distinct a.owner) > 1`,
  },
  {
    name: 'currencies_sum_to_zero',
    broken: 'the balances of this currency do not sum to zero',
    sql: `select currency, sum(posted) as off_by from ledger.accounts group by currency having sum(posted) <> 0`,
  },
  {
    name: 'balances_are_sums_of_entries',
    broken: 'the balance of this account is not the sum of its entries',
    sql: `
      select ${account}, a.posted, coalesce(e.sum, 0) as entries
        from ledger.accounts a
        left join (select account_id, sum(amount) from ledger.entries group by account_id) e on e.account_id = a.id
       where a.posted <> coalesce(e.sum, 0)`,
  },
  {
    name: 'versions_have_no_gap',
    broken: 'the versions of this account are not 1, 2, 3 ... up to its own',
    sql: `
      select ${account}, a.version, coalesce(e.entries, 0) as entries, e.first, e.last
        from ledger.accounts a
        left join (select account_id, count(*) as entries, min(version) as first, max(version) as last
                     from ledger.entries group by account_id) e on e.account_id = a.id
       where a.version <> coalesce(e.entries, 0) or e.first <> 1 or e.last <> e.entries`,
  },
  {
    name: 'balances_after_follow_each_other',
    broken: 'the balance after this entry is not the balance before it and its amount',
    sql: `
      select ${account}, e.version, e.transfer_id, e.balance_before, e.amount, e.balance_after
        from (select *, lag(balance_after, 1, 0::bigint) over (partition by account_id order by version) as balance_before
                from ledger.entries) e
        join ledger.accounts a on a.id = e.account_id
       where e.balance_after <> e.balance_before + e.amount`,
  },
  {
    name: 'accounts_within_bounds',
    broken: 'this account is below its floor, above its ceiling, or holds less than nothing',
    sql: `
      select ${account}, a.posted, a.held, k.floor, k.ceiling
        from ledger.accounts a join ledger.kinds k using (kind)
       where a.posted - a.held < k.floor or a.posted > k.ceiling or a.held < 0`,
  },
  {
    name: 'accounts_fit_the_chart',
    broken: 'this account differs from its kind in the chart',
    sql: `
      select ${account}, a.is_player, a.floor, a.ceiling, a.bucket
        from ledger.accounts a left join ledger.kinds k using (kind)
       where a.is_player is distinct from (k.owned_by = 'player') or (a.is_player and a.bucket <> 0)
          or (a.floor, a.ceiling) is distinct from (k.floor, k.ceiling)
          or (k.owned_by = 'house') <> (a.owner = 'house' and not a.is_player)`,
  },
  {
    // What the house owes by these accounts is money of players: below zero somebody was given more than came in.
    // The debit kinds may be on either side: a provider we have prefunded, or one that paid out more than it took.
    name: 'debts_are_not_overdrawn',
    broken: 'this account, which holds money of players, is below zero',
    sql: `
      select a.kind || ':' || a.owner || ':' || a.currency as account, sum(a.posted) as posted
        from ledger.accounts a join ledger.kinds k using (kind)
       where k.normal_side = 'credit' and not a.is_player
       group by a.kind, a.owner, a.currency having sum(a.posted) < 0`,
  },
  {
    name: 'held_is_the_sum_of_open_holds',
    broken: 'what this account holds is not the sum of its open holds, or not all it has',
    sql: `
      select ${account}, a.posted, a.held, coalesce(h.sum, 0) as open_holds
        from ledger.accounts a
        left join (select account_id, sum(amount - captured) from ledger.holds where state = 'open' group by account_id) h
               on h.account_id = a.id
       where a.held <> coalesce(h.sum, 0) or a.held <> case when a.kind = 'player_held' then a.posted else 0 end`,
  },
  {
    name: 'holds_have_their_transfer',
    broken: 'this hold and the entry that placed it differ',
    sql: `
      select coalesce(h.id, e.transfer_id) as hold_id, h.state, h.amount, e.amount as placed
        from ledger.holds h
        full join (select e.transfer_id, e.account_id, e.amount
                     from ledger.entries e join ledger.accounts a on a.id = e.account_id
                    where a.kind = 'player_held' and e.amount > 0) e on e.transfer_id = h.id
       where (h.account_id, nullif(h.amount, 0)) is distinct from (e.account_id, e.amount)`,
  },
  {
    name: 'ids_have_one_fate',
    broken: 'this id was refused, and is a transfer too',
    sql: `select t.id, t.code as transfer, r.code as refusal from ledger.transfers t join ledger.refusals r using (id)`,
  },
  {
    name: 'reversals_mirror_their_transfer',
    broken: 'this transfer was reversed twice, or by other amounts than its own',
    sql: `
      with sides as (
        select t.reverses as transfer_id, e.account_id, e.amount
          from ledger.transfers t join ledger.entries e on e.transfer_id = t.id where t.reverses is not null
        union all
        select e.transfer_id, e.account_id, e.amount
          from ledger.entries e where e.transfer_id in (select reverses from ledger.transfers where reverses is not null))
      select s.transfer_id, ${account}, sum(s.amount) as off_by
        from sides s join ledger.accounts a on a.id = s.account_id
       group by s.transfer_id, a.id having sum(s.amount) <> 0`,
  },
];
