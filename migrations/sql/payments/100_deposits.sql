-- Writes a deposit down, or answers what it was answered: `opened`, or `refused` with a code.
create or replace function payments.open_deposit(
  p_id text, p_client text, p_player text, p_amount bigint, p_currency text, p_request jsonb, p_workflow text, p_expires_in_ms bigint, p_objection text,
  out outcome text, out code text, out facts jsonb, out opened_at timestamptz
) language plpgsql as $$
declare
  d payments.deposits;
begin
  code := coalesce(p_objection, players.objection(p_player, p_currency));
  if code is null and cardinality(players.lock_guards(array[p_player])) > 0 then
    select p.code, p.facts into code, facts from players.protect(p_player, p_currency, 'deposit', p_amount) p;
  end if;
  insert into payments.deposits (deposit_id, client_id, player_id, amount, currency, status, reason, request, workflow_id, expires_at)
    values (p_id, p_client, p_player, p_amount, p_currency, case when code is null then 'pending' else 'refused' end, code, p_request, p_workflow,
      clock_timestamp() + p_expires_in_ms * interval '1 millisecond')
    on conflict (deposit_id) do nothing;
  select * into d from payments.deposits where deposit_id = p_id for update;
  if d.client_id <> p_client or d.request <> p_request then
    code := 'idempotency_conflict';
  else
    code := case when d.status = 'refused' then d.reason end;
    insert into payments.events (kind, id, seq, event, by, facts)
      values ('deposit', p_id, 0, case when code is null then 'requested' else 'refused' end, 'client ' || p_client, jsonb_strip_nulls(jsonb_build_object('code', code, 'facts', case when code is not null then facts end)))
      on conflict do nothing;
    facts := (select e.facts -> 'facts' from payments.events e where (e.kind, e.id, e.seq) = ('deposit', p_id, 0));
  end if;
  outcome := case when code is null then 'opened' else 'refused' end;
  opened_at := d.created_at;
end $$;

-- One step of a deposit, its money with it. Safe to repeat: a step's number is written once, and what is written under it
-- is answered. It may be another step than the one asked for: a worker that died after it had no time to tell.
create or replace function payments.deposit_step(
  p_id text, p_seq integer, p_event text, p_to text, p_provider text, p_reference text, p_redirect text, p_reason text, p_facts jsonb
) returns payments.events language plpgsql as $$
declare
  d payments.deposits;
  money ledger.verdict;
  step payments.events;
begin
  select * into strict d from payments.deposits where deposit_id = p_id for update;
  select * into step from payments.events e where (e.kind, e.id, e.seq) = ('deposit', p_id, p_seq);
  if found then return step; end if;
  if p_event = 'captured' then
    money := ledger.post(ledger.derive_id('deposit', p_id), 'deposit', 'deposit/' || p_id, clock_timestamp(), array[
      row('provider_clearing', coalesce(p_provider, d.provider), d.currency, -d.amount, 0)::ledger.leg,
      row('player_cash', d.player_id, d.currency, d.amount, 0)::ledger.leg]);
  elsif p_event = 'charged_back' then
    select (p.verdict).* into money from ledger.post_net(ledger.derive_id('chargeback', p_id), 'chargeback', 'deposit/' || p_id, clock_timestamp(),
      d.player_id, d.currency, -d.amount, array[row('provider_clearing', d.provider, d.currency, d.amount, 0)::ledger.leg], false) p;
  end if;
  insert into payments.events (kind, id, seq, event, by, facts, refused)
    values ('deposit', p_id, p_seq, p_event, coalesce(p_provider, d.provider, 'countroom'),
      jsonb_strip_nulls(coalesce(p_facts, '{}') || jsonb_build_object('transferId', money.transfer_id, 'refused', money.code, 'reason', p_reason)), money.code)
    returning * into step;
  if money.code is not null then return step; end if;
  update payments.deposits
     set status = p_to, since = case when status = p_to then since else clock_timestamp() end, reason = p_reason,
         provider = coalesce(p_provider, provider), provider_reference = coalesce(p_reference, provider_reference),
         redirect_url = coalesce(p_redirect, redirect_url)
   where deposit_id = p_id;
  return step;
end $$;

-- The number of the next step, for a saga that takes up a payment where an earlier one ended.
create or replace function payments.next_seq(p_kind text, p_id text) returns integer language sql stable
  return (select coalesce(max(seq), 0) + 1 from payments.events where (kind, id) = (p_kind, p_id));
