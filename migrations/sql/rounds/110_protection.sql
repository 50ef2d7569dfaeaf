-- Whom protection has something against among stakes that nothing else speaks against, in their order; null where all
-- depends on whether an earlier stake of the same batch finds its money: then they must be taken one by one.
create or replace function rounds.protect(p_stakes rounds.stake[], p_why text[], p_guarded text[]) returns rounds.answer[] language plpgsql as $$
declare
  answers rounds.answer[] := '{}';
  earlier jsonb := '{}';
  stake rounds.stake;
  before bigint;
  found_against record;
begin
  if cardinality(p_guarded) = 0 then return answers; end if;
  perform players.fold_spending(player) from unnest(p_guarded) player;
  for nth in 1..cardinality(p_stakes) loop
    stake := p_stakes[nth];
    answers[nth] := null;
    continue when p_why[nth] is not null or stake.player_id <> all (p_guarded);
    before := coalesce((earlier ->> (stake.player_id || ' ' || stake.currency))::bigint, 0);
    select * into found_against from players.protect(stake.player_id, stake.currency, 'wager', stake.amount + case when stake.amount > 0 then before else 0 end);
    if found_against.code = 'limit_exceeded' and before > 0 then return null; end if;
    if found_against.code is not null then
      answers[nth] := rounds.refused(found_against.code, found_against.facts);
    else
      earlier := earlier || jsonb_build_object(stake.player_id || ' ' || stake.currency, before + stake.amount);
    end if;
  end loop;
  return answers;
end $$;

-- Counts what wagers come to for those with a loss or wager limit; a wager that was undone counts nothing.
create or replace function rounds.count_new_wagers() returns trigger language plpgsql as $$
begin
  insert into players.spending_news (player_id, currency, quarter, staked, returned)
    select w.player_id, w.currency, players.quarter(w.placed_at), w.amount, w.payout from new_wagers w
     where w.status in ('open', 'settled')
       and exists (select from players.limits l where l.player_id = w.player_id and l.currency = w.currency and l.kind in ('loss', 'wager'));
  return null;
end $$;

create or replace function rounds.count_changed_wagers() returns trigger language plpgsql as $$
begin
  insert into players.spending_news (player_id, currency, quarter, staked, returned)
    select w.player_id, w.currency, players.quarter(w.placed_at), sum(w.amount), sum(w.payout)
      from (select player_id, currency, placed_at, amount, payout from new_wagers where status in ('open', 'settled')
            union all
            select player_id, currency, placed_at, -amount, -payout from old_wagers where status in ('open', 'settled')) w
     where exists (select from players.limits l where l.player_id = w.player_id and l.currency = w.currency and l.kind in ('loss', 'wager'))
     group by 1, 2, 3 having sum(w.amount) <> 0 or sum(w.payout) <> 0;
  return null;
end $$;

create or replace trigger count_new_wagers after insert on rounds.wagers
  referencing new table as new_wagers for each statement execute function rounds.count_new_wagers();
create or replace trigger count_changed_wagers after update on rounds.wagers
  referencing old table as old_wagers new table as new_wagers for each statement execute function rounds.count_changed_wagers();
