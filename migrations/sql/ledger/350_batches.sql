-- Many at once of what is elsewhere done one by one: a verdict for each, in their order, judged on the balances that those
-- before it leave. A refusal is nothing to the others, an id named twice is answered as a replay, and all commit with one flush.

-- ledger.post_net for many. As long as no player comes twice, none changes what another has: those are posted by one ledger.post_all.
create or replace function ledger.post_net_all(p_nets ledger.net[]) returns table (verdict ledger.verdict, owed bigint)
  language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  -- Of each, where the same player came last.
  before constant integer[] := array(
    select coalesce(lag(at) over (partition by player, currency order by at), 0) from unnest(p_nets) with ordinality
        as n (id, code, business_id, happened_at, player, currency, amount, house, repay, at) order by at);
  from_at integer := 1;
  to_at integer;
  deeds ledger.deed[];
  on_account bigint[];
begin
  if exists (select from unnest(p_nets) n, unnest(n.house) leg where starts_with(leg.kind, 'player_') and leg.amount <> 0) then
    raise exception 'p_house names the player' using errcode = 'check_violation', constraint = 'legs_make_sense';
  end if;
  perform ledger.lock_ids(array(select id from unnest(p_nets)));
  perform ledger.lock_accounts(array_agg(distinct leg)) from (
    select row(kind, n.player, n.currency, 0, 0)::ledger.leg as leg from unnest(p_nets) n, unnest(array['player_cash', 'player_receivable']) kind
    union all select row(h.kind, h.owner, h.currency, 0, 0)::ledger.leg from unnest(p_nets) n, unnest(n.house) h) legs
  having count(*) > 0;
  while from_at <= cardinality(p_nets) loop
    to_at := from_at;
    while before[to_at + 1] < from_at loop to_at := to_at + 1; end loop;
    select array_agg(row(n.id, n.code, n.business_id, n.happened_at,
               n.house || row('player_cash', n.player, n.currency, n.amount - n.on_account, 0)::ledger.leg
                 || case when n.on_account <> 0 then array[row('player_receivable', n.player, n.currency, n.on_account, 0)::ledger.leg] end,
               n.content)::ledger.deed order by n.at), array_agg(n.on_account order by n.at)
      into deeds, on_account
      from (select n.*, md5(row(n.code, n.business_id, n.player, n.currency, n.amount, n.house, n.repay)::text)::uuid as content,
                   case when n.amount < 0 then least(0, n.amount + cash.posted) when n.repay then least(n.amount, -debt.posted) else 0 end as on_account
              from unnest(p_nets[from_at:to_at]) with ordinality as n (id, code, business_id, happened_at, player, currency, amount, house, repay, at)
              left join ledger.accounts cash on (cash.kind, cash.owner, cash.currency, cash.bucket) = ('player_cash', n.player, n.currency, 0)
              left join ledger.accounts debt on (debt.kind, debt.owner, debt.currency, debt.bucket) = ('player_receivable', n.player, n.currency, 0)) n;
    return query
      select v.verdict, case when n.amount >= 0 or (v.verdict).outcome = 'refused' then 0
                             when (v.verdict).replayed then ledger.owed_since(n.id) else -coalesce(n.on_account, 0) end
        from (select row(p.outcome, p.code, p.facts, p.replayed, p.balance, p.transfer_id)::ledger.verdict as verdict, at
                from ledger.post_all(deeds) with ordinality as p (outcome, code, facts, replayed, balance, transfer_id, at)) v
        join unnest(array(select id from unnest(p_nets[from_at:to_at])), array(select amount from unnest(p_nets[from_at:to_at])), on_account)
               with ordinality as n (id, amount, on_account, at) using (at)
       order by v.at;
    from_at := to_at + 1;
  end loop;
end $$;

-- Locks the holds, and after them all accounts that these and what they are captured to move, in the one order.
create or replace function ledger.lock_holds(p_holds uuid[], p_to_kinds text[], p_to_owners text[]) returns void language plpgsql as $$
begin
  perform from ledger.holds h where h.id = any (p_holds) order by h.id for no key update;
  perform ledger.lock_accounts(array_agg(distinct leg)) from (
    select case when x.kind is null then row(t.to_kind, t.to_owner, a.currency, 0, 0)::ledger.leg else row(x.kind, a.owner, a.currency, 0, 0)::ledger.leg end as leg
      from (select distinct hold, to_kind, to_owner from unnest(p_holds, p_to_kinds, p_to_owners) as asked (hold, to_kind, to_owner)) t
      join ledger.holds h on h.id = t.hold join ledger.accounts a on a.id = h.account_id
      cross join unnest(array['player_held', 'player_cash', null]) x (kind)
     where x.kind is not null or t.to_kind is not null) legs
  having count(*) > 0;
end $$;

-- ledger.capture for many.
create or replace function ledger.capture_all(
  p_ids uuid[], p_holds uuid[], p_codes text[], p_businesses text[], p_happened timestamptz[], p_amounts bigint[],
  p_to_kinds text[], p_to_owners text[], p_release boolean[]
) returns setof ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform ledger.lock_ids(p_ids);
  perform ledger.lock_holds(p_holds, p_to_kinds, p_to_owners);
  for at in 1..cardinality(p_ids) loop
    return next ledger.capture(p_ids[at], p_holds[at], p_codes[at], p_businesses[at], p_happened[at], p_amounts[at],
      p_to_kinds[at], p_to_owners[at], p_release[at]);
  end loop;
end $$;

-- ledger.void for many.
create or replace function ledger.void_all(p_holds uuid[], p_codes text[], p_businesses text[], p_happened timestamptz[])
  returns setof ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform ledger.lock_ids(p_holds);
  perform ledger.lock_holds(p_holds, array_fill(null::text, array[cardinality(p_holds)]), array_fill(null::text, array[cardinality(p_holds)]));
  for at in 1..cardinality(p_holds) loop
    return next ledger.void(p_holds[at], p_codes[at], p_businesses[at], p_happened[at]);
  end loop;
end $$;
