-- Stake and result at once: two transfers in one transaction, all or none. It is a wager and a settlement of it, each
-- under its own id. Closes its round where asked and no other wager of it is open.

-- What a play asks of its settlement's id, to tell a repeat from a conflict.
create or replace function rounds.asked(p rounds.play) returns jsonb language sql immutable
  return jsonb_build_object('play', p.wager_id, 'playerId', p.player_id, 'gameId', p.game_id, 'amount', p.amount, 'currency', p.currency,
    'payout', p.payout, 'closeRound', p.close_round)
    || case when p.contributions is null then '{}' else jsonb_build_object('contributions', p.contributions) end;

-- Plays, each as if it came alone: an answer for each, in one transaction. Those whose ids, player and round are fresh go
-- together; the others one by one, after them.
create or replace function rounds.play_all(p_plays rounds.play[]) returns setof rounds.answer language plpgsql as $$
declare
  answers rounds.answer[];
  places integer[] := rounds.lock_plays(p_plays);
  fresh rounds.play[] := array(select p_plays[at] from unnest(places) at);
  theirs rounds.answer[];
  guarded text[] := players.lock_guards(array(select player_id from unnest(p_plays)));
begin
  if cardinality(fresh) < cardinality(p_plays) then perform rounds.lock_play_accounts(p_plays); end if;
  begin
    theirs := rounds.play_together(fresh, guarded);
  exception when sqlstate 'CR001' then -- a result was refused: its stake goes with it
    perform rounds.lock_play_accounts(p_plays);
    if cardinality(fresh) = 1 then theirs := array[rounds.refused(sqlerrm::jsonb ->> 'code', sqlerrm::jsonb -> 'facts')]; end if;
  end;
  if theirs is not null then
    perform rounds.record_plays(fresh, theirs);
    for nth in 1..cardinality(fresh) loop answers[places[nth]] := theirs[nth]; end loop;
  end if;
  for at in 1..cardinality(p_plays) loop
    if answers[at].outcome is null then answers[at] := rounds.play_known(p_plays[at]); end if;
  end loop;
  return query select * from unnest(answers);
end $$;

create or replace function rounds.lock_play_accounts(p_plays rounds.play[]) returns void language plpgsql as $$
begin
  perform rounds.lock_accounts(array_agg(player_id), array_agg(currency),
    array(select pot from unnest(p_plays) s, unnest(rounds.pots_of(s.contributions)) pot)) from unnest(p_plays);
end $$;

-- A play that is not fresh, or not to be had together with others.
create or replace function rounds.play_known(p rounds.play) returns rounds.answer language plpgsql as $$
declare
  answer rounds.answer;
  op rounds.operations;
begin
  select * into op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p.client_id, 'settlement', p.settlement_id);
  if found and (op.round_id, op.request) is distinct from (p.round_id, rounds.asked(p)) then return rounds.refused('idempotency_conflict'); end if;
  answer := rounds.known_wager(p.client_id, p.round_id, p.wager_id, p.player_id, p.game_id, p.amount, p.currency, p.settlement_id,
    p.contributions);
  if answer.replayed or answer.code is not null then return answer; end if;
  if answer.outcome is not null then -- its rollback came first
    perform rounds.record_settlements(array[p], array[answer]);
    return answer;
  end if;
  -- Not recorded: the pot and the player may come to be.
  if not rounds.knows_pots(p.contributions) then return rounds.refused('not_found'); end if;
  if players.objection(p.player_id, p.currency) = 'player_unknown' then return rounds.refused('player_unknown'); end if;
  return (select a from rounds.play_all(array[p]) a);
end $$;

-- Locks the ids and the rounds of plays in the one order, and answers where those stand that are fresh: of a known player, and
-- the first here to name their wager, their settlement, and their round.
create or replace function rounds.lock_plays(p_plays rounds.play[]) returns integer[] language plpgsql as $$
begin
  perform rounds.lock_ids('wager', array(select client_id from unnest(p_plays)), array(select wager_id from unnest(p_plays)));
  perform rounds.lock_ids('settlement', array(select client_id from unnest(p_plays)), array(select settlement_id from unnest(p_plays)));
  perform rounds.lock_round(client_id, round_id, alone)
    from (select client_id, round_id, bool_or(close_round) as alone from unnest(p_plays) group by client_id, round_id order by client_id, round_id) r;
  return array(
    select at from (
        select client_id, wager_id, settlement_id, player_id, contributions, at, min(at) over (partition by client_id, wager_id) as by_wager,
               min(at) over (partition by client_id, settlement_id) as by_settlement, min(at) over (partition by client_id, round_id) as by_round
          from unnest(p_plays) with ordinality
            as p (client_id, round_id, wager_id, settlement_id, player_id, game_id, amount, currency, payout, close_round, objection, contributions, at)) p
     where at = by_wager and at = by_settlement and at = by_round and (contributions is null or rounds.knows_pots(contributions)) and exists (select from players.players where player_id = p.player_id offset 0)
       and not exists (select from rounds.wager(p.client_id, p.wager_id))
       and not exists (select from rounds.operation(p.client_id, 'settlement', p.settlement_id))
     order by at);
end $$;

-- Moves the money of plays that are fresh, and answers each. Both transfers of one or none: where a stake is refused its result
-- is too; where a result is refused it raises CR001, with the code and the facts as its message.
create or replace function rounds.play_together(p_plays rounds.play[], p_guarded text[]) returns rounds.answer[] language plpgsql as $$
declare
  stakes rounds.stake[];
  objections text[];
  against rounds.answer[];
  money ledger.verdict[];
  stake ledger.verdict;
  result ledger.verdict;
  play rounds.play;
  used integer := 0;
  answers rounds.answer[];
begin
  stakes := array(select row(client_id, round_id, wager_id, player_id, game_id, amount, currency, objection, contributions)::rounds.stake from unnest(p_plays));
  perform rounds.open_rounds(array(select stakes[at] from generate_subscripts(p_plays, 1) at where not (p_plays[at]).close_round));
  objections := rounds.objections(stakes);
  against := rounds.protect(stakes, objections, p_guarded);
  if against is null then raise exception using errcode = 'CR001', message = '{}'; end if;
  for nth in 1..cardinality(against) loop objections[nth] := coalesce(objections[nth], (against[nth]).code); end loop;
  money := array(select m from ledger.post_all(array(
    select deed from unnest(p_plays, objections) with ordinality
        as p (client_id, round_id, wager_id, settlement_id, player_id, game_id, amount, currency, payout, close_round, objection, contributions, why, at)
     cross join lateral (
       select 1 as nth, row(ledger.derive_id('wager', client_id, wager_id), 'stake', 'wager/' || client_id || '/' || wager_id, clock_timestamp(),
           rounds.stake_legs(player_id, currency, amount, rounds.contribution_legs(currency, contributions)), null, null, false)::ledger.deed as deed where amount > 0
       union all
       select 2, row(ledger.derive_id('settlement', client_id, settlement_id, player_id, currency), 'settlement', 'settlement/' || client_id || '/' || settlement_id,
           clock_timestamp(), rounds.house_legs(currency, payout, amount) || array[row('player_cash', player_id, currency, payout, 0),
             row('player_receivable', player_id, currency, 0, 0)]::ledger.leg[], null, 'repay', amount > 0)::ledger.deed) d
     where why is null and (amount > 0 or payout > 0) order by p.at, d.nth)) m);
  for nth in 1..cardinality(p_plays) loop
    play := p_plays[nth];
    stake := null;
    result := null;
    if objections[nth] is null and play.amount > 0 then
      used := used + 1;
      stake := money[used];
    end if;
    if objections[nth] is null and (play.amount > 0 or play.payout > 0) then
      used := used + 1;
      result := money[used];
    end if;
    if stake.code is null and result.code is not null then
      raise exception using errcode = 'CR001', message = jsonb_build_object('code', result.code, 'facts', result.facts)::text;
    end if;
    answers[nth] := case
      when coalesce(objections[nth], stake.code) is not null then rounds.refused(coalesce(objections[nth], stake.code), coalesce(stake.facts, (against[nth]).facts))
      else rounds.answered('applied', coalesce(result.balance, ledger.cash(play.player_id, play.currency)), array[stake.transfer_id, result.transfer_id]) end;
  end loop;
  return answers;
end $$;

-- Writes plays down that were answered for the first time, and closes their rounds.
create or replace function rounds.record_plays(p_plays rounds.play[], p_answers rounds.answer[]) returns void language plpgsql as $$
declare
  now constant timestamptz := clock_timestamp();
begin
  -- Held by an operation it is settling, and closes when that ends.
  update rounds.rounds r
     set status = case when r.claim_id is null then 'closed' else 'settling' end,
         closed_at = case when r.claim_id is null then now end
    from (select p_plays[at] as p, p_answers[at] as a from generate_subscripts(p_plays, 1) at) x
   where (p).close_round and (a).code is null and (r.round_id, r.client_id) = ((p).round_id, (p).client_id)
     and not exists (select from rounds.wagers_of(r.client_id, r.round_id) w where w.status = 'open');
  -- A round that begins and ends with its play is written once, as it ends: nobody else is in it, see rounds.lock_plays.
  insert into rounds.rounds (client_id, round_id, game_id, status, opened_at, closed_at)
    select (p).client_id, (p).round_id, (p).game_id, case when (a).code is null then 'closed' else 'open' end, now, case when (a).code is null then now end
      from (select p_plays[at] as p, p_answers[at] as a from generate_subscripts(p_plays, 1) at) x
     where (p).close_round and not exists (select from rounds.round((p).client_id, (p).round_id));
  insert into rounds.wagers (client_id, wager_id, round_id, player_id, game_id, amount, currency, status, payout,
      code, facts, balance, settlement_id, transfer_ids, answered_transfers, contributions)
    select (p).client_id, (p).wager_id, (p).round_id, (p).player_id, (p).game_id, (p).amount, (p).currency,
           case when (a).code is null then 'settled' else 'refused' end, case when (a).code is null then (p).payout else 0 end,
           (a).code, (a).facts, (a).balance, (p).settlement_id, coalesce((a).transfer_ids, '{}'), coalesce(cardinality((a).transfer_ids), 0), (p).contributions
      from (select p_plays[at] as p, p_answers[at] as a from generate_subscripts(p_plays, 1) at) x;
  perform rounds.record_settlements(p_plays, p_answers);
end $$;

create or replace function rounds.record_settlements(p_plays rounds.play[], p_answers rounds.answer[]) returns void language plpgsql as $$
begin
  insert into rounds.operations (client_id, kind, operation_id, round_id, request, status, outcome, problem, settled,
      round_was, round_status, ended_at, totals, balances)
    select (p).client_id, 'settlement', (p).settlement_id, (p).round_id, rounds.asked(p), case when (a).code is null then 'done' else 'refused' end,
           case when (a).outcome = 'noop' then 'noop' else 'applied' end,
           case when (a).code is not null then jsonb_strip_nulls(jsonb_build_object('code', (a).code, 'facts', (a).facts)) end,
           case when (a).outcome = 'applied' then 1 else 0 end, 'open', r.status, clock_timestamp(),
           case when (a).outcome = 'applied' then jsonb_build_array(jsonb_build_object(
             'currency', (p).currency, 'paid', (p).payout, 'takenBack', 0, 'receivable', 0)) else '[]' end,
           case when (a).outcome = 'applied' then jsonb_build_array(jsonb_build_object(
             'playerId', (p).player_id, 'currency', (p).currency, 'cash', (a).balance)) else '[]' end
      from (select p_plays[at] as p, p_answers[at] as a from generate_subscripts(p_plays, 1) at) x
     cross join lateral rounds.round((p).client_id, (p).round_id) r;
end $$;
