import type { Check } from './checks.ts';

/** The transfers with $1 <= xact < $2, a row for each entry: read once, for all checks over them. */
export const TRANSFERS = `
  with mine as materialized (
    select t.id as transfer_id, t.code, t.reverses, t.written_at, e.account_id, e.amount, a.currency, a.owner, a.is_player
      from ledger.transfers t
      left join ledger.entries e on e.written_at = t.written_at and e.transfer_id = t.id
      left join ledger.accounts a on a.id = e.account_id
     where t.xact >= $1::xid8 and t.xact < $2::xid8)`;

/** What must hold between a transfer, its entries, its outcome and the transfer it reverses. */
export const TRANSFER_CHECKS: readonly Check[] = [
  {
    name: 'transfers_sum_to_zero',
    over: 'transfers',
    broken: 'the entries of this transfer do not sum to zero in this currency',
    sql: `select transfer_id, currency, sum(amount) as off_by from mine group by transfer_id, currency having sum(amount) <> 0`,
  },
  {
    name: 'transfers_have_entries',
    over: 'transfers',
    broken: 'this transfer has fewer than two entries',
    sql: `
      select transfer_id, code, count(account_id) as entries
        from mine group by transfer_id, code having count(account_id) < 2`,
  },
  {
    name: 'transfers_touch_one_player',
    over: 'transfers',
    broken: 'this transfer moves money of several players',
    sql: `
      select transfer_id, array_agg(distinct owner) as players
        from mine where is_player group by transfer_id having count(distinct owner) > 1`,
  },
  {
    name: 'transfers_have_their_outcome',
    over: 'transfers',
    broken: 'this transfer is not what its id was answered: refused, at another time, or nothing',
    sql: `
      select m.transfer_id, m.code, m.written_at, o.decided_at, o.refusal
        from (select distinct transfer_id, code, written_at from mine) m left join ledger.outcomes o on o.id = m.transfer_id
       where o.refusal is not null or o.decided_at is distinct from m.written_at`,
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
