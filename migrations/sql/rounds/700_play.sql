-- Stake and result at once: two transfers in one transaction, all or none. It is a wager and a settlement of it, each
-- under its own id. Closes its round where asked and no other wager of it is open.
create or replace function rounds.play(
  p_client text, p_round text, p_wager text, p_settlement text, p_player text, p_game text, p_amount bigint, p_currency text,
  p_payout bigint, p_close boolean, p_objection text
) returns rounds.answer language plpgsql as $$
declare
  request jsonb := jsonb_build_object('play', p_wager, 'playerId', p_player, 'gameId', p_game, 'amount', p_amount, 'currency', p_currency,
    'payout', p_payout, 'closeRound', p_close);
  answer rounds.answer;
  op rounds.operations;
  why text;
begin
  perform rounds.lock_id('wager', p_client, p_wager);
  perform rounds.lock_id('settlement', p_client, p_settlement);
  select * into op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, 'settlement', p_settlement);
  if found and (op.round_id, op.request) is distinct from (p_round, request) then return rounds.refused('idempotency_conflict'); end if;
  answer := rounds.known_wager(p_client, p_round, p_wager, p_player, p_game, p_amount, p_currency, p_settlement);
  if answer.replayed or answer.code is not null then return answer; end if;

  if answer.outcome is null then
    why := players.objection(p_player, p_currency);
    if why = 'player_unknown' then return rounds.refused(why); end if; -- not recorded: the player may come to be
    why := rounds.worst(array[p_objection, why, rounds.enter(p_client, p_round, p_game, p_close)]);
    answer := case when why is null then rounds.play_money(p_client, p_wager, p_settlement, p_player, p_currency, p_amount, p_payout)
                   else rounds.refused(why) end;
    insert into rounds.wagers (client_id, wager_id, round_id, player_id, game_id, amount, currency, status, payout,
        code, facts, balance, settlement_id, transfer_ids, answered_transfers)
      values (p_client, p_wager, p_round, p_player, p_game, p_amount, p_currency,
        case when answer.code is null then 'settled' else 'refused' end, case when answer.code is null then p_payout else 0 end,
        answer.code, answer.facts, answer.balance, p_settlement, coalesce(answer.transfer_ids, '{}'), coalesce(cardinality(answer.transfer_ids), 0));
    if answer.code is null and p_close then
      update rounds.rounds r set status = 'closed', closed_at = clock_timestamp()
       where r.client_id = p_client and r.round_id = p_round and r.claim_id is null
         -- Not `exists ... and status = 'open'`: on tables that are new, the index over all wagers in play was taken for it.
         and not (select bool_or(w.status = 'open') from rounds.wagers w where w.round_id = p_round and w.client_id = p_client);
    end if;
  end if;
  perform rounds.record_play(p_client, p_settlement, p_round, request, answer);
  return answer;
end $$;

-- Both transfers or none: where the second is refused, the first goes with it.
create or replace function rounds.play_money(
  p_client text, p_wager text, p_settlement text, p_player text, p_currency text, p_amount bigint, p_payout bigint
) returns rounds.answer language plpgsql as $$
declare
  stake ledger.verdict;
  result ledger.verdict;
begin
  if p_amount > 0 then
    stake := rounds.post_stake(ledger.derive_id('wager', p_client, p_wager), 'stake', p_client, p_wager, p_player, p_currency, p_amount);
  end if;
  if stake.code is null and (p_amount > 0 or p_payout > 0) then
    select (p.verdict).* into result
      from ledger.post_net(ledger.derive_id('settlement', p_client, p_settlement, p_player, p_currency), 'settlement',
        'settlement/' || p_client || '/' || p_settlement, clock_timestamp(), p_player, p_currency, p_payout,
        rounds.house_legs(p_currency, p_payout, p_amount), true) p;
  end if;
  if stake.code is not null then return rounds.refused(stake.code, stake.facts); end if;
  if result.code is not null then raise exception using errcode = 'CR001', message = result.code, detail = result.facts::text; end if;
  return rounds.answered('applied', coalesce(result.balance, ledger.cash(p_player, p_currency)), array[stake.transfer_id, result.transfer_id]);
exception when sqlstate 'CR001' then
  declare
    facts text;
  begin
    get stacked diagnostics facts = pg_exception_detail;
    return rounds.refused(sqlerrm, facts::jsonb);
  end;
end $$;

create or replace function rounds.record_play(p_client text, p_settlement text, p_round text, p_request jsonb, p_answer rounds.answer)
  returns void language sql as $$
  insert into rounds.operations (client_id, kind, operation_id, round_id, request, status, outcome, problem, settled,
      round_was, round_status, ended_at, totals, balances)
    select p_client, 'settlement', p_settlement, p_round, p_request, case when applied or noop then 'done' else 'refused' end,
      case when noop then 'noop' else 'applied' end,
      case when p_answer.code is not null then jsonb_strip_nulls(jsonb_build_object('code', p_answer.code, 'facts', p_answer.facts)) end,
      applied::int, 'open', r.status, clock_timestamp(),
      case when applied then jsonb_build_array(jsonb_build_object(
        'currency', p_request -> 'currency', 'paid', p_request -> 'payout', 'takenBack', 0, 'receivable', 0)) else '[]' end,
      case when applied then jsonb_build_array(jsonb_build_object(
        'playerId', p_request -> 'playerId', 'currency', p_request -> 'currency', 'cash', p_answer.balance)) else '[]' end
      from rounds.rounds r, (select p_answer.outcome = 'applied' as applied, p_answer.outcome = 'noop' as noop) verdict
     where r.client_id = p_client and r.round_id = p_round
$$;
