-- Many at once of what is elsewhere done one by one: a verdict for each, in their order, judged on the balances that those
-- before it leave. A refusal is nothing to the others, an id named twice is answered as a replay, and all commit with one flush.

-- ledger.post_net for many.
create or replace function ledger.post_net_all(p_nets ledger.net[]) returns table (verdict ledger.verdict, owed bigint)
  language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  verdicts ledger.verdict[];
begin
  if exists (select from unnest(p_nets) n, unnest(n.house) leg where starts_with(leg.kind, 'player_') and leg.amount <> 0) then
    raise exception 'p_house names the player' using errcode = 'check_violation', constraint = 'legs_make_sense';
  end if;
  verdicts := array(select v from ledger.post_all(array(
    select row(id, code, business_id, happened_at,
               house || array[row('player_cash', player, currency, amount, 0), row('player_receivable', player, currency, 0, 0)]::ledger.leg[],
               md5(row(code, business_id, player, currency, amount, house, repay)::text)::uuid, case when repay then 'repay' else 'keep' end, false)::ledger.deed
      from unnest(p_nets))) v);
  return query
    select v.verdict, case when n.amount >= 0 or (v.verdict).outcome = 'refused' then 0 else ledger.owed_since(n.id) end
      from unnest(array(select id from unnest(p_nets)), array(select amount from unnest(p_nets))) with ordinality as n (id, amount, at)
      join (select row(outcome, code, facts, replayed, balance, transfer_id)::ledger.verdict as verdict, at
              from unnest(verdicts) with ordinality as u (outcome, code, facts, replayed, balance, transfer_id, at)) v using (at)
     order by n.at;
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
  perform ledger.lock_ids(p_ids || p_holds); -- of a hold too: one that is placed meanwhile is there for all of them, or for none
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
