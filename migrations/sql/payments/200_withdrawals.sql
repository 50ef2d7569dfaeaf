-- Writes a withdrawal down and holds its money, or refuses it; a repeat answers what came of it first.
create or replace function payments.open_withdrawal(
  p_id text, p_client text, p_player text, p_amount bigint, p_currency text, p_destination jsonb, p_request jsonb, p_workflow text, p_overdue_ms bigint, p_objection text,
  out outcome text, out code text, out opened_at timestamptz
) language plpgsql as $$
declare
  w payments.withdrawals;
  money ledger.verdict;
  hold uuid := ledger.derive_id('withdrawal', p_id, 'hold', '0');
begin
  perform pg_advisory_xact_lock(hashtextextended('withdrawal/' || p_id, 0));
  select * into w from payments.withdrawals where withdrawal_id = p_id;
  if not found then
    code := coalesce(p_objection, players.objection(p_player, p_currency));
    if code is null then
      money := ledger.hold(hold, 'withdrawal_hold', 'withdrawal/' || p_id, clock_timestamp(), p_player, p_currency, p_amount);
      code := money.code;
    end if;
    insert into payments.withdrawals (withdrawal_id, client_id, player_id, amount, currency, state, reason, request, destination, workflow_id, hold_id, overdue_after_ms)
      values (p_id, p_client, p_player, p_amount, p_currency, case when code is null then 'held' else 'refused_at_once' end, code, p_request, p_destination,
        p_workflow, case when code is null then hold end, p_overdue_ms)
      returning * into w;
    insert into payments.events (kind, id, seq, event, by, facts)
      values ('withdrawal', p_id, 0, case when code is null then 'held' else 'refused' end, 'client ' || p_client,
        jsonb_strip_nulls(jsonb_build_object('destination', p_destination, 'code', code, 'transferId', money.transfer_id)));
  elsif w.client_id <> p_client or w.request <> p_request then
    code := 'idempotency_conflict';
  elsif w.state = 'refused_at_once' then
    code := w.reason;
  end if;
  outcome := case when code is null then 'opened' else 'refused' end;
  opened_at := w.created_at;
end $$;

-- Why our checks want a person to look, or null. `p_played`: how many hundredths of what was deposited within thirty days must
-- have been staked since, 0 for no such check. `p_closed_loop`: money goes back first to where it came from, which is to the
-- cards and accounts of deposits of which less was paid out to them than came.
create or replace function payments.review_reason(p_id text, p_most_per_hour integer, p_played integer, p_closed_loop boolean) returns text
  language plpgsql stable as $$
declare
  w payments.withdrawals;
  month_ago constant timestamptz := clock_timestamp() - interval '30 days';
  deposited numeric;
  staked numeric;
begin
  select * into strict w from payments.withdrawals where withdrawal_id = p_id;
  if (select count(*) from payments.withdrawals o where o.player_id = w.player_id and o.state <> 'refused_at_once'
         and o.created_at > clock_timestamp() - interval '1 hour' and o.created_at <= w.created_at) > p_most_per_hour then
    return 'velocity';
  end if;
  if exists (select from ledger.accounts where kind = 'player_receivable' and owner = w.player_id and posted < 0) then
    return 'player_owes';
  end if;
  if p_played > 0 then
    select coalesce(sum(payments.not_refunded(d)), 0) into deposited from payments.deposits d
     where d.player_id = w.player_id and d.currency = w.currency and d.status = 'credited' and d.created_at > month_ago;
    select coalesce(-sum(e.amount), 0) into staked
      from ledger.accounts a join ledger.entries e on e.account_id = a.id and e.written_at > month_ago
      join ledger.transfers t on t.id = e.transfer_id and t.written_at = e.written_at and t.code in ('stake', 'stake_rollback', 'void')
     where a.kind = 'player_cash' and a.owner = w.player_id and a.currency = w.currency;
    if staked * 100 < deposited * p_played then return 'not_played_through'; end if;
  end if;
  if p_closed_loop and exists (
    select from (
      select d.request -> 'method' ->> 'type' as type, d.request -> 'method' ->> 'token' as account, sum(payments.not_refunded(d)) as came
        from payments.deposits d where d.player_id = w.player_id and d.currency = w.currency and d.status = 'credited' group by 1, 2) source
     where (type, account) <> (w.destination ->> 'type', w.destination ->> 'account')
       and came > (select coalesce(sum(o.amount), 0) from payments.withdrawals o
                    where o.player_id = w.player_id and o.currency = w.currency and o.state = 'paid'
                      and (o.destination ->> 'type', o.destination ->> 'account') = (type, account)))
    and not exists (
      select from payments.deposits d where d.player_id = w.player_id and d.currency = w.currency and d.status = 'credited'
         and (d.request -> 'method' ->> 'type', d.request -> 'method' ->> 'token') = (w.destination ->> 'type', w.destination ->> 'account')) then
    return 'closed_loop';
  end if;
  return null;
end $$;

-- The held money goes on its way with a provider.
create or replace function payments.capture_hold(w payments.withdrawals, p_provider text) returns ledger.verdict language sql
  return ledger.capture(ledger.derive_id('withdrawal', w.withdrawal_id, 'capture', w.hold_id::text), w.hold_id, 'payout_submitted',
    'withdrawal/' || w.withdrawal_id, clock_timestamp(), null, 'payouts_in_flight', p_provider);

-- Moves the money of an event. Every recipe is in docs/ledger.md; each id is derived, so that a repeat finds its own work.
create or replace function payments.withdrawal_money(w payments.withdrawals, p_event text, a payments.attempts) returns ledger.verdict
  language plpgsql as $$
declare
  business text := 'withdrawal/' || w.withdrawal_id;
  provider text := coalesce(a.provider, w.provider, 'manual');
  money ledger.verdict;
  hold uuid;
begin
  case p_event
    when 'accepted' then
      money := payments.capture_hold(w, provider);
    when 'paid', 'mark-paid' then
      if not coalesce(a.in_flight, false) then
        -- A payout nobody sent, or that its provider refused, was paid by hand: not from the provider's money.
        if p_event = 'mark-paid' and coalesce(a.status, 'refused') in ('refused', 'declared_unpaid') then provider := 'manual'; end if;
        -- Two transfers follow: all accounts first, or another withdrawal that takes the second's two could wait for us, and we for it.
        perform ledger.lock_accounts(array[row('player_held', w.player_id, w.currency, 0, 0), row('player_cash', w.player_id, w.currency, 0, 0),
          row('payouts_in_flight', provider, w.currency, 0, 0), row('provider_clearing', provider, w.currency, 0, 0)]::ledger.leg[]);
        money := payments.capture_hold(w, provider);
      end if;
      if money.code is null then
        money := ledger.post(ledger.derive_id('withdrawal', w.withdrawal_id, 'paid', w.returns::text), 'payout_paid', business, clock_timestamp(), array[
          row('payouts_in_flight', provider, w.currency, -w.amount, 0)::ledger.leg,
          row('provider_clearing', provider, w.currency, w.amount, 0)::ledger.leg]);
      end if;
    when 'refused', 'refused_try_next', 'declare-unpaid' then
      if a.in_flight then
        hold := ledger.derive_id('withdrawal', w.withdrawal_id, 'hold', a.attempt::text, w.returns::text);
        money := ledger.hold(hold, 'payout_refused', business, clock_timestamp(), w.player_id, w.currency, w.amount, 'payouts_in_flight', provider);
        if money.code is null then update payments.withdrawals set hold_id = hold where withdrawal_id = w.withdrawal_id; end if;
      end if;
    when 'cancel', 'reject' then
      if w.state = 'returned' then
        money := ledger.post(ledger.derive_id('withdrawal', w.withdrawal_id, 'returned to player', w.returns::text), 'returned_to_player', business,
          clock_timestamp(), array[row('returned_payouts', 'house', w.currency, -w.amount, 0)::ledger.leg,
                                   row('player_cash', w.player_id, w.currency, w.amount, 0)::ledger.leg]);
      else
        money := ledger.void(w.hold_id, 'withdrawal_release', business, clock_timestamp());
      end if;
    when 'returned' then
      money := ledger.post(ledger.derive_id('withdrawal', w.withdrawal_id, 'returned', w.returns::text), 'payout_returned', business, clock_timestamp(), array[
        row('provider_clearing', provider, w.currency, -w.amount, 0)::ledger.leg,
        row('returned_payouts', 'house', w.currency, w.amount, 0)::ledger.leg]);
    when 'retry', 'retry_new_destination' then
      if w.state = 'returned' then
        hold := ledger.derive_id('withdrawal', w.withdrawal_id, 'hold', 'returned', w.returns::text);
        money := ledger.hold(hold, 'withdrawal_hold', business, clock_timestamp(), w.player_id, w.currency, w.amount, 'returned_payouts', 'house');
        if money.code is null then update payments.withdrawals set hold_id = hold where withdrawal_id = w.withdrawal_id; end if;
      end if;
    when 'written_off_paid' then
      money := ledger.post(ledger.derive_id('withdrawal', w.withdrawal_id, 'owed', a.attempt::text), 'payout_owed', business, clock_timestamp(), array[
        row('player_receivable', w.player_id, w.currency, -w.amount, 0)::ledger.leg,
        row('provider_clearing', provider, w.currency, w.amount, 0)::ledger.leg]);
    else null;
  end case;
  return money;
end $$;

-- One step of a withdrawal, its money with it. Safe to repeat: a step's number is written once, and what is written under
-- it is answered. It may be another step than the one asked for: a worker that died after it had no time to tell.
create or replace function payments.withdrawal_step(
  p_id text, p_seq integer, p_event text, p_to text, p_by text, p_reason text, p_attempt integer, p_provider text, p_facts jsonb
) returns payments.events language plpgsql as $$
declare
  w payments.withdrawals;
  a payments.attempts;
  money ledger.verdict;
  step payments.events;
  meant text;
begin
  select * into strict w from payments.withdrawals where withdrawal_id = p_id for update;
  select * into step from payments.events e where (e.kind, e.id, e.seq) = ('withdrawal', p_id, p_seq);
  if found then return step; end if;
  select * into a from payments.attempts t where t.withdrawal_id = p_id and t.attempt = p_attempt;
  -- What an approval or a rejection does is what was asked for.
  meant := case
    when w.state = 'awaiting_mark_paid' and p_event = 'approve' then 'mark-paid'
    when w.state = 'awaiting_declare_unpaid' and p_event = 'approve' then 'declare-unpaid'
    when w.state in ('awaiting_mark_paid', 'awaiting_declare_unpaid') and p_event = 'reject' then 'leave'
    when w.state = 'paid_after_write_off' and p_event = 'mark-paid' then 'acknowledge'
    else p_event end;
  money := payments.withdrawal_money(w, meant, a);
  insert into payments.events (kind, id, seq, event, by, facts, refused)
    values ('withdrawal', p_id, p_seq, p_event, p_by, jsonb_strip_nulls(coalesce(p_facts, '{}') - 'origin' || jsonb_build_object(
      'reason', p_reason, 'refused', money.code, 'transferId', money.transfer_id, 'attempt', nullif(p_attempt, 0), 'provider', nullif(p_provider, ''))),
      money.code)
    returning * into step;
  perform audit.record_step('withdrawal', p_id, p_facts, p_by, p_reason, w.state, p_to, money.code);
  if money.code is not null then return step; end if;
  update payments.attempts t
     set status = coalesce(s.status, t.status), reason = case when s.status in ('refused', 'unknown', 'declared_unpaid') then p_reason else t.reason end,
         in_flight = case meant when 'accepted' then true when 'refused' then false when 'refused_try_next' then false when 'declare-unpaid' then false else t.in_flight end,
         ended_at = case when s.status in ('refused', 'declared_unpaid', 'paid', 'returned') then clock_timestamp() else t.ended_at end
    from (select case meant when 'accepted' then 'submitted' when 'unknown' then 'unknown' when 'refused' then 'refused' when 'refused_try_next' then 'refused'
                   when 'declare-unpaid' then 'declared_unpaid' when 'paid' then 'paid' when 'written_off_paid' then 'paid' when 'returned' then 'returned'
                   when 'mark-paid' then case when t2.status in ('refused', 'declared_unpaid') then null else 'paid' end end as status
            from payments.attempts t2 where t2.withdrawal_id = p_id and t2.attempt = p_attempt) s
   where t.withdrawal_id = p_id and t.attempt = p_attempt;
  if p_facts ? 'nextAttempt' then
    insert into payments.attempts (withdrawal_id, attempt, provider, key)
      select p_id, (p_facts ->> 'nextAttempt')::int, p_facts ->> 'nextProvider', p_facts ->> 'nextKey';
  end if;
  update payments.withdrawals
     set state = p_to, state_before = case when p_to in ('on_hold', 'awaiting_mark_paid', 'awaiting_declare_unpaid') then state end,
         since = case when state = p_to and p_to <> 'submitting' then since else clock_timestamp() end,
         reason = p_reason, provider = coalesce(p_facts ->> 'nextProvider', nullif(p_provider, ''), provider),
         destination = coalesce(p_facts -> 'destination', destination),
         returns = returns + (p_event = 'returned')::int
   where withdrawal_id = p_id;
  return step;
end $$;

-- A player's withdrawals that still hold money on its way out, per currency. What came back waits in returned_payouts.
create or replace function payments.pending(p_player text) returns table (currency text, amount bigint) language sql stable as $$
  select currency, sum(amount)::bigint from payments.withdrawals
   where player_id = p_player and state not in ('refused_at_once', 'paid', 'rejected', 'cancelled', 'returned', 'paid_after_write_off')
   group by currency
$$;
