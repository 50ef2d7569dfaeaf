-- Locks are taken in one order everywhere, so that no two calls can wait for each other: the id of the bundle, of the
-- rollback, of the wager, of the operation, the operation, the round, wagers, pots, accounts (the ledger has its own order
-- among them).

-- All that concerns one id takes turns, so its wager, rollback and play may come at once, twice and in any order.
create or replace function rounds.lock_id(p_what text, p_client text, p_id text) returns void language sql
  begin atomic select pg_advisory_xact_lock(hashtextextended(p_what || '/' || p_client || '/' || p_id, 0)); end;

-- The same for many, in an order that is the same for all.
create or replace function rounds.lock_ids(p_what text, p_clients text[], p_ids text[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(key) from (
    select distinct hashtextextended(p_what || '/' || client || '/' || id, 0) as key from unnest(p_clients, p_ids) named (client, id) order by 1) k;
end $$;

-- Locks all accounts that rounds move of these players and pots, in the ledger's order: two that locked one after the other would deadlock.
create or replace function rounds.lock_accounts(p_players text[], p_currencies text[], p_pots text[] default '{}') returns void language plpgsql as $$
begin
  perform ledger.lock_accounts(array_agg(distinct row(kind, case when starts_with(kind, 'player_') then player else 'house' end, currency, 0, 0)::ledger.leg)
      || array(select row('jackpot', pot_id, currency, 0, 0)::ledger.leg from rounds.pots where pot_id = any (p_pots)))
    from unnest(p_players, p_currencies) theirs (player, currency), unnest(array['player_cash', 'player_receivable', 'stakes_in_play', 'house_gaming']) kind
  having count(*) > 0;
end $$;

-- Wagers enter a round side by side; what claims or ends it keeps them out for that moment. Not a lock of the row
-- (`for share`): those overlap on a busy round, and an operation waiting for a gap between them would starve.
create or replace function rounds.lock_round(p_client text, p_round text, p_alone boolean) returns void language plpgsql as $$
begin
  if p_alone then
    perform pg_advisory_xact_lock(hashtextextended('round/' || p_client || '/' || p_round, 0));
  else
    perform pg_advisory_xact_lock_shared(hashtextextended('round/' || p_client || '/' || p_round, 0));
  end if;
end $$;

-- A row by its whole key. Where many are looked up in one statement they are looked up by these: `offset 0` keeps the look-up
-- from being joined. A plan that was made while tables were small took any index for as good as the key, and kept on
-- reading all of it when they had grown: a settlement read a million entries beside 2,000 wagers.
create or replace function rounds.wager(p_client text, p_wager text) returns setof rounds.wagers language sql stable rows 1
  begin atomic select * from rounds.wagers where wager_id = p_wager and client_id = p_client offset 0; end;

-- All of a round. Of a status they are picked outside: inside, the index over all wagers in play would do as well.
create or replace function rounds.wagers_of(p_client text, p_round text) returns setof rounds.wagers language sql stable
  begin atomic select * from rounds.wagers where round_id = p_round and client_id = p_client offset 0; end;

create or replace function rounds.round(p_client text, p_round text) returns setof rounds.rounds language sql stable rows 1
  begin atomic select * from rounds.rounds where round_id = p_round and client_id = p_client offset 0; end;

create or replace function rounds.operation(p_client text, p_kind text, p_id text) returns setof rounds.operations language sql stable rows 1
  begin atomic select * from rounds.operations where client_id = p_client and kind = p_kind and operation_id = p_id offset 0; end;

create or replace function rounds.refused(p_code text, p_facts jsonb default null) returns rounds.answer
  language sql immutable return row('refused', p_code, p_facts, false, null, null)::rounds.answer;

create or replace function rounds.answered(p_outcome text, p_balance bigint, p_transfers uuid[]) returns rounds.answer
  language sql immutable return row(p_outcome, null, null, false, p_balance, array_remove(p_transfers, null))::rounds.answer;

-- The first answer of a wager's id, or null where the id is new. A rollback may have come first: then the wager is
-- written onto the tombstone, so that its own duplicates are told from a conflict.
create or replace function rounds.known_wager(
  p_client text, p_round text, p_wager text, p_player text, p_game text, p_amount bigint, p_currency text, p_settlement text, p_contributions jsonb
) returns rounds.answer language plpgsql as $$
declare
  w rounds.wagers;
begin
  select * into w from rounds.wagers where client_id = p_client and wager_id = p_wager;
  if not found then return null; end if;
  if w.player_id is null then
    perform rounds.enter(p_client, p_round, p_game);
    update rounds.wagers
       set round_id = p_round, player_id = p_player, game_id = p_game, amount = p_amount, currency = p_currency,
           settlement_id = p_settlement, contributions = p_contributions, balance = ledger.cash(p_player, p_currency)
     where client_id = p_client and wager_id = p_wager returning * into w;
    return rounds.answered('noop', w.balance, '{}');
  end if;
  if (w.round_id, w.player_id, w.game_id, w.amount, w.currency, w.settlement_id, w.contributions)
     is distinct from (p_round, p_player, p_game, p_amount, p_currency, p_settlement, p_contributions) then
    return rounds.refused('idempotency_conflict');
  end if;
  return row(case w.status when 'refused' then 'refused' when 'tombstoned' then 'noop' else 'applied' end,
    w.code, w.facts, true, w.balance, w.transfer_ids[:w.answered_transfers])::rounds.answer;
end $$;

-- Why a round takes no wager of a game, or null.
create or replace function rounds.why_not(r rounds.rounds, p_game text) returns text language sql immutable
  return case when r.status in ('settling', 'closed') then 'round_closed'
              when r.status = 'voided' then 'round_voided'
              when r.status <> 'open' or r.game_id <> p_game then 'invalid_state' end;

-- Opens the round if it is new, and keeps it as it is until the end of this transaction; answers why it takes no
-- wager, or null. A refused wager is a record of its round too, so it opens one.
create or replace function rounds.enter(p_client text, p_round text, p_game text) returns text language plpgsql as $$
declare
  r rounds.rounds;
begin
  perform rounds.lock_round(p_client, p_round, false);
  select * into r from rounds.rounds where client_id = p_client and round_id = p_round;
  if not found then
    insert into rounds.rounds (client_id, round_id, game_id) values (p_client, p_round, p_game) on conflict do nothing;
    select * into r from rounds.rounds where client_id = p_client and round_id = p_round;
  end if;
  return rounds.why_not(r, p_game);
end $$;

-- Of several codes the first in the contract's order (contract/codes.ts; a test compares the two).
create or replace function rounds.worst(p_codes text[]) returns text language sql immutable
  return (select code from unnest(array['not_found', 'idempotency_conflict', 'player_unknown', 'unknown_currency', 'currency_mismatch',
    'wager_unknown', 'round_closed', 'round_voided', 'wager_rolled_back', 'wager_settled', 'invalid_state', 'player_blocked',
    'limit_required', 'limit_exceeded', 'amount_too_large', 'insufficient_funds']) with ordinality as o (code, at)
    where code = any (p_codes) order by at limit 1);

-- `p_pots`: what its contributions come to, null where there are none.
create or replace function rounds.stake_legs(p_player text, p_currency text, p_amount bigint, p_pots ledger.leg[]) returns ledger.leg[]
  language sql immutable return array[
    row('player_cash', p_player, p_currency, -p_amount, 0)::ledger.leg,
    row('stakes_in_play', 'house', p_currency, p_amount, 0)::ledger.leg] || p_pots;

-- A player's stakes in play, per currency.
create or replace function rounds.in_play(p_player text) returns table (currency text, amount bigint) language sql stable as $$
  select currency, sum(amount)::bigint from rounds.wagers where player_id = p_player and status = 'open' group by currency
$$;
