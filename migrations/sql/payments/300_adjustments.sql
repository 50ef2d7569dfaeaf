-- Moves the money of an adjustment. What the player does not have is owed, where that is allowed.
create or replace function payments.adjust(a payments.adjustments) returns ledger.verdict language plpgsql as $$
declare
  id constant uuid := ledger.derive_id('adjustment', a.adjustment_id, a.tries::text);
  business constant text := 'adjustment/' || a.adjustment_id;
  house constant ledger.leg := row('adjustments', 'house', a.currency, -a.amount, 0);
  money ledger.verdict;
begin
  if a.allow_debt and a.amount < 0 then
    select (p.verdict).* into money from ledger.post_net(id, 'adjustment', business, clock_timestamp(), a.player_id, a.currency, a.amount, array[house], false) p;
    return money;
  end if;
  return ledger.post(id, 'adjustment', business, clock_timestamp(), array[row('player_cash', a.player_id, a.currency, a.amount, 0)::ledger.leg, house]);
end $$;

-- Asks for a correction: made at once, or it waits for approval. The id is its idempotency key, and a refusal is kept.
create or replace function payments.ask_adjustment(
  p_id text, p_player text, p_amount bigint, p_currency text, p_reason text, p_allow_debt boolean, p_needs_approval boolean,
  p_request jsonb, p_origin jsonb, p_objection text, out code text, out facts jsonb, out replayed boolean
) language plpgsql as $$
declare
  a payments.adjustments;
  money ledger.verdict;
begin
  perform pg_advisory_xact_lock(hashtextextended('adjustment/' || p_id, 0));
  select * into a from payments.adjustments where adjustment_id = p_id;
  replayed := found;
  if found then
    if a.request <> p_request then code := 'idempotency_conflict'; else code := a.code; facts := a.facts; end if;
    return;
  end if;
  code := players.objection(p_player, p_currency);
  if code = 'player_unknown' then return; end if; -- not kept: the player may come to be
  code := coalesce(p_objection, code);
  a := row(p_id, p_player, p_amount, p_currency, p_reason, p_allow_debt, case when p_needs_approval then 'awaiting_approval' else 'applied' end,
    code, null, p_origin ->> 'actor', null, null, null, p_request, 0, clock_timestamp(), null);
  if code is null and not p_needs_approval then
    money := payments.adjust(a);
    code := money.code;
    facts := money.facts;
    a.transfer_id := money.transfer_id;
    a.decided_at := clock_timestamp();
  end if;
  if code is not null then a.status := 'refused'; end if;
  a.code := code;
  a.facts := facts;
  insert into payments.adjustments select a.*;
  perform audit.record(p_origin || jsonb_build_object('key', 'ask'), 'ask', 'adjustment', p_id, p_reason, null, jsonb_strip_nulls(jsonb_build_object(
    'playerId', p_player, 'amount', p_amount, 'currency', p_currency, 'status', nullif(a.status, 'refused'), 'refused', code)));
end $$;

-- A second person's decision. Refused: `not_found`; `invalid_state` once it is decided; `forbidden` to who asked for it; and
-- `insufficient_funds`, after which it waits on.
create or replace function payments.decide_adjustment(p_id text, p_decision text, p_reason text, p_key text, p_origin jsonb, out code text, out facts jsonb) language plpgsql as $$
declare
  a payments.adjustments;
  money ledger.verdict;
  status_after text;
begin
  perform pg_advisory_xact_lock(hashtextextended('adjustment/' || p_id, 0));
  select * into a from payments.adjustments where adjustment_id = p_id;
  if not found or a.status = 'refused' then code := 'not_found'; return; end if;
  if a.decided_by = p_origin ->> 'actor' and a.decided_key = p_key then return; end if;
  if a.status <> 'awaiting_approval' then
    code := 'invalid_state';
  elsif p_decision = 'approve' and a.asked_by = p_origin ->> 'actor' then
    code := 'forbidden';
  elsif p_decision = 'approve' then
    money := payments.adjust(a);
    code := money.code;
    facts := money.facts;
  end if;
  if code is null then
    status_after := case p_decision when 'approve' then 'applied' else 'rejected' end;
    update payments.adjustments set status = status_after, decided_by = p_origin ->> 'actor', decided_key = p_key, decided_at = clock_timestamp(), transfer_id = money.transfer_id
     where adjustment_id = p_id;
  elsif p_decision = 'approve' and a.status = 'awaiting_approval' then
    update payments.adjustments set tries = tries + 1 where adjustment_id = p_id;
  end if;
  perform audit.record(p_origin, p_decision, 'adjustment', p_id, p_reason, jsonb_build_object('status', a.status),
    jsonb_strip_nulls(jsonb_build_object('status', status_after, 'refused', code)));
end $$;
