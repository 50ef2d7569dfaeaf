-- What every account of a kind holds together, per currency. Over all kinds the sum is zero.
create or replace function ledger.trial_balance() returns table (kind text, currency text, debit numeric, credit numeric)
  language sql stable security definer set search_path = ledger, pg_temp as $$
  select a.kind, a.currency, -least(sum(a.posted), 0), greatest(sum(a.posted), 0)
    from ledger.accounts a group by a.kind, a.currency order by a.currency, a.kind
$$;

-- What is owed to the players, by where it stands. Reads the accounts of the house and of providers, the open holds and the
-- players who owe, and not the cash of every player: all accounts of a currency sum to zero, so that cash is what the others
-- leave. (`npm run verify` is what sums the players.)
create or replace function ledger.liability() returns table (
  currency text, cash numeric, in_play numeric, pending_withdrawals numeric, payouts_in_flight numeric, returned numeric, total numeric)
  language sql stable security definer set search_path = ledger, pg_temp set enable_seqscan = off as $$
  with part as (
    select a.currency, k.kind, a.posted
      from ledger.kinds k cross join lateral (select currency, sum(posted) as posted from ledger.accounts where kind = k.kind group by currency) a
     where k.owned_by <> 'player'
    union all
    select a.currency, 'player_held', h.amount - h.captured
      from ledger.holds h cross join lateral (select currency from ledger.accounts where id = h.account_id limit 1) a
     where h.state = 'open'
    union all
    select currency, kind, posted from ledger.accounts where is_player and ceiling = 0 and posted < 0
  ), wide as (
    select p.currency, -sum(posted) as cash,
           coalesce(sum(posted) filter (where kind = 'stakes_in_play'), 0) as in_play,
           coalesce(sum(posted) filter (where kind = 'player_held'), 0) as held,
           coalesce(sum(posted) filter (where kind = 'payouts_in_flight'), 0) as in_flight,
           coalesce(sum(posted) filter (where kind = 'returned_payouts'), 0) as returned
      from part p group by p.currency)
  select w.currency, w.cash, w.in_play, w.held, w.in_flight, w.returned, w.cash + w.in_play + w.held + w.in_flight + w.returned
    from wide w order by w.currency
$$;
