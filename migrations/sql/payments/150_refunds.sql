-- What of a deposit has not been sent back.
create or replace function payments.not_refunded(d payments.deposits) returns bigint language sql stable
  return d.amount - (select coalesce(sum(r.amount), 0)::bigint from payments.refunds r where r.deposit_id = d.deposit_id and r.status = 'refunded');

-- Takes the money of a refund on its way: out of the player's cash, or, where it was captured and never credited, straight
-- from the provider. It is numbered by its step. `p_amount` null is all of it. Refused: `insufficient_funds` where that much is not there to be sent
-- back, `invalid_state` for a part of what was never credited.
create or replace function payments.begin_refund(d payments.deposits, p_number integer, p_amount bigint, out money ledger.verdict, out facts jsonb) language plpgsql as $$
declare
  credited constant boolean := d.status = 'credited';
  captured jsonb;
  most bigint := payments.not_refunded(d);
  sent bigint;
begin
  facts := '{}';
  if not credited then
    select e.facts -> 'captured' into captured from payments.events e
     where e.kind = 'deposit' and e.id = d.deposit_id and e.event = 'credit_refused' order by e.seq desc limit 1;
    most := (captured ->> 'minor')::bigint;
    d.currency := captured ->> 'currency';
  end if;
  sent := coalesce(p_amount, most);
  if sent > most then
    money.code := 'insufficient_funds';
  elsif not credited and sent < most then
    money.code := 'invalid_state';
  else
    money := ledger.post(ledger.derive_id('refund', d.deposit_id, p_number::text), 'deposit_refund', 'deposit/' || d.deposit_id, clock_timestamp(), array[
      payments.refund_source(d, credited, -sent), row('payouts_in_flight', d.provider, d.currency, sent, 0)::ledger.leg]);
  end if;
  if money.code is not null then return; end if;
  insert into payments.refunds (deposit_id, refund, key, amount, currency, credited)
    values (d.deposit_id, p_number, format('refund:%s:%s', d.deposit_id, p_number), sent, d.currency, credited);
  facts := jsonb_build_object('refund', payments.open_refund(d));
end $$;

-- Where the money of a refund comes from, and goes back to.
create or replace function payments.refund_source(d payments.deposits, p_credited boolean, p_amount bigint) returns ledger.leg language sql stable
  return case when p_credited then row('player_cash', d.player_id, d.currency, p_amount, 0)::ledger.leg
              else row('provider_clearing', d.provider, d.currency, p_amount, 0)::ledger.leg end;

-- The refund that is on its way, as the saga is told of it, or null.
create or replace function payments.open_refund(d payments.deposits) returns jsonb language sql stable
  return (select jsonb_build_object('key', r.key, 'amount', jsonb_build_object('minor', r.amount::text, 'currency', r.currency), 'credited', r.credited,
                   'all', not r.credited or r.amount = payments.not_refunded(d), 'providerReference', d.provider_reference)
            from payments.refunds r where r.deposit_id = d.deposit_id and r.status = 'asked');

-- The provider has sent the money back, or refused to: it goes where it came from.
create or replace function payments.end_refund(d payments.deposits, p_sent boolean, p_reason text) returns ledger.verdict language plpgsql as $$
declare
  r payments.refunds;
begin
  update payments.refunds set status = case when p_sent then 'refunded' else 'refused' end, reason = p_reason, ended_at = clock_timestamp()
   where deposit_id = d.deposit_id and status = 'asked' returning * into strict r;
  d.currency := r.currency;
  return ledger.post(ledger.derive_id('refund', d.deposit_id, r.refund::text, 'end'), case when p_sent then 'refund_paid' else 'refund_refused' end,
    'deposit/' || d.deposit_id, clock_timestamp(), array[
      row('payouts_in_flight', d.provider, r.currency, -r.amount, 0)::ledger.leg,
      payments.refund_source(d, r.credited and not p_sent, r.amount)]);
end $$;
