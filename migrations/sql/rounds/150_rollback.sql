-- Gives a stake back, or leaves a tombstone so that the wager takes nothing when it comes.
create or replace function rounds.roll_back(p_client text, p_wager text, p_rollback text, p_reason text) returns rounds.answer
  language plpgsql as $$
declare
  known rounds.rollbacks;
  answer rounds.answer;
begin
  perform rounds.lock_id('rollback', p_client, p_rollback);
  select * into known from rounds.rollbacks where client_id = p_client and rollback_id = p_rollback;
  if found then
    if known.wager_id <> p_wager or known.reason is distinct from p_reason then return rounds.refused('idempotency_conflict'); end if;
    return row(known.outcome, known.code, known.facts, true, known.balance, array_remove(array[known.transfer_id], null))::rounds.answer;
  end if;
  answer := rounds.give_stake_back(p_client, p_wager);
  insert into rounds.rollbacks (client_id, rollback_id, wager_id, reason, outcome, code, facts, balance, transfer_id)
    values (p_client, p_rollback, p_wager, p_reason, answer.outcome, answer.code, answer.facts, answer.balance, answer.transfer_ids[1]);
  return answer;
end $$;

create or replace function rounds.give_stake_back(p_client text, p_wager text) returns rounds.answer language plpgsql as $$
declare
  w rounds.wagers;
  money ledger.verdict;
begin
  perform rounds.lock_id('wager', p_client, p_wager);
  -- `for update`: an operation that settles or voids it just now is waited for.
  select * into w from rounds.wagers where client_id = p_client and wager_id = p_wager for update;
  if not found then
    insert into rounds.wagers (client_id, wager_id, status) values (p_client, p_wager, 'tombstoned');
    return rounds.answered('tombstoned', null, '{}');
  end if;
  if w.status = 'settled' then return rounds.refused('wager_settled'); end if;
  if w.status <> 'open' then -- rolled back or voided already, refused, or a tombstone
    return rounds.answered('noop', ledger.cash(w.player_id, w.currency),
      case when w.status in ('rolled_back', 'voided') then w.transfer_ids[cardinality(w.transfer_ids):] else '{}' end);
  end if;
  if w.amount > 0 then
    money := ledger.post(ledger.derive_id('rollback', p_client, p_wager), 'stake_rollback', 'wager/' || p_client || '/' || p_wager, clock_timestamp(),
      rounds.stake_legs(w.player_id, w.currency, -w.amount, case when w.contributions is not null then rounds.give_back_legs(w.currency, w.contributions) end));
    if money.code is not null then return rounds.refused(money.code, money.facts); end if;
  end if;
  update rounds.wagers set status = 'rolled_back', transfer_ids = array_remove(transfer_ids || money.transfer_id, null)
   where client_id = p_client and wager_id = p_wager;
  return rounds.answered('applied', coalesce(money.balance, ledger.cash(w.player_id, w.currency)), array[money.transfer_id]);
end $$;

-- Gives stakes back, each as if it came alone: an answer for each, in their order, in one transaction.
create or replace function rounds.roll_back_all(p_clients text[], p_wagers text[], p_rollbacks text[], p_reasons text[]) returns setof rounds.answer
  language plpgsql as $$
begin
  perform rounds.lock_ids('rollback', p_clients, p_rollbacks);
  perform rounds.lock_ids('wager', p_clients, p_wagers);
  perform from (select distinct client, id from unnest(p_clients, p_wagers) r (client, id) order by id, client) r,
    lateral (select from rounds.wagers w where (w.wager_id, w.client_id) = (r.id, r.client) for update) w;
  perform rounds.lock_pots(array_agg(pot))
     from unnest(p_clients, p_wagers) r (client, id)
    cross join lateral rounds.wager(r.client, r.id) w, unnest(rounds.pots_of(w.contributions)) pot
    where w.status = 'open'
   having count(*) > 0;
  perform ledger.lock_accounts(array_agg(distinct leg)) from (
    select row(kind, case kind when 'player_cash' then w.player_id else 'house' end, w.currency, 0, 0)::ledger.leg as leg
      from unnest(p_clients, p_wagers) r (client, id)
     cross join lateral rounds.wager(r.client, r.id) w, unnest(array['player_cash', 'stakes_in_play']) kind
     where w.status = 'open'
    union all
    select unnest(rounds.contribution_legs(w.currency, w.contributions))
      from unnest(p_clients, p_wagers) r (client, id)
     cross join lateral rounds.wager(r.client, r.id) w
     where w.status = 'open' and w.contributions is not null) legs
  having count(*) > 0;
  for at in 1..cardinality(p_rollbacks) loop
    return next rounds.roll_back(p_clients[at], p_wagers[at], p_rollbacks[at], p_reasons[at]);
  end loop;
end $$;
