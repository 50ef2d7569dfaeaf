-- Writes down what somebody did, in the transaction of the deed; once for each key. `p_origin` has actor, role, address and
-- traceId, and key where there is one.
create or replace function audit.record(
  p_origin jsonb, p_action text, p_kind text, p_id text, p_reason text, p_before jsonb, p_after jsonb
) returns boolean language plpgsql as $$
begin
  insert into audit.records (actor, role, action, object_kind, object_id, reason, address, before, after, trace_id, key)
    values (p_origin ->> 'actor', p_origin ->> 'role', p_action, p_kind, p_id, p_reason, p_origin ->> 'address',
      p_before, p_after, p_origin ->> 'traceId', p_origin ->> 'key')
    on conflict do nothing;
  return found;
end $$;

-- The same of a step of a payment that a person pressed; the saga brings where it came from among the step's facts.
create or replace function audit.record_step(
  p_kind text, p_id text, p_facts jsonb, p_by text, p_reason text, p_before text, p_after text, p_refused text
) returns void language plpgsql as $$
begin
  if p_facts ? 'origin' then
    perform audit.record(p_facts -> 'origin' || jsonb_build_object('actor', p_by, 'key', p_facts -> 'idempotencyKey'),
      p_facts -> 'origin' ->> 'action', p_kind, p_id, p_reason, jsonb_build_object('state', p_before),
      case when p_refused is null then jsonb_build_object('state', p_after) else jsonb_build_object('refused', p_refused) end);
  end if;
end $$;
