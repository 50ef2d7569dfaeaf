-- Why a player whose deposits failed too often may not try once more just now, by the rule of the jurisdiction, or nulls.
create or replace function payments.failed_too_often(p_player text, out code text, out facts jsonb) language sql stable as $$
  select 'player_blocked', jsonb_build_object('kind', 'failed_deposits', 'failed', count(*), 'until', players.iso(min(d.since) + min(j.failed_within)))
    from players.players p join players.jurisdictions j using (jurisdiction)
   cross join lateral (select since from payments.deposits where player_id = p.player_id and status = 'failed' and since > clock_timestamp() - j.failed_within
                        order by since desc limit j.failed_deposits) d
   where p.player_id = p_player and j.failed_deposits is not null
  having count(*) >= min(j.failed_deposits)
$$;

-- Writes a deposit down, or answers what it was answered: `opened`, or `refused` with a code.
create or replace function payments.open_deposit(
  p_id text, p_client text, p_player text, p_amount bigint, p_currency text, p_request jsonb, p_workflow text, p_expires_in_ms bigint, p_overdue_ms bigint,
  p_objection text, out outcome text, out code text, out facts jsonb, out opened_at timestamptz
) language plpgsql as $$
declare
  d payments.deposits;
begin
  code := coalesce(p_objection, players.objection(p_player, p_currency));
  if code is null and cardinality(players.lock_guards(array[p_player])) > 0 then
    select p.code, p.facts into code, facts from players.protect(p_player, p_currency, 'deposit', p_amount) p;
  end if;
  if code is null then select f.code, f.facts into code, facts from payments.failed_too_often(p_player) f; end if;
  insert into payments.deposits (deposit_id, client_id, player_id, amount, currency, status, reason, request, workflow_id, expires_at, overdue_after_ms)
    values (p_id, p_client, p_player, p_amount, p_currency, case when code is null then 'pending' else 'refused' end, code, p_request, p_workflow,
      clock_timestamp() + p_expires_in_ms * interval '1 millisecond', p_overdue_ms)
    on conflict (deposit_id) do nothing;
  select * into d from payments.deposits where deposit_id = p_id for update;
  if d.client_id <> p_client or d.request <> p_request then
    code := 'idempotency_conflict';
  else
    code := case when d.status = 'refused' then d.reason end;
    insert into payments.events (kind, id, seq, event, by, facts)
      values ('deposit', p_id, 0, case when code is null then 'requested' else 'refused' end, 'client ' || p_client, jsonb_strip_nulls(jsonb_build_object(
        'method', p_request -> 'method', 'code', code, 'facts', case when code is not null then facts end)))
      on conflict do nothing;
    facts := (select e.facts -> 'facts' from payments.events e where (e.kind, e.id, e.seq) = ('deposit', p_id, 0));
  end if;
  outcome := case when code is null then 'opened' else 'refused' end;
  opened_at := d.created_at;
end $$;

-- One step of a deposit, its money with it. Safe to repeat: a step's number is written once, and what is written under it
-- is answered. It may be another step than the one asked for: a worker that died after it had no time to tell.
create or replace function payments.deposit_step(
  p_id text, p_seq integer, p_event text, p_to text, p_by text, p_provider text, p_reference text, p_redirect text, p_reason text, p_amount bigint, p_facts jsonb
) returns payments.events language plpgsql as $$
declare
  d payments.deposits;
  money ledger.verdict;
  step payments.events;
  facts jsonb := coalesce(p_facts, '{}');
  begun record;
begin
  select * into strict d from payments.deposits where deposit_id = p_id for update;
  select * into step from payments.events e where (e.kind, e.id, e.seq) = ('deposit', p_id, p_seq);
  if found then return step; end if;
  d.provider := coalesce(p_provider, d.provider);
  case p_event
    when 'captured' then
      money := payments.credit(d);
    when 'charged_back' then
      select (p.verdict).* into money from ledger.post_net(ledger.derive_id('chargeback', p_id), 'chargeback', 'deposit/' || p_id, clock_timestamp(),
        d.player_id, d.currency, -payments.not_refunded(d), array[row('provider_clearing', d.provider, d.currency, payments.not_refunded(d), 0)::ledger.leg], false) p;
    when 'refund' then
      select * into begun from payments.begin_refund(d, p_seq, p_amount);
      money := begun.money;
      facts := facts || begun.facts;
    when 'refunded', 'part_refunded', 'refund_refused', 'return_refused' then
      money := payments.end_refund(d, p_event in ('refunded', 'part_refunded'), p_reason);
    else null;
  end case;
  insert into payments.events (kind, id, seq, event, by, facts, refused)
    values ('deposit', p_id, p_seq, p_event, coalesce(p_by, d.provider, 'countroom'),
      jsonb_strip_nulls(facts - 'origin' || jsonb_build_object('transferId', money.transfer_id, 'refused', money.code, 'reason', p_reason,
        'providerReference', p_reference)), money.code)
    returning * into step;
  perform audit.record_step('deposit', p_id, p_facts, p_by, p_reason, d.status, p_to, money.code);
  if money.code is not null then return step; end if;
  update payments.deposits
     set status = p_to, since = case when status = p_to then since else clock_timestamp() end, reason = case when p_event = 'retry' then reason else p_reason end,
         provider = d.provider, provider_reference = coalesce(p_reference, provider_reference),
         redirect_url = coalesce(p_redirect, redirect_url)
   where deposit_id = p_id;
  return step;
end $$;

-- The money of a capture. What comes for a blocked player after the deposit had ended is not the player's to have: it is refunded.
create or replace function payments.credit(d payments.deposits) returns ledger.verdict language plpgsql as $$
declare
  money ledger.verdict;
begin
  if d.status in ('failed', 'expired') then
    select b.code into money.code from players.blocked(d.player_id) b;
    if money.code is not null then return money; end if;
  end if;
  return ledger.post(ledger.derive_id('deposit', d.deposit_id), 'deposit', 'deposit/' || d.deposit_id, clock_timestamp(), array[
    row('provider_clearing', d.provider, d.currency, -d.amount, 0)::ledger.leg,
    row('player_cash', d.player_id, d.currency, d.amount, 0)::ledger.leg]);
end $$;

-- The number of the next step, for a saga that takes up a payment where an earlier one ended.
create or replace function payments.next_seq(p_kind text, p_id text) returns integer language sql stable
  return (select coalesce(max(seq), 0) + 1 from payments.events where (kind, id) = (p_kind, p_id));
