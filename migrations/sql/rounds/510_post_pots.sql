-- Locks the pots that an operation concerns, and answers which; empty for nearly all.
create or replace function rounds.lock_pots_of(op rounds.operations) returns text[] language plpgsql as $$
declare
  pots constant text[] := array(
    select distinct c.pot_id from rounds.pot_changes c where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id));
begin
  if cardinality(pots) > 0 then perform rounds.lock_pots(pots); end if;
  return pots;
end $$;

-- Before moves are posted: what of the contributions to be given back the pots have, beside what is promised to wins. What a
-- wager's own win brings back is there for its contribution; what other moves bring is not counted, for they may be refused.
create or replace function rounds.give_back(op rounds.operations, p_transfers uuid[], p_pots text[]) returns void language plpgsql as $$
declare
  left_in jsonb := (select jsonb_object_agg(pot, greatest(0, rounds.in_pot(pot) - rounds.promised(pot))) from unnest(p_pots) pot);
  c rounds.pot_changes;
  own bigint;
  given bigint;
begin
  for c in
    select * from rounds.pot_changes x
     where (x.client_id, x.kind, x.operation_id) = (op.client_id, op.kind, op.operation_id) and x.contributed > 0 and x.transfer_id = any (p_transfers)
     order by x.wager_id, x.pot_id
  loop
    own := greatest(0, c.seeded - c.won);
    given := least(c.contributed, own + (left_in ->> c.pot_id)::bigint);
    left_in := left_in || jsonb_build_object(c.pot_id, (left_in ->> c.pot_id)::bigint - greatest(0, given - own));
    update rounds.pot_changes set given_back = given
     where (client_id, kind, operation_id, wager_id, pot_id) = (c.client_id, c.kind, c.operation_id, c.wager_id, c.pot_id);
  end loop;
end $$;

-- The legs of a move that are not the player's, pots among them; the house carries what these do not.
create or replace function rounds.legs_with_pots(op rounds.operations, move rounds.moves) returns ledger.leg[] language plpgsql stable as $$
declare
  pots constant ledger.leg[] := array(
    select row('jackpot', c.pot_id, move.currency, sum(least(c.seeded, 0) - c.won - c.given_back)::bigint, 0)::ledger.leg from rounds.pot_changes c
     where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id) and c.transfer_id = move.transfer_id
     group by c.pot_id having sum(least(c.seeded, 0) - c.won - c.given_back) <> 0);
begin
  return rounds.house_legs(move.currency, (move.net + coalesce((select sum(amount) from unnest(pots)), 0))::bigint, move.from_stakes) || pots;
end $$;

-- A pot that gives nothing back may have been all that moved: then there is no transfer.
create or replace function rounds.drop_empty_moves(op rounds.operations, p_batch rounds.moves[]) returns rounds.moves[] language plpgsql as $$
declare
  batch rounds.moves[] := '{}';
  move rounds.moves;
begin
  foreach move in array p_batch loop
    if move.transfer_id is not null and move.net = 0 and not exists (select from unnest(rounds.legs_with_pots(op, move)) leg where leg.amount <> 0) then
      update rounds.wagers w set transfer_ids = array_remove(w.transfer_ids, move.transfer_id)
        from rounds.outcomes_with_places(op) o where o.transfer_id = move.transfer_id and w.ctid = o.place;
      update rounds.outcomes o set transfer_id = null
       where (o.client_id, o.kind, o.operation_id, o.transfer_id) = (op.client_id, op.kind, op.operation_id, move.transfer_id);
      update rounds.moves m set transfer_id = null where (m.client_id, m.kind, m.operation_id, m.seq) = (op.client_id, op.kind, op.operation_id, move.seq);
      move.transfer_id := null;
    end if;
    batch := batch || move;
  end loop;
  return batch;
end $$;

-- After moves were posted: the house brings the pots they won from back to their seed. By the bucket of a winner, whose accounts
-- are all locked: the leg of zero says whose.
create or replace function rounds.seed_pots(op rounds.operations, p_posted uuid[]) returns void language plpgsql as $$
declare
  win record;
  missing bigint;
  money ledger.verdict;
begin
  update rounds.pot_changes c set status = 'posted'
   where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id) and c.transfer_id = any (p_posted);
  for win in
    select distinct on (c.pot_id) c.pot_id, c.wager_id, c.transfer_id, m.player_id, p.currency, p.seed
      from rounds.pot_changes c join rounds.pots p on p.pot_id = c.pot_id
      join rounds.moves m on (m.client_id, m.kind, m.operation_id, m.transfer_id) = (c.client_id, c.kind, c.operation_id, c.transfer_id)
     where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id) and c.won > 0 and c.transfer_id = any (p_posted)
     order by c.pot_id, m.seq desc, c.wager_id
  loop
    missing := win.seed - rounds.in_pot(win.pot_id);
    continue when missing <= 0;
    money := rounds.move_seed(ledger.derive_id('jackpot_seed', win.transfer_id::text, win.pot_id), 'jackpot_seed', op, win.pot_id, win.player_id, win.currency, missing);
    if money.code is not null then raise exception 'pot % cannot be seeded: %', win.pot_id, money.code; end if;
    update rounds.pot_changes set seeded = missing
     where (client_id, kind, operation_id, wager_id, pot_id) = (op.client_id, op.kind, op.operation_id, win.wager_id, win.pot_id);
  end loop;
end $$;

create or replace function rounds.move_seed(p_id uuid, p_code text, op rounds.operations, p_pot text, p_player text, p_currency text, p_amount bigint)
  returns ledger.verdict language sql as $$
  select ledger.post(p_id, p_code, op.kind || '/' || op.client_id || '/' || op.operation_id, clock_timestamp(), array[
    row('player_cash', p_player, p_currency, 0, 0)::ledger.leg,
    row('house_gaming', 'house', p_currency, -p_amount, 0)::ledger.leg,
    row('jackpot', p_pot, p_currency, p_amount, 0)::ledger.leg])
$$;
