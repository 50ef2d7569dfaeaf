-- What every account of a kind holds together, per currency. Over all kinds the sum is zero.
create or replace function ledger.trial_balance() returns table (kind text, currency text, debit numeric, credit numeric)
  language sql stable security definer set search_path = ledger, pg_temp as $$
  select a.kind, a.currency, -least(sum(a.posted), 0), greatest(sum(a.posted), 0)
    from ledger.accounts a group by a.kind, a.currency order by a.currency, a.kind
$$;

-- What is owed to the players, by where it stands.
create or replace function ledger.liability() returns table (
  currency text, cash numeric, in_play numeric, pending_withdrawals numeric, payouts_in_flight numeric, returned numeric, total numeric)
  language sql stable security definer set search_path = ledger, pg_temp as $$
  with sums as (select a.currency, a.kind, sum(a.posted) as posted from ledger.accounts a group by a.currency, a.kind),
  wide as (
    select s.currency,
           coalesce(sum(posted) filter (where kind = 'player_cash'), 0) as cash,
           coalesce(sum(posted) filter (where kind = 'stakes_in_play'), 0) as in_play,
           coalesce(sum(posted) filter (where kind = 'player_held'), 0) as held,
           coalesce(sum(posted) filter (where kind = 'payouts_in_flight'), 0) as in_flight,
           coalesce(sum(posted) filter (where kind = 'returned_payouts'), 0) as returned
      from sums s group by s.currency)
  select w.currency, w.cash, w.in_play, w.held, w.in_flight, w.returned, w.cash + w.in_play + w.held + w.in_flight + w.returned
    from wide w order by w.currency
$$;
