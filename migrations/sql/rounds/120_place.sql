-- Opens the rounds of stakes that are new; they are locked by now.
create or replace function rounds.open_rounds(p_stakes rounds.stake[]) returns void language plpgsql as $$
begin
  insert into rounds.rounds (client_id, round_id, game_id)
    select distinct on (client_id, round_id) client_id, round_id, game_id from unnest(p_stakes) s
     where not exists (select from rounds.round(s.client_id, s.round_id))
     order by client_id, round_id
    on conflict do nothing;
end $$;

-- Why each of these stakes is not taken, before its money is looked at; null where it may be. A round that is not there is
-- opened by the play that closes it.
create or replace function rounds.objections(p_stakes rounds.stake[]) returns text[] language plpgsql as $$
begin
  return array(
    select case
        when s.objection is null and c.player_id is not null and (r.round_id is null or r.status = 'open' and r.game_id = s.game_id) and s.contributions is null then null
        else rounds.worst(array[s.objection, players.objection(s.player_id, s.currency), rounds.why_not(r, s.game_id),
          rounds.pot_objection(s.currency, s.contributions)]) end
      from unnest(p_stakes) with ordinality as s (client_id, round_id, wager_id, player_id, game_id, amount, currency, objection, contributions, at)
      left join players.currencies c on (c.player_id, c.currency) = (s.player_id, s.currency)
      left join lateral rounds.round(s.client_id, s.round_id) r on true
     order by s.at);
end $$;

-- Takes stakes, each as if it came alone, in their order: the fate of its id, the round, the money and the record. An
-- answer for each, in one transaction. A refused wager is a record of its round too, so it opens one.
create or replace function rounds.place_wagers(p_stakes rounds.stake[]) returns setof rounds.answer language plpgsql as $$
declare
  answers rounds.answer[];
  -- Where those stand whose ids are new, and of those: the stakes, objections, answers.
  places integer[];
  fresh rounds.stake[];
  why text[];
  theirs rounds.answer[] := '{}';
  -- What protection says; null where they must go one by one.
  against rounds.answer[];
  money ledger.verdict[];
  paid integer := 0;
  stake rounds.stake;
  verdict ledger.verdict;
begin
  perform rounds.lock_ids('wager', array(select client_id from unnest(p_stakes)), array(select wager_id from unnest(p_stakes)));
  -- Of known wagers too: one of them may open its round, and then it is too late for the order of locks.
  perform rounds.lock_round(client_id, round_id, false)
    from (select distinct client_id, round_id from unnest(p_stakes) order by client_id, round_id) r;
  places := array(
    select at from (
        select client_id, wager_id, player_id, contributions, at, min(at) over (partition by client_id, wager_id) as first_at
          from unnest(p_stakes) with ordinality as s (client_id, round_id, wager_id, player_id, game_id, amount, currency, objection, contributions, at)) s
     where at = first_at and (contributions is null or rounds.knows_pots(contributions)) and exists (select from players.players p where p.player_id = s.player_id offset 0)
       and not exists (select from rounds.wager(s.client_id, s.wager_id))
     order by at);
  if cardinality(places) > 0 then
    foreach paid in array places loop fresh := fresh || p_stakes[paid]; end loop;
    perform rounds.open_rounds(fresh);
    why := rounds.objections(fresh);
    against := rounds.protect(fresh, why, players.lock_guards(array(select player_id from unnest(fresh))));
    if against is null then
      perform rounds.lock_accounts(array(select player_id from unnest(fresh)), array(select currency from unnest(fresh)),
        array(select pot from unnest(fresh) s, unnest(rounds.pots_of(s.contributions)) pot));
      foreach paid in array places loop answers[paid] := (select a from rounds.place_wagers(array[p_stakes[paid]]) a); end loop;
      fresh := '{}';
    else
      for nth in 1..cardinality(against) loop why[nth] := coalesce(why[nth], (against[nth]).code); end loop;
    end if;
  end if;
  if cardinality(fresh) > 0 then
    money := array(select m from ledger.post_all(array(
      select row(ledger.derive_id('wager', client_id, wager_id), 'stake', 'wager/' || client_id || '/' || wager_id, clock_timestamp(),
          rounds.stake_legs(player_id, currency, amount, rounds.contribution_legs(currency, contributions)), null, null, false)::ledger.deed
        from unnest(fresh, why) with ordinality as s (client_id, round_id, wager_id, player_id, game_id, amount, currency, objection, contributions, why, at)
       where s.why is null and s.amount > 0 order by s.at)) m);
    paid := 0;
    for nth in 1..cardinality(fresh) loop
      stake := fresh[nth];
      verdict := null;
      if why[nth] is null and stake.amount > 0 then
        paid := paid + 1;
        verdict := money[paid];
      end if;
      theirs[nth] := case
        when coalesce(why[nth], verdict.code) is null
          then rounds.answered('applied', coalesce(verdict.balance, ledger.cash(stake.player_id, stake.currency)), array[verdict.transfer_id])
        else rounds.refused(coalesce(why[nth], verdict.code), coalesce(verdict.facts, (against[nth]).facts)) end;
      answers[places[nth]] := theirs[nth];
    end loop;
    insert into rounds.wagers (client_id, wager_id, round_id, player_id, game_id, amount, currency, status, code, facts, balance,
        transfer_ids, answered_transfers, contributions)
      select client_id, wager_id, round_id, player_id, game_id, amount, currency, case when code is null then 'open' else 'refused' end,
             code, facts, balance, coalesce(transfer_ids, '{}'), coalesce(cardinality(transfer_ids), 0), contributions
        from unnest(fresh, theirs) as s (client_id, round_id, wager_id, player_id, game_id, amount, currency, objection, contributions,
          outcome, code, facts, replayed, balance, transfer_ids);
  end if;
  for at in 1..cardinality(p_stakes) loop
    continue when answers[at].outcome is not null;
    stake := p_stakes[at];
    answers[at] := rounds.known_wager(stake.client_id, stake.round_id, stake.wager_id, stake.player_id, stake.game_id, stake.amount, stake.currency,
      null, stake.contributions);
    -- Not recorded: the pot and the player may come to be.
    if answers[at].outcome is null then
      answers[at] := rounds.refused(case when rounds.knows_pots(stake.contributions) then 'player_unknown' else 'not_found' end);
    end if;
  end loop;
  return query select * from unnest(answers);
end $$;
