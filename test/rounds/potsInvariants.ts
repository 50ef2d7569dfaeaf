import type { Check } from '../../ledger/verify/checks.ts';

/** What wagers that were taken contributed, one row a wager and pot. */
const TAKEN = `
  select w.client_id, w.wager_id, w.status, c ->> 'potId' as pot_id, (c ->> 'amount')::bigint as amount
    from rounds.wagers w, jsonb_array_elements(w.contributions) c where w.status not in ('refused', 'tombstoned')`;

/** What rollbacks took out of pots again. */
const ROLLED_BACK = `
  select a.owner as pot_id, t.business_id, -e.amount as amount
    from ledger.transfers t join ledger.entries e on e.transfer_id = t.id join ledger.accounts a on a.id = e.account_id
   where t.code = 'stake_rollback' and a.kind = 'jackpot'`;

/** What holds of pots whenever no operation is under way. */
export const POTS_CHECKS: readonly Check[] = [
  {
    name: 'pots_are_never_below_zero',
    broken: 'this pot gave more than it had',
    sql: `select owner, currency, sum(posted) as posted from ledger.accounts where kind = 'jackpot' group by 1, 2 having sum(posted) < 0`,
  },
  {
    name: 'jackpot_accounts_are_pots',
    broken: 'this account is of no pot, or of another currency than its pot',
    sql: `
      select a.owner, a.currency from ledger.accounts a
       where a.kind = 'jackpot' and not exists (select from rounds.pots p where (p.pot_id, p.currency) = (a.owner, a.currency))`,
  },
  {
    name: 'pots_are_what_went_in_and_out',
    broken: 'this pot differs from its seeds and contributions less what was won and given back',
    sql: `
      select p.pot_id, a.posted, p.seed, t.amount as contributed, r.amount as rolled_back, c.amount as changes
        from rounds.pots p
        left join lateral (select sum(posted) as posted from ledger.accounts where kind = 'jackpot' and owner = p.pot_id) a on true
        left join lateral (select sum(amount) as amount from (${TAKEN}) t where t.pot_id = p.pot_id) t on true
        left join lateral (select sum(amount) as amount from (${ROLLED_BACK}) r where r.pot_id = p.pot_id) r on true
        left join lateral (
          select sum(c.seeded - c.won - c.given_back) as amount from rounds.pot_changes c where c.pot_id = p.pot_id and c.status = 'posted') c on true
       where not exists (select from rounds.pot_changes c where c.pot_id = p.pot_id and c.status = 'undone')
         and coalesce(a.posted, 0) <> p.seed + coalesce(t.amount, 0) - coalesce(r.amount, 0) + coalesce(c.amount, 0)`,
  },
  {
    name: 'contributions_are_given_back_once',
    broken: 'of this wager a pot gave back more than it got',
    sql: `
      select t.client_id, t.wager_id, t.pot_id, t.amount, coalesce(r.amount, 0) + coalesce(c.amount, 0) as given_back
        from (${TAKEN}) t
        left join lateral (
          select sum(amount) as amount from (${ROLLED_BACK}) r
           where r.pot_id = t.pot_id and r.business_id = 'wager/' || t.client_id || '/' || t.wager_id) r on true
        left join lateral (
          select sum(c.given_back) as amount from rounds.pot_changes c
           where (c.wager_id, c.client_id, c.pot_id, c.status) = (t.wager_id, t.client_id, t.pot_id, 'posted')) c on true
       where coalesce(r.amount, 0) + coalesce(c.amount, 0) > case when t.status in ('rolled_back', 'voided') then t.amount else 0 end`,
  },
  {
    name: 'wagers_never_win_less_than_nothing',
    broken:
      'more was taken back of this wager than it won from the pot, or a wager that counts nothing won something',
    sql: `
      select w.client_id, w.wager_id, w.status, c.pot_id, sum(c.won) as won
        from rounds.pot_changes c join rounds.wagers w using (client_id, wager_id)
       where c.status = 'posted' group by w.client_id, w.wager_id, w.status, c.pot_id
      having sum(c.won) < 0 or (w.status <> 'settled' and sum(c.won) <> 0)`,
  },
  {
    name: 'promises_are_kept_or_broken',
    broken: 'this pot is promised to an operation that has ended',
    sql: `
      select c.operation_id, c.pot_id from rounds.pot_changes c join rounds.operations o using (client_id, kind, operation_id)
       where c.status = 'promised' and o.status not in ('running', 'needs_attention')`,
  },
];
