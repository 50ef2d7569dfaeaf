-- A settlement in one transaction, for clients marked so: the same steps, tables and verdicts as by workflow.
-- `ran` is false where it is too large for that, or another operation works on the round: then a workflow takes it on.
create or replace function rounds.settle_direct(
  p_client text, p_id text, p_round text, p_request jsonb, p_workflow text, p_most integer,
  out problem jsonb, out replayed boolean, out ran boolean, out op rounds.operations
) language plpgsql as $$
declare
  requested record;
begin
  if (rounds.settle_together(array[p_client], array[p_id], array[p_round], array[p_request], p_most))[1] then
    replayed := false;
    ran := true;
    select * into op from rounds.operation(p_client, 'settlement', p_id);
    return;
  end if;
  requested := rounds.request_operation(p_client, 'settlement', p_id, p_round, p_request, null);
  problem := requested.problem;
  replayed := requested.replayed;
  op := requested.op;
  if problem is not null then return; end if;
  ran := op.status <> 'requested'
    or (op.workflow_id is null and rounds.is_small(op, p_most) and rounds.at_once(p_client, 'settlement', p_id, 1000) <> 'busy');
  if not ran then
    update rounds.operations set workflow_id = p_workflow where (client_id, kind, operation_id) = (p_client, 'settlement', p_id);
  end if;
  select * into op from rounds.operation(p_client, 'settlement', p_id);
end $$;

-- Settlements of many callers, each as if it came alone, in one transaction. All is locked before, in the one order; those that
-- are usual go together, the others one by one, after them.
create or replace function rounds.settle_direct_all(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[], p_workflows text[], p_most integer)
  returns table (problem jsonb, replayed boolean, ran boolean, op rounds.operations) language plpgsql as $$
declare
  together boolean[];
begin
  perform rounds.lock_settlements(p_clients, p_ids, p_rounds, p_requests);
  together := rounds.settle_together(p_clients, p_ids, p_rounds, p_requests, p_most);
  for at in 1..cardinality(p_ids) loop
    if together[at] then
      return query select null::jsonb, false, true, o from rounds.operation(p_clients[at], 'settlement', p_ids[at]) o;
    else
      return query select d.problem, d.replayed, d.ran, d.op
        from rounds.settle_direct(p_clients[at], p_ids[at], p_rounds[at], p_requests[at], p_workflows[at], p_most) d;
    end if;
  end loop;
end $$;

create or replace function rounds.lock_settlements(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[]) returns void language plpgsql as $$
declare
  pots constant text[] := array(select distinct pot_id from unnest(p_requests) request, rounds.named_wins(request) where rounds.names_wins(request));
begin
  perform rounds.lock_ids('settlement', p_clients, p_ids);
  -- One that is known may be a workflow's by now, which locks it before its round.
  perform from (select distinct client, id from unnest(p_clients, p_ids) s (client, id) order by client, id) s,
    lateral (
      select from rounds.operations where client_id = s.client and kind = 'settlement' and operation_id = s.id for no key update) o;
  perform rounds.lock_round(client, round, true)
    from (select distinct client, round from unnest(p_clients, p_rounds) s (client, round) order by client, round) r;
  perform from (
      select client, item ->> 'wagerId' as wager from unnest(p_clients, p_requests) s (client, request), jsonb_array_elements(request -> 'outcomes') item
      union
      select client, w.wager_id from unnest(p_clients, p_rounds, p_requests) s (client, round, request)
       cross join lateral rounds.wagers_of(s.client, s.round) w
       where w.status = 'open' and (s.request ->> 'closeRound')::boolean
       order by wager, client) c,
    lateral (select from rounds.wagers w where (w.wager_id, w.client_id) = (c.wager, c.client) for no key update) w;
  perform rounds.lock_pots(pots);
  perform rounds.lock_accounts(array_agg(w.player_id), array_agg(w.currency), pots)
     from (select distinct client, round from unnest(p_clients, p_rounds) s (client, round)) s
    cross join lateral rounds.wagers_of(s.client, s.round) w where w.status in ('open', 'settled');
end $$;

-- The usual case, for many in few statements: new settlements, each of a free, open round of its own, with wagers of one player
-- that all fit. Writes what the steps would have written one after the other. Answers which these were; with the others nothing
-- is done. All is locked by now.
create or replace function rounds.settle_together(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[], p_most integer) returns boolean[]
  language plpgsql as $$
declare
  picks constant rounds.pick[] := rounds.pick_settlements(p_clients, p_ids, p_rounds, p_requests, p_most);
  sums rounds.settled[] := array(
    select row(at, (p_requests[at] ->> 'closeRound')::boolean, min(round_place), min(player_id), min(currency), coalesce(sum(wins), 0),
               coalesce(sum(amount) filter (where was_status = 'open'), 0), count(*) filter (where was_status = 'open'), null, null)::rounds.settled
      from unnest(picks) group by at order by at);
  verdicts ledger.verdict[];
  paid integer := 0;
  together boolean[] := array_fill(false, array[cardinality(p_ids)]);
begin
  if cardinality(sums) = 0 then return together; end if;
  verdicts := array(
    select p.verdict from ledger.post_net_all(array(
      select row(ledger.derive_id('settlement', p_clients[at], p_ids[at], player_id, currency), 'settlement', 'settlement/' || p_clients[at] || '/' || p_ids[at],
                 clock_timestamp(), player_id, currency, net, rounds.house_legs(currency, net, staked), true)::ledger.net
        from unnest(sums) where net > 0 or staked > 0)) p);
  for nth in 1..cardinality(sums) loop
    if sums[nth].net > 0 or sums[nth].staked > 0 then
      paid := paid + 1;
      continue when verdicts[paid].code is not null; -- the steps will say why
      sums[nth].transfer_id := verdicts[paid].transfer_id;
      sums[nth].balance := verdicts[paid].balance;
    else
      sums[nth].balance := ledger.cash(sums[nth].player_id, sums[nth].currency);
    end if;
    together[sums[nth].at] := true;
  end loop;
  perform rounds.record_settled(array(select p from unnest(picks) p where together[p.at]), array(select s from unnest(sums) s where together[s.at]),
    p_clients, p_ids, p_rounds, p_requests);
  return together;
end $$;

-- The wagers that usual settlements decide, with what they win; a settlement without a wager has one row without one.
create or replace function rounds.pick_settlements(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[], p_most integer) returns rounds.pick[]
  language plpgsql as $$
begin
  return array(
    select row(at, wager_id, wins, place, round_place, player_id, currency, amount, status, payout)::rounds.pick from (
      select s.at, c.wager_id, c.wins, w.place, r.place as round_place, w.player_id, w.currency, w.amount, w.status, w.payout,
             bool_and(c.wager_id is null or coalesce(w.round_id = s.round and w.status in ('open', 'settled'), false)) over mine
               and min(w.player_id) over mine is not distinct from max(w.player_id) over mine
               and min(w.currency) over mine is not distinct from max(w.currency) over mine
               and count(*) over mine <= p_most as fits
        from (select client, id, round, request, at, min(at) over (partition by client, id) as by_id, min(at) over (partition by client, round) as by_round
                from unnest(p_clients, p_ids, p_rounds, p_requests) with ordinality as s (client, id, round, request, at)) s
       cross join lateral (
          select ctid as place, status, claim_id from rounds.rounds where round_id = s.round and client_id = s.client offset 0) r
        left join lateral rounds.decided(s.client, s.round, s.request) c on true
        left join lateral (
          select ctid as place, * from rounds.wagers where wager_id = c.wager_id and client_id = s.client offset 0) w on true
       where s.at = by_id and s.at = by_round and r.status = 'open' and r.claim_id is null and jsonb_array_length(s.request -> 'outcomes') <= p_most and not rounds.names_wins(s.request)
         and not exists (select from rounds.operation(s.client, 'settlement', s.id))
      window mine as (partition by s.at)) picked
     where fits order by at, wager_id);
end $$;

-- What a settlement decides: the wagers it names, and where it closes the round the rest that are open, at 0.
create or replace function rounds.decided(p_client text, p_round text, p_request jsonb) returns table (wager_id text, wins bigint) language sql stable as $$
  select n.wager_id, max(n.wins) from (
      select item ->> 'wagerId' as wager_id, (item ->> 'payout')::bigint as wins from jsonb_array_elements(p_request -> 'outcomes') item
      union all
      select w.wager_id, 0 from rounds.wagers_of(p_client, p_round) w where w.status = 'open' and (p_request ->> 'closeRound')::boolean) n
   group by n.wager_id
$$;

create or replace function rounds.record_settled(
  p_picks rounds.pick[], p_sums rounds.settled[], p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[]
) returns void language plpgsql as $$
declare
  transfers uuid[]; -- in the places of the requests
  written integer;
begin
  for nth in 1..cardinality(p_sums) loop transfers[p_sums[nth].at] := p_sums[nth].transfer_id; end loop;
  insert into rounds.operations (client_id, kind, operation_id, round_id, request, status, round_was, round_status, settled, ended_at, totals, balances)
    select p_clients[at], 'settlement', p_ids[at], p_rounds[at], p_requests[at], 'done', 'open', case when closing then 'closed' else 'open' end, settled,
           clock_timestamp(),
           case when player_id is null then '[]' else jsonb_build_array(jsonb_build_object('currency', currency, 'paid', net, 'takenBack', 0, 'receivable', 0)) end,
           case when player_id is null then '[]' else jsonb_build_array(jsonb_build_object('playerId', player_id, 'currency', currency, 'cash', balance)) end
      from unnest(p_sums);
  insert into rounds.outcomes (client_id, kind, operation_id, wager_id, payout, was_status, was_payout, transfer_id)
    select p_clients[at], 'settlement', p_ids[at], wager_id, wins, was_status, was_payout, transfers[at] from unnest(p_picks) where wager_id is not null;
  insert into rounds.moves (client_id, kind, operation_id, seq, player_id, currency, net, from_stakes, transfer_id, posted, balance)
    select p_clients[at], 'settlement', p_ids[at], 1, player_id, currency, net, staked, transfer_id, true, balance from unnest(p_sums) where player_id is not null;
  update rounds.wagers w set status = 'settled', payout = w.payout + p.wins, transfer_ids = array_remove(w.transfer_ids || transfers[p.at], null)
    from unnest(p_picks) p where w.ctid = p.place;
  get diagnostics written = row_count;
  if written <> (select count(*) from unnest(p_picks) where wager_id is not null) then
    raise exception 'a wager has moved although it is locked' using errcode = 'internal_error';
  end if;
  update rounds.rounds r set status = 'closed', closed_at = clock_timestamp() from unnest(p_sums) s where s.closing and r.ctid = s.round_place;
end $$;

-- Few outcomes, of one player: a guess without locks that only chooses the way, as both ways end the same.
create or replace function rounds.is_small(op rounds.operations, p_most integer) returns boolean language sql stable
  return jsonb_array_length(op.request -> 'outcomes') <= p_most
    and (select count(*) <= 1 from (
      select distinct w.player_id from rounds.wagers_of(op.client_id, op.round_id) w
       where (rounds.is_closing(op) and w.status = 'open' or w.wager_id in (select wager_id from rounds.named_wagers(op.request))) limit 2) players);
