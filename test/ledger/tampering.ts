/** What a superuser with bad intentions does, and what must be found. */
export const TAMPERING: { by: string; sql: string; finds: string[] }[] = [
  {
    by: 'a changed amount',
    sql: `update ledger.entries set amount = amount + 1 where version = 2 and account_id = (select id from ledger.accounts where kind = 'player_cash' and owner = 'p-1')`,
    finds: ['transfers_sum_to_zero', 'balances_are_sums_of_entries', 'balances_after_follow_each_other'],
  },
  {
    by: 'a changed balance',
    sql: `update ledger.accounts set posted = posted + 1 where kind = 'house_promotions' or kind = 'player_cash'`,
    finds: ['currencies_sum_to_zero', 'balances_are_sums_of_entries'],
  },
  {
    by: 'coins moved from one account to another',
    sql: `update ledger.accounts set posted = posted + case kind when 'player_cash' then 1 else -1 end where (kind = 'player_cash' and owner = 'p-1') or (kind = 'stakes_in_play' and bucket = ledger.bucket('stakes_in_play', 'p-1'))`,
    finds: ['balances_are_sums_of_entries'],
  },
  {
    by: 'a changed balance after',
    sql: `update ledger.entries set balance_after = 0 where version = 1`,
    finds: ['balances_after_follow_each_other'],
  },
  {
    by: 'a removed entry',
    sql: `delete from ledger.entries where version = 2 and account_id = (select id from ledger.accounts where kind = 'player_cash' and owner = 'p-1')`,
    finds: [
      'transfers_have_entries',
      'transfers_sum_to_zero',
      'versions_have_no_gap',
      'balances_after_follow_each_other',
      'balances_are_sums_of_entries',
    ],
  },
  {
    by: 'a version written over',
    sql: `update ledger.accounts set version = version + 1 where kind = 'player_cash'`,
    finds: ['versions_have_no_gap'],
  },
  {
    by: 'a removed transfer and its entries',
    sql: `delete from ledger.entries where transfer_id in (select id from ledger.transfers where code = 'stake');
          delete from ledger.transfers where code = 'stake'`,
    finds: ['balances_are_sums_of_entries', 'versions_have_no_gap', 'outcomes_have_their_transfer'],
  },
  {
    by: 'entries in another order of time',
    sql: `update ledger.entries set written_at = written_at - interval '1 hour' where version = 2`,
    finds: ['entries_are_in_order_of_time', 'entries_have_transfer_and_account'],
  },
  {
    by: 'a removed transfer whose entries stay',
    sql: `delete from ledger.transfers where code = 'stake'`,
    finds: ['entries_have_transfer_and_account'],
  },
  {
    by: 'an entry moved to an account that is not there',
    sql: `update ledger.entries set account_id = -account_id where version = 2`,
    finds: ['entries_have_transfer_and_account'],
  },
  {
    by: 'an overdrawn player',
    sql: `update ledger.accounts set posted = -5 where kind = 'player_cash'`,
    finds: ['accounts_within_bounds'],
  },
  {
    by: 'a lowered floor',
    sql: `update ledger.accounts set floor = -1000 where kind = 'player_cash'`,
    finds: ['accounts_fit_the_chart'],
  },
  {
    by: 'more given out of play than came in',
    sql: `update ledger.accounts set posted = -5 where kind = 'stakes_in_play' and bucket = ledger.bucket('stakes_in_play', 'p-1')`,
    finds: ['debts_are_not_overdrawn'],
  },
  {
    by: 'a hold ended without its money',
    sql: `update ledger.holds set state = 'voided', ended_at = now() where state = 'open'`,
    finds: ['held_is_the_sum_of_open_holds'],
  },
  {
    by: 'a raised hold',
    sql: `update ledger.holds set amount = amount + 1 where state = 'open'`,
    finds: ['held_is_the_sum_of_open_holds', 'holds_have_their_transfer'],
  },
  {
    by: 'money held outside of player_held',
    sql: `update ledger.accounts set held = 5 where kind = 'player_cash'`,
    finds: ['held_is_the_sum_of_open_holds'],
  },
  {
    by: 'a removed hold',
    sql: `delete from ledger.holds where state = 'open'`,
    finds: ['held_money_has_its_hold'],
  },
  {
    by: 'a refusal of what was done',
    sql: `update ledger.outcomes set refusal = 'insufficient_funds', facts = '{}' where id = (select id from ledger.transfers limit 1)`,
    finds: ['transfers_have_their_outcome'],
  },
  {
    by: 'a transfer marked as the reversal of another',
    sql: `update ledger.transfers set reverses = (select id from ledger.transfers where code = 'deposit') where code = 'stake'`,
    finds: ['reversals_are_of_what_was_moved'],
  },
  {
    by: 'an account handed to another player',
    sql: `update ledger.entries set account_id = (select id from ledger.accounts where kind = 'player_cash' and owner = 'p-2'), version = 1
           where account_id = (select id from ledger.accounts where kind = 'stakes_in_play' and bucket = ledger.bucket('stakes_in_play', 'p-1')) and version = 1`,
    finds: ['transfers_touch_one_player'],
  },
];

/** What would stop it, and is dropped first. */
export const CONSTRAINTS = [
  'accounts_never_overdrawn',
  'accounts_never_past_ceiling',
  'accounts_held_belongs_to_holds',
];
