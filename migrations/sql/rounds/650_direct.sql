-- A settlement in one transaction, for clients marked so: the same steps, tables and verdicts as by workflow.
-- `ran` is false where it is too large for that, or another operation works on the round: then a workflow takes it on.
create or replace function rounds.settle_direct(
  p_client text, p_id text, p_round text, p_request jsonb, p_workflow text, p_most integer,
  out problem jsonb, out replayed boolean, out ran boolean, out op rounds.operations
) language plpgsql as $$
declare
  requested record;
begin
  op := rounds.settle_small(p_client, p_id, p_round, p_request, p_most);
  if op.operation_id is not null then
    replayed := false;
    ran := true;
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
  select * into op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, 'settlement', p_id);
end $$;

-- Settlements of many callers, each as if it came alone, in one transaction. What they lock one by one is locked before, in the
-- one order.
create or replace function rounds.settle_direct_all(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[], p_workflows text[], p_most integer)
  returns table (problem jsonb, replayed boolean, ran boolean, op rounds.operations) language plpgsql as $$
begin
  if cardinality(p_ids) > 1 then
    perform rounds.lock_settlements(p_clients, p_ids, p_rounds, p_requests);
  end if;
  for at in 1..cardinality(p_ids) loop
    return query select d.problem, d.replayed, d.ran, d.op
      from rounds.settle_direct(p_clients[at], p_ids[at], p_rounds[at], p_requests[at], p_workflows[at], p_most) d;
  end loop;
end $$;

create or replace function rounds.lock_settlements(p_clients text[], p_ids text[], p_rounds text[], p_requests jsonb[]) returns void language plpgsql as $$
declare
  pots constant text[] := array(select distinct pot_id from unnest(p_requests) request, rounds.named_wins(request) where rounds.names_wins(request));
begin
  perform rounds.lock_ids('settlement', p_clients, p_ids);
  perform rounds.lock_round(client, round, true)
    from (select distinct client, round from unnest(p_clients, p_rounds) s (client, round) order by client, round) r;
  perform from (
      select client, item ->> 'wagerId' as wager from unnest(p_clients, p_requests) s (client, request), jsonb_array_elements(request -> 'outcomes') item
      union
      select client, w.wager_id from unnest(p_clients, p_rounds, p_requests) s (client, round, request)
        cross join lateral (
          select wager_id from rounds.wagers where (round_id, client_id, status) = (s.round, s.client, 'open') and (s.request ->> 'closeRound')::boolean) w
       order by wager, client) c,
    lateral (select from rounds.wagers w where (w.wager_id, w.client_id) = (c.wager, c.client) for no key update) w;
  perform rounds.lock_pots(pots);
  perform rounds.lock_accounts(array_agg(w.player_id), array_agg(w.currency), pots)
     from unnest(p_clients, p_rounds) s (client, round)
    cross join lateral (
      select player_id, currency from rounds.wagers where (round_id, client_id) = (s.round, s.client) and status in ('open', 'settled')) w;
end $$;

-- The usual case in few statements: a new settlement of a free, open round, with wagers of one player that all fit. Writes what
-- the steps would have written one after the other; null where it is another case, and nothing is done then.
create or replace function rounds.settle_small(p_client text, p_id text, p_round text, p_request jsonb, p_most integer) returns rounds.operations
  language plpgsql as $$
declare
  closing constant boolean := (p_request ->> 'closeRound')::boolean;
  r rounds.rounds;
  op rounds.operations;
  w record;
  wagers text[] := '{}';
  payouts bigint[] := '{}';
  states text[] := '{}';
  before bigint[] := '{}';
  player text;
  currency text;
  net bigint := 0;
  staked bigint := 0;
  open integer := 0;
  transfer uuid;
  money ledger.verdict;
begin
  if jsonb_array_length(p_request -> 'outcomes') > p_most or rounds.names_wins(p_request) then return null; end if;
  perform rounds.lock_id('settlement', p_client, p_id);
  if exists (select from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, 'settlement', p_id)) then return null; end if;
  perform rounds.lock_round(p_client, p_round, true);
  select * into r from rounds.rounds where (round_id, client_id) = (p_round, p_client);
  if r.status is distinct from 'open' or r.claim_id is not null then return null; end if;
  for w in
    select x.*, c.wins from (
        select n.wager_id, max(n.wins) as wins from (
            select item ->> 'wagerId' as wager_id, (item ->> 'payout')::bigint as wins from jsonb_array_elements(p_request -> 'outcomes') item
            union all
            select o.wager_id, 0 from rounds.wagers o where closing and (o.round_id, o.client_id, o.status) = (p_round, p_client, 'open')) n
         group by n.wager_id order by n.wager_id) c
      left join lateral (
        select * from rounds.wagers where wager_id = c.wager_id and client_id = p_client for no key update) x on true
  loop
    player := coalesce(player, w.player_id);
    currency := coalesce(currency, w.currency);
    if w.status is null or w.status not in ('open', 'settled') or w.round_id <> p_round or (w.player_id, w.currency) <> (player, currency)
       or cardinality(wagers) = p_most then
      return null;
    end if;
    wagers := wagers || w.wager_id;
    payouts := payouts || w.wins;
    states := states || w.status;
    before := before || w.payout;
    net := net + w.wins;
    if w.status = 'open' then
      open := open + 1;
      staked := staked + w.amount;
    end if;
  end loop;
  if net > 0 or staked > 0 then
    transfer := ledger.derive_id('settlement', p_client, p_id, player, currency);
    select (p.verdict).* into money from ledger.post_net(transfer, 'settlement', 'settlement/' || p_client || '/' || p_id, clock_timestamp(), player, currency,
      net, rounds.house_legs(currency, net, staked), true) p;
    if money.code is not null then return null; end if;
  end if;
  money.balance := coalesce(money.balance, ledger.cash(player, currency));
  insert into rounds.operations (client_id, kind, operation_id, round_id, request, status, round_was, round_status, settled, ended_at, totals, balances)
    values (p_client, 'settlement', p_id, p_round, p_request, 'done', 'open', case when closing then 'closed' else 'open' end, open, clock_timestamp(),
      case when player is null then '[]' else jsonb_build_array(jsonb_build_object('currency', currency, 'paid', net, 'takenBack', 0, 'receivable', 0)) end,
      case when player is null then '[]' else jsonb_build_array(jsonb_build_object('playerId', player, 'currency', currency, 'cash', money.balance)) end)
    returning * into op;
  if player is not null then
    insert into rounds.outcomes (client_id, kind, operation_id, wager_id, payout, was_status, was_payout, transfer_id)
      select p_client, 'settlement', p_id, o.wager, o.payout, o.state, o.was, transfer from unnest(wagers, payouts, states, before) o (wager, payout, state, was);
    insert into rounds.moves (client_id, kind, operation_id, seq, player_id, currency, net, from_stakes, transfer_id, posted, balance)
      values (p_client, 'settlement', p_id, 1, player, currency, net, staked, transfer, true, money.balance);
    update rounds.wagers x set status = 'settled', payout = x.payout + o.payout, transfer_ids = array_remove(x.transfer_ids || transfer, null)
      from unnest(wagers, payouts) o (wager, payout) where (x.wager_id, x.client_id) = (o.wager, p_client);
  end if;
  if closing then
    update rounds.rounds set status = 'closed', closed_at = clock_timestamp() where (round_id, client_id) = (p_round, p_client);
  end if;
  return op;
end $$;

-- Few outcomes, of one player: a guess without locks that only chooses the way, as both ways end the same.
create or replace function rounds.is_small(op rounds.operations, p_most integer) returns boolean language sql stable
  return jsonb_array_length(op.request -> 'outcomes') <= p_most
    and (select count(*) <= 1 from (
      select distinct w.player_id from rounds.wagers w
       where w.client_id = op.client_id and w.round_id = op.round_id
         and (rounds.is_closing(op) and w.status = 'open' or w.wager_id in (select wager_id from rounds.named_wagers(op.request))) limit 2) players);
