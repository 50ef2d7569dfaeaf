-- Places a hold: `p_amount` moves from the source (the player's cash, or payouts_in_flight of a provider whose
-- refusal came late) to player_held, where only capture, void and expire reach it. p_id names the hold and its transfer.
-- Refusals: those of ledger.post, and hold_already_voided (a void overtook it).
create or replace function ledger.hold(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_player text, p_currency text, p_amount bigint,
  p_from_kind text default 'player_cash', p_from_owner text default null, p_expires timestamptz default null
) returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  legs constant ledger.leg[] := array[
    row(p_from_kind, coalesce(p_from_owner, p_player), p_currency, -p_amount, 0),
    row('player_held', p_player, p_currency, p_amount, p_amount)];
  content constant uuid := md5(row(p_code, p_business, legs, p_expires at time zone 'UTC')::text)::uuid;
  verdict ledger.verdict;
begin
  if p_amount is null or p_amount <= 0 then
    raise exception 'a hold holds something' using errcode = 'check_violation', constraint = 'legs_make_sense';
  end if;
  perform ledger.lock_id(p_id);
  verdict := ledger.first_outcome(p_id, content);
  if verdict.outcome is not null then return verdict; end if;
  if exists (select from ledger.holds where id = p_id) then
    return ledger.refuse(p_id, content, 'hold_already_voided', jsonb_build_object('holdId', p_id));
  end if;
  verdict := ledger.apply(p_id, p_code, p_business, p_happened, content, legs, true);
  if verdict.outcome = 'applied' then
    insert into ledger.holds (id, account_id, amount, state, business_id, expires_at)
      select p_id, id, p_amount, 'open', p_business, p_expires
        from ledger.accounts where (kind, owner, currency) = ('player_held', p_player, p_currency);
  end if;
  return verdict;
end $$;

-- A hold and whose it is; all null where there is none. Locked, so that its end is decided once.
create or replace function ledger.lock_hold(p_hold uuid, out hold ledger.holds, out owner text, out currency text) language plpgsql as $$
begin
  select * into hold from ledger.holds h where h.id = p_hold for no key update;
  select a.owner, a.currency into owner, currency from ledger.accounts a where a.id = hold.account_id;
end $$;

-- Captures part or all of a hold (null: all that is left) to the account named; with p_release the rest goes back
-- to the player's cash in the same transfer, else the hold stays open for more.
-- Refusals: hold_not_found, hold_already_voided, hold_already_expired, hold_already_captured, hold_exceeded, amount_too_large.
create or replace function ledger.capture(
  p_id uuid, p_hold uuid, p_code text, p_business text, p_happened timestamptz, p_amount bigint,
  p_to_kind text, p_to_owner text, p_release boolean default true
) returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  content constant uuid := md5(row(p_hold, p_code, p_business, p_amount, p_to_kind, p_to_owner, p_release)::text)::uuid;
  facts constant jsonb := jsonb_build_object('holdId', p_hold);
  locked record;
  hold ledger.holds;
  verdict ledger.verdict;
  amount_left bigint;
  taken bigint;
  rest bigint;
begin
  if p_amount <= 0 or p_to_kind = 'player_held' then
    raise exception 'a capture takes something out of a hold' using errcode = 'check_violation', constraint = 'legs_make_sense';
  end if;
  perform ledger.lock_id(p_id);
  locked := ledger.lock_hold(p_hold);
  hold := locked.hold;
  verdict := ledger.first_outcome(p_id, content);
  if verdict.outcome is not null then return verdict; end if;
  if hold.id is null then return ledger.refused('hold_not_found', facts); end if;
  if hold.state <> 'open' then return ledger.refuse(p_id, content, 'hold_already_' || hold.state, facts); end if;
  amount_left := hold.amount - hold.captured;
  taken := coalesce(p_amount, amount_left);
  if taken > amount_left then
    return ledger.refuse(p_id, content, 'hold_exceeded', facts || jsonb_build_object('left', amount_left));
  end if;
  rest := case when p_release then amount_left - taken else 0 end;
  verdict := ledger.apply(p_id, p_code, p_business, p_happened, content, array[
    row('player_held', locked.owner, locked.currency, -(taken + rest), -(taken + rest)),
    row('player_cash', locked.owner, locked.currency, rest, 0),
    row(p_to_kind, p_to_owner, locked.currency, taken, 0)]::ledger.leg[], true);
  if verdict.outcome = 'applied' then
    update ledger.holds set captured = captured + taken,
        state = case when taken + rest = amount_left then 'captured' else 'open' end,
        ended_at = case when taken + rest = amount_left then clock_timestamp() end
      where id = p_hold;
  end if;
  return verdict;
end $$;

-- Gives what is left of an open hold back to the player's cash. A refusal (amount_too_large) is not written down:
-- whoever gives money back must be free to try again. Ended before, it answers what gave the money back.
create or replace function ledger.end_hold(
  p_hold ledger.holds, p_owner text, p_currency text, p_state text, p_code text, p_business text, p_happened timestamptz
) returns ledger.verdict language plpgsql as $$
declare
  p_id constant uuid := ledger.derive_id('void', p_hold.id::text);
  rest constant bigint := p_hold.amount - p_hold.captured;
  verdict ledger.verdict;
begin
  if p_hold.state = 'captured' then return ledger.refused('hold_already_captured', jsonb_build_object('holdId', p_hold.id)); end if;
  perform ledger.lock_id(p_id);
  verdict := ledger.apply(p_id, p_code, p_business, p_happened, md5(p_hold.id::text)::uuid, array[
    row('player_held', p_owner, p_currency, -rest, -rest),
    row('player_cash', p_owner, p_currency, rest, 0)]::ledger.leg[], p_of_hold => true, p_final => false);
  if verdict.outcome = 'applied' and not verdict.replayed then
    update ledger.holds set state = p_state, ended_at = clock_timestamp() where id = p_hold.id;
  end if;
  return verdict;
end $$;

-- Voids a hold. An unknown id leaves a tombstone, so that a hold which arrives late is refused. Voiding twice, or
-- after the hold expired, is a replay. Refusals: hold_already_captured, amount_too_large; neither is recorded.
create or replace function ledger.void(p_hold uuid, p_code text, p_business text, p_happened timestamptz)
  returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  locked record;
  hold ledger.holds;
begin
  perform ledger.lock_id(p_hold); -- the hold itself may come at this moment
  locked := ledger.lock_hold(p_hold);
  hold := locked.hold;
  if hold.account_id is not null then
    return ledger.end_hold(hold, locked.owner, locked.currency, 'voided', p_code, p_business, p_happened);
  end if;
  insert into ledger.holds (id, amount, state, business_id, ended_at)
    values (p_hold, 0, 'voided', p_business, clock_timestamp()) on conflict (id) do nothing;
  return row('applied', null, jsonb_build_object('tombstone', true), hold.id is not null, null, null)::ledger.verdict;
end $$;

-- Ends a hold whose time is over: nothing happens to it by itself, so that its money is where its state says.
-- Refusals: hold_not_found, hold_not_expired, hold_already_captured, amount_too_large; none is recorded.
create or replace function ledger.expire(p_hold uuid, p_code text, p_business text, p_happened timestamptz)
  returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  locked constant record := ledger.lock_hold(p_hold);
  hold constant ledger.holds := locked.hold;
begin
  if hold.account_id is null then return ledger.refused('hold_not_found', jsonb_build_object('holdId', p_hold)); end if;
  if hold.state = 'open' and coalesce(hold.expires_at > clock_timestamp(), true) then
    return ledger.refused('hold_not_expired', jsonb_build_object('holdId', p_hold, 'expiresAt', hold.expires_at));
  end if;
  return ledger.end_hold(hold, locked.owner, locked.currency, 'expired', p_code, p_business, p_happened);
end $$;
