-- Claims the round for an operation, validates all of it at once and plans it; no money moves.
-- Answers `claimed` (again, on a repeat), `busy` while another operation works on the round or wins from one of its pots, or `ended`.
create or replace function rounds.claim(p_client text, p_kind text, p_id text) returns text language plpgsql as $$
declare
  op rounds.operations;
  r rounds.rounds;
  why jsonb;
begin
  select * into strict op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id) for no key update;
  -- Parked, it still holds the round: a workflow that takes it up meets the same refusal, and goes on giving back.
  if op.status in ('running', 'needs_attention') then return 'claimed'; end if;
  if op.status <> 'requested' then return 'ended'; end if;
  perform rounds.lock_round(p_client, op.round_id, true);
  select * into strict r from rounds.rounds where client_id = p_client and round_id = op.round_id;
  if r.claim_id is not null then return 'busy'; end if;

  perform rounds.lock_wagers(op);
  if rounds.names_wins(op.request) and rounds.pots_are_busy(op.request) then return 'busy'; end if;
  why := rounds.problem(rounds.objection(op, r.status), rounds.bad_outcomes(op));
  if why is not null then
    update rounds.operations o set status = 'refused', problem = why, round_status = r.status, ended_at = clock_timestamp()
     where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id);
    return 'ended';
  end if;

  update rounds.operations set status = 'running', round_was = r.status where (client_id, kind, operation_id) = (p_client, p_kind, p_id);
  update rounds.rounds
     set claim_kind = p_kind, claim_id = p_id,
         status = case when rounds.is_whole_void(op) then 'voided' when rounds.is_closing(op) then 'settling' else status end
   where client_id = p_client and round_id = op.round_id;
  perform rounds.plan(op);
  return 'claimed';
end $$;

-- All that does not fit, as the contract's `errors`; what a pot has is looked at where nothing else speaks against the wagers.
create or replace function rounds.bad_outcomes(op rounds.operations) returns jsonb language plpgsql stable as $$
begin
  return coalesce(rounds.bad_wagers(op.client_id, op.kind, op.round_id, op.request), rounds.bad_wins(op));
end $$;

-- Ends the round with what is open of it: a settlement at 0, or, of a round without a sign, a void that leaves alone what was settled.
create or replace function rounds.is_closing(op rounds.operations) returns boolean language sql immutable
  return case op.kind when 'settlement' then (op.request ->> 'closeRound')::boolean when 'void' then op.request ? 'openOnly' else false end;

create or replace function rounds.is_whole_void(op rounds.operations) returns boolean language sql immutable
  return op.kind = 'void' and op.request -> 'wagerIds' = 'null' and not rounds.is_closing(op);

-- Why a round of this status takes no such operation, or null: the table of contract/states/round.ts.
create or replace function rounds.objection(op rounds.operations, p_status text) returns text language sql immutable
  return case
    when (op.kind = 'void' and not rounds.is_closing(op)) or (op.kind = 'resettlement' and p_status = 'closed') then null
    when p_status in ('settling', 'closed') then 'round_closed'
    when p_status = 'voided' then 'round_voided'
    when p_status = 'needs_attention' then 'invalid_state' end;
