-- A settlement in one transaction, for clients marked so: the same steps, tables and verdicts as by workflow.
-- `ran` is false where it is too large for that, or another operation works on the round: then a workflow takes it on.
create or replace function rounds.settle_direct(
  p_client text, p_id text, p_round text, p_request jsonb, p_workflow text, p_most integer,
  out problem jsonb, out replayed boolean, out ran boolean, out op rounds.operations
) language plpgsql as $$
declare
  requested record := rounds.request_operation(p_client, 'settlement', p_id, p_round, p_request, null);
begin
  problem := requested.problem;
  replayed := requested.replayed;
  op := requested.op;
  if problem is not null then return; end if;
  ran := op.status <> 'requested'
    or (op.workflow_id is null and rounds.is_small(op, p_most) and rounds.run_now(p_client, 'settlement', p_id));
  if not ran then
    update rounds.operations set workflow_id = p_workflow where (client_id, kind, operation_id) = (p_client, 'settlement', p_id);
  end if;
  select * into op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, 'settlement', p_id);
end $$;

-- Few outcomes, of one player: a guess without locks that only chooses the way, as both ways end the same.
create or replace function rounds.is_small(op rounds.operations, p_most integer) returns boolean language sql stable
  return jsonb_array_length(op.request -> 'outcomes') <= p_most
    and (select count(*) <= 1 from (
      select distinct w.player_id from rounds.wagers w
       where w.client_id = op.client_id and w.round_id = op.round_id
         and (rounds.is_closing(op) and w.status = 'open' or w.wager_id in (select wager_id from rounds.named_wagers(op.request))) limit 2) players);

create or replace function rounds.run_now(p_client text, p_kind text, p_id text) returns boolean language plpgsql as $$
declare
  posted record;
begin
  case rounds.claim(p_client, p_kind, p_id) when 'busy' then return false; when 'ended' then return true; else null; end case;
  select * into posted from rounds.post_moves(p_client, p_kind, p_id, 1000);
  if posted.problem is null then
    perform rounds.close_operation(p_client, p_kind, p_id);
  else
    perform rounds.undo_moves(p_client, p_kind, p_id, 1000);
    perform rounds.undo_claim(p_client, p_kind, p_id, posted.problem);
  end if;
  return true;
end $$;
