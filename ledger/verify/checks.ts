import { ACCOUNT_CHECKS } from './accountChecks.ts';
import { OUTCOME_CHECKS, TRANSFER_CHECKS } from './transferChecks.ts';

/**
 * One invariant of the ledger: its name, what a row says that breaks it, and the statement that finds such rows.
 *
 * What grows is read in ranges: a check over accounts looks at those with $1 < id <= $2, or of these at ODD_ACCOUNTS, a check over
 * transfers at the rows of TRANSFERS, one over outcomes at ids with $1 < id <= $2. Without `over` it is one statement over all there is.
 */
export interface Check {
  readonly name: string;
  readonly over?: 'accounts' | 'transfers' | 'outcomes';
  readonly broken: string;
  readonly sql: string;
}

/** What must hold between the sums of accounts, and of holds. */
const WHOLE_CHECKS: readonly Check[] = [
  {
    name: 'currencies_sum_to_zero',
    broken: 'the balances of this currency do not sum to zero',
    sql: `select currency, sum(posted) as off_by from ledger.accounts group by currency having sum(posted) <> 0`,
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
    name: 'holds_have_their_transfer',
    broken: 'this hold and the entry that placed it differ',
    sql: `
      select h.id as hold_id, h.state, h.amount, e.amount as placed
        from ledger.holds h
        left join ledger.outcomes o on o.id = h.id
        left join ledger.entries e on e.written_at = o.decided_at and e.transfer_id = h.id and e.account_id = h.account_id and e.amount > 0
       where h.amount is distinct from coalesce(e.amount, 0)`,
  },
];

/** Everything that must hold in the ledger at any moment, beside the chain. Each statement finds the rows that break its invariant. */
export const CHECKS: readonly Check[] = [
  ...ACCOUNT_CHECKS,
  ...TRANSFER_CHECKS,
  ...OUTCOME_CHECKS,
  ...WHOLE_CHECKS,
];
