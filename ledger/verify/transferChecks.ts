import type { Check } from './checks.ts';

/**
 * The transfers written between $1 and $2 with their outcomes and their entries, a row for each entry, and the entries of that time
 * without a transfer: read once, for all checks over them, and side by side, for both are in order of time. What is sought
 * by id is sought one by one (`offset 0`): the planner would rather read all outcomes, or all accounts, for each piece.
 *
 * Few transfers are odd, mostly none: those with less than two entries, with entries that do not sum to zero, or of several
 * currencies or players. The checks of these look at them alone.
 */
export const TRANSFERS = `
  with lines as materialized (
    select * from ledger.entries where written_at between $1 and $2
  ), touched as materialized (
    select a.* from (select distinct account_id from lines) l
     cross join lateral (select id, currency, owner, is_player from ledger.accounts where id = l.account_id offset 0) a
  ), mine as materialized (
    select t.*, e.transfer_id, e.account_id, e.version, e.amount, a.id as account, a.currency, a.owner, a.is_player
      from (select t.id, t.code, t.reverses, t.written_at, o.decided_at, o.refusal
              from ledger.transfers t
              left join lateral (select decided_at, refusal from ledger.outcomes where id = t.id offset 0) o on true
             where t.written_at between $1 and $2) t
      full join lines e on e.written_at = t.written_at and e.transfer_id = t.id
      left join touched a on a.id = e.account_id
  ), odd as materialized (
    select m.* from mine m join (
      select id from mine where id is not null group by id
      having count(*) < 2 or sum(amount) <> 0 or count(account) < count(*)
          or min(currency collate "C") <> max(currency collate "C")
          or min(owner collate "C") filter (where is_player) <> max(owner collate "C") filter (where is_player)) o on o.id = m.id
  )`;

/** What must hold between a transfer, its entries, its outcome and the transfer it reverses. */
export const TRANSFER_CHECKS: readonly Check[] = [
  {
    name: 'transfers_sum_to_zero',
    over: 'transfers',
    broken: 'the entries of this transfer do not sum to zero in this currency',
    sql: `select id as transfer_id, currency, sum(amount) as off_by from odd group by id, currency having sum(amount) <> 0`,
  },
  {
    name: 'transfers_have_entries',
    over: 'transfers',
    broken: 'this transfer has fewer than two entries',
    sql: `
      select id as transfer_id, code, count(account_id) as entries
        from odd group by id, code having count(account_id) < 2`,
  },
  {
    name: 'transfers_touch_one_player',
    over: 'transfers',
    broken: 'this transfer moves money of several players',
    sql: `
      select id as transfer_id, array_agg(distinct owner) as players
        from odd where is_player group by id having count(distinct owner) > 1`,
  },
  {
    name: 'entries_have_transfer_and_account',
    over: 'transfers',
    broken: 'this entry is of no transfer of its time, or of no account',
    sql: `
      select account_id, version, transfer_id, amount
        from mine where account_id is not null and (id is null or account is null)`,
  },
  {
    name: 'transfers_have_their_outcome',
    over: 'transfers',
    broken: 'this transfer is not what its id was answered: refused, at another time, or nothing',
    sql: `
      select distinct id as transfer_id, code, written_at, decided_at, refusal
        from mine where id is not null and (refusal is not null or decided_at is distinct from written_at)`,
  },
  {
    name: 'reversals_are_of_what_was_moved',
    over: 'transfers',
    broken: 'the reversals of this transfer moved more than it did, or something else',
    sql: `
      with asked as (
        select distinct reverses as id from mine where reverses is not null
      ), sums as (
        -- By account as a whole: where a transfer left the player out, its reversal may use another bucket.
        select x.id, a.kind || ':' || a.owner || ':' || a.currency as account, coalesce(sum(e.amount) filter (where not x.back), 0) as moved,
               coalesce(sum(e.amount) filter (where x.back), 0) as reversed
          from (select q.id, r.id as transfer_id, r.written_at, true as back from asked q join ledger.transfers r on r.reverses = q.id
                union all select q.id, q.id, o.decided_at, false from asked q join ledger.outcomes o on o.id = q.id) x
          join ledger.entries e on e.written_at = x.written_at and e.transfer_id = x.transfer_id
          join ledger.accounts a on a.id = e.account_id
         group by x.id, account)
      select s.id as transfer_id, s.account, s.moved, s.reversed from sums s
       where s.reversed <> 0 and (sign(s.reversed) = sign(s.moved) or abs(s.reversed) > abs(s.moved))`,
  },
];

/** Over $1 < id <= $2. */
export const OUTCOME_CHECKS: readonly Check[] = [
  {
    name: 'outcomes_have_their_transfer',
    over: 'outcomes',
    broken: 'this id was answered as applied, and there is no such transfer',
    sql: `
      select o.id, o.decided_at from ledger.outcomes o
       where o.id > $1::uuid and o.id <= $2::uuid and o.refusal is null
         and not exists (select from ledger.transfers t where t.written_at = o.decided_at and t.id = o.id)`,
  },
];
