import type { Check } from '../../ledger/verify/checks.ts';
import { POTS_CHECKS } from './potsInvariants.ts';

/** What holds between the rounds' records and the ledger whenever no operation is under way. */
export const ROUNDS_CHECKS: readonly Check[] = [
  ...POTS_CHECKS,
  {
    name: 'stakes_in_play_are_open_wagers',
    broken: 'stakes in play differ from the stakes of open wagers',
    sql: `
      select coalesce(a.currency, w.currency) as currency, a.posted, w.amount
        from (select currency, sum(posted) as posted from ledger.accounts where kind = 'stakes_in_play' group by currency) a
        full join (select currency, sum(amount) as amount from rounds.wagers where status = 'open' group by currency) w on w.currency = a.currency
       where coalesce(a.posted, 0) <> coalesce(w.amount, 0)`,
  },
  {
    name: 'house_gaming_is_settled_wagers',
    broken:
      'the gross gaming revenue and the pots differ from what was staked and settled less what was paid and won from pots',
    sql: `
      select coalesce(a.currency, w.currency) as currency, a.posted, w.amount
        from (select currency, sum(posted) as posted from ledger.accounts where kind in ('house_gaming', 'jackpot') group by currency) a
        full join (
          select currency, sum(amount) as amount
            from (select currency, amount - payout as amount from rounds.wagers where status = 'settled'
                  union all
                  select p.currency, -c.won from rounds.pot_changes c join rounds.pots p using (pot_id) where c.status = 'posted') each
           group by currency) w on w.currency = a.currency
       where coalesce(a.posted, 0) <> coalesce(w.amount, 0)`,
  },
  {
    name: 'wagers_name_transfers_that_exist',
    broken: 'this wager names a transfer that is not in the ledger',
    sql: `
      select w.wager_id, named.id from rounds.wagers w, unnest(w.transfer_ids) named (id)
       where not exists (select from ledger.transfers t where t.id = named.id)`,
  },
  {
    name: 'refused_and_tombstoned_wagers_moved_nothing',
    broken: 'this wager was refused or tombstoned and has transfers or a payout',
    sql: `select wager_id from rounds.wagers where status in ('refused', 'tombstoned') and (transfer_ids <> '{}' or payout <> 0)`,
  },
  {
    name: 'operations_end',
    broken: 'this operation is neither terminal nor parked, or holds a round although it is not parked',
    sql: `
      select o.client_id, o.kind, o.operation_id, o.status from rounds.operations o
        left join rounds.rounds r on (r.client_id, r.round_id, r.claim_kind, r.claim_id) = (o.client_id, o.round_id, o.kind, o.operation_id)
       where o.status in ('requested', 'running') or (r.round_id is not null) <> (o.status = 'needs_attention')`,
  },
  {
    name: 'no_round_is_left_settling',
    broken: 'this round is settling, or claimed, and nobody works on it',
    sql: `select round_id from rounds.rounds where status = 'settling' or (claim_id is not null and status <> 'needs_attention')`,
  },
  {
    name: 'ended_rounds_have_no_open_wager',
    broken: 'this wager is open in a round that ended',
    sql: `
      select r.round_id, w.wager_id from rounds.rounds r join rounds.wagers w using (client_id, round_id)
       where r.status in ('closed', 'voided') and w.status = 'open'`,
  },
  {
    name: 'operations_have_a_round',
    broken: 'this operation is of a round that does not exist',
    sql: `select operation_id from rounds.operations o where not exists (select from rounds.rounds r where (r.client_id, r.round_id) = (o.client_id, o.round_id))`,
  },
  {
    name: 'operations_are_whole',
    broken: 'this move is missing in an operation that is done, or left in one that was refused',
    sql: `
      select m.operation_id, m.seq from rounds.moves m join rounds.operations o using (client_id, kind, operation_id)
       where (o.status = 'done' and (not m.posted or m.undone)) or (o.status = 'refused' and m.posted <> m.undone)`,
  },
];
