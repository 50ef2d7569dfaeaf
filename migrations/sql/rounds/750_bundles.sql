-- A bundle: wagers, settlements and rollbacks of one player in one round, in their order, each judged on what those before it
-- leave; all or none, in one transaction. Each step keeps the id and the records it would have alone.
-- The request: {playerId, gameId, roundId, currency, finished, steps: [{kind: "wager", id, amount} |
-- {kind: "settlement", id, wagerId, payout} | {kind: "rollback", id, wagerId}]}. Not recorded: a conflict, and refusals of what
-- may come to be. A refused bundle leaves no other record than its own: no step of it is known.
create or replace function rounds.apply_bundle(
  p_client text, p_id text, p_request jsonb, p_objection text,
  out outcome text, out code text, out facts jsonb, out replayed boolean, out balance bigint, out steps jsonb
) language plpgsql as $$
declare
  known rounds.bundles;
begin
  perform rounds.lock_id('bundle', p_client, p_id);
  select * into known from rounds.bundles b where (b.client_id, b.bundle_id) = (p_client, p_id);
  replayed := found and known.request = p_request;
  if replayed then
    select known.outcome, known.code, known.facts, known.balance, known.steps into outcome, code, facts, balance, steps;
    return;
  elsif found then
    outcome := 'refused';
    code := 'idempotency_conflict';
    return;
  end if;
  perform rounds.lock_bundle(p_client, p_id, p_request);
  begin
    steps := rounds.take_steps(p_client, p_request, p_objection);
    if (p_request ->> 'finished')::boolean then perform rounds.finish(p_client, p_id, p_request); end if;
    balance := ledger.cash(p_request ->> 'playerId', p_request ->> 'currency');
    outcome := 'applied';
  exception when sqlstate 'CR002' then -- one of them was refused: nothing of the others is left
    outcome := 'refused';
    code := sqlerrm::jsonb ->> 'code';
    facts := sqlerrm::jsonb -> 'facts';
    steps := '[]';
  end;
  if code in ('idempotency_conflict', 'player_unknown', 'wager_unknown', 'unavailable') then return; end if;
  insert into rounds.bundles (client_id, bundle_id, request, outcome, code, facts, balance, steps)
    values (p_client, p_id, p_request, outcome, code, facts, balance, steps);
end $$;

-- Locks all that the steps will, in the one order.
create or replace function rounds.lock_bundle(p_client text, p_id text, p_request jsonb) returns void language plpgsql as $$
declare
  round constant text := p_request ->> 'roundId';
  player constant text := p_request ->> 'playerId';
begin
  perform rounds.lock_ids(what, clients, ids) from (
    select what, array_agg(p_client) as clients, array_agg(id) as ids from (
        select 1 as nth, 'rollback' as what, step ->> 'id' as id from jsonb_array_elements(p_request -> 'steps') step where step ->> 'kind' = 'rollback'
        union all
        select 2, 'wager', coalesce(step ->> 'wagerId', step ->> 'id') from jsonb_array_elements(p_request -> 'steps') step
        union all
        select 3, 'settlement', step ->> 'id' from jsonb_array_elements(p_request -> 'steps') step where step ->> 'kind' = 'settlement'
        union all
        select 3, 'settlement', rounds.finish_id(p_client, p_id)) named
     group by nth, what order by nth) l;
  perform rounds.lock_round(p_client, round, true);
  perform players.lock_guards(array[player]);
  perform from (
      select coalesce(step ->> 'wagerId', step ->> 'id') as wager from jsonb_array_elements(p_request -> 'steps') step
      union
      select wager_id from rounds.wagers_of(p_client, round) where status = 'open' order by 1) named,
    lateral (select from rounds.wagers w where (w.wager_id, w.client_id) = (named.wager, p_client) for update) w;
  -- Of currencies the player holds: locking opens what of the house is missing, which nobody's mistake may do.
  perform rounds.lock_accounts(array_agg(c.player_id), array_agg(c.currency)) from players.currencies c
   where c.player_id = player and (c.currency = p_request ->> 'currency' or c.currency in (
     select w.currency from rounds.wagers_of(p_client, round) w where (w.status, w.player_id) = ('open', player)));
end $$;

-- Takes the steps one after the other and answers what came of each; the first that is refused raises CR002, with the code and
-- the facts as its message, and where it stands.
create or replace function rounds.take_steps(p_client text, p_request jsonb, p_objection text) returns jsonb language plpgsql as $$
declare
  round constant text := p_request ->> 'roundId';
  player constant text := p_request ->> 'playerId';
  step jsonb;
  at integer := 0;
  answer rounds.answer;
  taken jsonb := '[]';
begin
  if jsonb_array_length(p_request -> 'steps') = 0 and players.objection(player, p_request ->> 'currency') is not null then
    perform rounds.refuse_step(null, players.objection(player, p_request ->> 'currency'), null);
  end if;
  for step in select s from jsonb_array_elements(p_request -> 'steps') s loop
    if step ->> 'kind' <> 'wager' then perform rounds.see_that_it_is_theirs(p_client, p_request, step, at); end if;
    case step ->> 'kind'
      when 'wager' then
        answer := (select a from rounds.place_wagers(array[row(p_client, round, step ->> 'id', player, p_request ->> 'gameId', (step ->> 'amount')::bigint,
          p_request ->> 'currency', p_objection, null)::rounds.stake]) a);
      when 'rollback' then
        answer := rounds.roll_back(p_client, step ->> 'wagerId', step ->> 'id', null);
      else
        answer := rounds.settle_in_bundle(p_client, step ->> 'id', round, jsonb_build_object('closeRound', false,
          'outcomes', jsonb_build_array(jsonb_build_object('wagerId', step ->> 'wagerId', 'payout', step -> 'payout'))));
    end case;
    if answer.code is not null then perform rounds.refuse_step(at, answer.code, answer.facts); end if;
    taken := taken || jsonb_build_object('outcome', answer.outcome, 'transferIds', to_jsonb(answer.transfer_ids));
    at := at + 1;
  end loop;
  return taken;
end $$;

create or replace function rounds.refuse_step(p_at integer, p_code text, p_facts jsonb) returns void language plpgsql as $$
begin
  raise exception using errcode = 'CR002',
    message = jsonb_build_object('code', p_code, 'facts', coalesce(p_facts, '{}') || jsonb_strip_nulls(jsonb_build_object('step', p_at)))::text;
end $$;

-- A settlement names a wager that came, and both it and a rollback one of this player, round and currency.
create or replace function rounds.see_that_it_is_theirs(p_client text, p_request jsonb, p_step jsonb, p_at integer) returns void language plpgsql as $$
declare
  w rounds.wagers;
begin
  select * into w from rounds.wagers where (wager_id, client_id) = (p_step ->> 'wagerId', p_client);
  if not found or w.player_id is null then
    if p_step ->> 'kind' = 'settlement' then perform rounds.refuse_step(p_at, case when w.wager_id is null then 'wager_unknown' else 'wager_rolled_back' end, null); end if;
  elsif (w.player_id, w.round_id, w.currency) is distinct from (p_request ->> 'playerId', p_request ->> 'roundId', p_request ->> 'currency') then
    perform rounds.refuse_step(p_at, 'invalid_state', '{"reason": "the wager is of another player, round or currency"}');
  end if;
end $$;

-- A settlement at once, with the answer of a step. A round that another operation holds is for later: the caller tries again, for
-- here no workflow may take it on.
create or replace function rounds.settle_in_bundle(p_client text, p_id text, p_round text, p_request jsonb) returns rounds.answer language plpgsql as $$
declare
  settled record;
  problem jsonb;
begin
  select * into settled from rounds.settle_direct(p_client, p_id, p_round, p_request, null, 1000000);
  problem := coalesce(settled.problem, case when (settled.op).status = 'refused' then (settled.op).problem end);
  if problem is not null then return rounds.refused(problem ->> 'code', problem -> 'facts'); end if;
  if (settled.op).status <> 'done' then return rounds.refused('unavailable'); end if;
  return rounds.answered('applied', null, array(
    select distinct transfer_id from rounds.outcomes o where (o.client_id, o.kind, o.operation_id) = (p_client, 'settlement', p_id)));
end $$;

create or replace function rounds.finish_id(p_client text, p_bundle text) returns text language sql immutable
  return 'finish-' || ledger.derive_id('finish', p_client, p_bundle);

-- The player has finished: what the player has open in the round is settled at 0, and the round closes unless others play in it. A round
-- that has ended, or that never began (its wager was rolled back before it came), is finished already.
create or replace function rounds.finish(p_client text, p_bundle text, p_request jsonb) returns void language plpgsql as $$
declare
  round constant text := p_request ->> 'roundId';
  mine jsonb;
  others boolean;
  answer rounds.answer;
begin
  if not exists (select from rounds.round(p_client, round) where status = 'open') then return; end if;
  select coalesce(jsonb_agg(jsonb_build_object('wagerId', wager_id, 'payout', 0) order by wager_id) filter (where player_id = p_request ->> 'playerId'), '[]'),
         coalesce(bool_or(player_id <> p_request ->> 'playerId'), false)
    into mine, others from rounds.wagers_of(p_client, round) where status = 'open';
  if others and mine = '[]' then return; end if;
  answer := rounds.settle_in_bundle(p_client, rounds.finish_id(p_client, p_bundle), round, jsonb_build_object('outcomes', mine, 'closeRound', not others));
  if answer.code is not null then perform rounds.refuse_step(null, answer.code, answer.facts); end if;
end $$;
