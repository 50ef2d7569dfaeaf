-- Takes one posted move back: exactly, by a reversal, or, where the player has spent it, as a claw-back that books the
-- rest as owed. Answers the id of the transfer that did it, or why the ledger refused even that.
-- So too where a pot has not got any more what it was given: the house carries the rest.
create or replace function rounds.undo_move(op rounds.operations, move rounds.moves, pots boolean, out undo_id uuid, out code text) language plpgsql as $$
declare
  business text := move.kind || '/' || move.client_id || '/' || move.operation_id;
  money ledger.verdict;
  back ledger.leg[];
  house ledger.leg[];
begin
  if move.transfer_id is null then return; end if;
  undo_id := ledger.derive_id('undo', move.transfer_id::text, move.undo_refusals::text);
  if not pots or rounds.pots_can_undo(move) then
    money := ledger.reverse(undo_id, move.transfer_id, 'undo', business, clock_timestamp());
  end if;
  -- Too large: a debt it booked was repaid since.
  if money.outcome is null or money.code in ('insufficient_funds', 'amount_too_large') then
    undo_id := ledger.derive_id('undo', move.transfer_id::text, move.undo_refusals::text, 'owed');
    if pots then back := rounds.pot_legs_back(move); end if;
    house := rounds.house_legs(move.currency, (-move.net + coalesce((select sum(amount) from unnest(back)), 0))::bigint, -move.from_stakes) || back;
    if move.net = 0 and not exists (select from unnest(house) leg where leg.amount <> 0) then
      undo_id := null;
    else
      select (p.verdict).* into money
        from ledger.post_net(undo_id, 'undo', business, clock_timestamp(), move.player_id, move.currency, -move.net, house, false) p;
    end if;
  end if;
  code := money.code;
  if pots and code is null then perform rounds.undo_seeds(op, move); end if;
end $$;

-- Takes posted moves back, the last first, at most p_batch; answers how many are left. A no-op where nothing was posted.
create or replace function rounds.undo_moves(p_client text, p_kind text, p_id text, p_batch integer, out remaining integer, out problem jsonb)
  language plpgsql as $$
declare
  op rounds.operations := rounds.claimed(p_client, p_kind, p_id);
  batch rounds.moves[];
  move rounds.moves;
  undo record;
  pots text[];
begin
  if op.operation_id is not null then
    batch := array(select m from rounds.moves m
      where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and m.posted and not m.undone order by m.seq desc limit p_batch);
    pots := rounds.lock_pots_of(op);
    perform rounds.break_promises(op) where cardinality(pots) > 0;
    perform rounds.lock_accounts(array(select player_id from unnest(batch) where transfer_id is not null),
      array(select currency from unnest(batch) where transfer_id is not null), pots);
    foreach move in array batch loop
      select * into undo from rounds.undo_move(op, move, cardinality(pots) > 0);
      if undo.code is not null then
        update rounds.moves set undo_refusals = undo_refusals + 1 where (client_id, kind, operation_id, seq) = (p_client, p_kind, p_id, move.seq);
        problem := jsonb_build_object('code', undo.code, 'facts', jsonb_build_object('playerId', move.player_id, 'transferId', move.transfer_id));
        exit;
      end if;
      update rounds.moves set undone = true, undo_id = undo.undo_id where (client_id, kind, operation_id, seq) = (p_client, p_kind, p_id, move.seq);
    end loop;
  end if;
  select count(*) into remaining
    from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and m.posted and not m.undone;
end $$;

-- A person has to look: the operation keeps its claim, and the round says so.
create or replace function rounds.park(p_client text, p_kind text, p_id text, p_problem jsonb) returns void language plpgsql as $$
declare
  op rounds.operations := rounds.claimed(p_client, p_kind, p_id);
begin
  if op.operation_id is null then return; end if;
  perform rounds.lock_round(p_client, op.round_id, true);
  update rounds.operations set status = 'needs_attention', problem = p_problem where (client_id, kind, operation_id) = (p_client, p_kind, p_id);
  update rounds.rounds set status = 'needs_attention' where client_id = p_client and round_id = op.round_id;
end $$;

-- Gives the round back as it was, and ends the operation as refused. Of an operation that never claimed, it is the
-- tombstone: a claim that comes late finds it ended.
create or replace function rounds.undo_claim(p_client text, p_kind text, p_id text, p_problem jsonb) returns void language plpgsql as $$
declare
  op rounds.operations;
  -- A map, not a join of outcomes and moves: without statistics the planner would compare each with each.
  undone jsonb;
begin
  select * into strict op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id) for no key update;
  if op.status in ('done', 'refused') then return; end if;
  if exists (select from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and m.posted and not m.undone) then
    raise exception 'operation % has moves left to undo', p_id;
  end if;
  perform rounds.lock_round(p_client, op.round_id, true);
  undone := (select coalesce(jsonb_object_agg(m.transfer_id, m.undo_id), '{}') from rounds.moves m
    where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and m.undo_id is not null);
  update rounds.wagers w
     set status = o.was_status, payout = o.was_payout,
         transfer_ids = case when undone ? o.transfer_id::text then w.transfer_ids || (undone ->> o.transfer_id::text)::uuid
                             else array_remove(w.transfer_ids, o.transfer_id) end
    from rounds.outcomes_with_places(op) o where w.ctid = o.place;
  update rounds.rounds set status = op.round_was, claim_kind = null, claim_id = null
   where (client_id, round_id, claim_kind, claim_id) = (p_client, op.round_id, p_kind, p_id);
  update rounds.operations o
     set status = 'refused', problem = p_problem, ended_at = clock_timestamp(),
         round_status = (select r.status from rounds.rounds r where r.client_id = p_client and r.round_id = op.round_id)
   where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id);
end $$;
