-- Undoes a posted transfer by a new one: all that is left of it, or, of a transfer between two accounts, a part. What is
-- reversed never sums to more than the transfer moved.
-- Refusals: transfer_not_found (not recorded), transfer_already_reversed, reversal_exceeded, amount_too_large, insufficient_funds.
create or replace function ledger.reverse(
  p_id uuid, p_transfer uuid, p_code text, p_business text, p_happened timestamptz, p_amount bigint default null
) returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  content constant uuid := md5(row('reverse', p_transfer, p_code, p_business, p_amount)::text)::uuid;
  facts jsonb := jsonb_build_object('transferId', p_transfer);
  verdict ledger.verdict;
  legs ledger.leg[];
  moved numeric;
  reversed numeric;
  part numeric;
begin
  if p_amount <= 0 then raise exception 'a reversal reverses something' using errcode = 'check_violation', constraint = 'legs_make_sense'; end if;
  -- Of the transfer too: two reversals of it meet here, so the second sees the first. Both in the one order, as a batch has it.
  perform ledger.lock_ids(array[p_id, p_transfer]);
  verdict := ledger.first_outcome(p_id, content);
  if verdict.outcome is not null then return verdict; end if;
  legs := ledger.legs_of(p_transfer);
  if cardinality(legs) = 0 then return ledger.refused('transfer_not_found', facts); end if;

  moved := (select sum(amount) from unnest(legs) where amount > 0);
  reversed := coalesce((select sum(amount) from ledger.transfers t, unnest(ledger.legs_of(t.id)) where t.reverses = p_transfer and amount > 0), 0);
  part := coalesce(p_amount, moved - reversed);
  facts := facts || jsonb_build_object('left', moved - reversed);
  if reversed = moved then return ledger.refuse(p_id, content, 'transfer_already_reversed', facts); end if;
  if part > moved - reversed then return ledger.refuse(p_id, content, 'reversal_exceeded', facts); end if;
  if part < moved and cardinality(legs) > 2 then
    raise exception 'a part of a transfer of % entries cannot be reversed', cardinality(legs) using errcode = 'check_violation', constraint = 'legs_make_sense';
  end if;
  -- A leg on player_held is an exception there: a hold is undone by a void, not by a reversal.
  return ledger.apply(p_id, p_code, p_business, p_happened, content,
    array(select row(kind, owner, currency, (-sign(amount) * case when part = moved then abs(amount) else part end)::bigint, 0)::ledger.leg from unnest(legs)),
    p_reverses => p_transfer);
end $$;

-- What a transfer moved; empty where there is none.
create or replace function ledger.legs_of(p_transfer uuid) returns ledger.leg[] language plpgsql stable as $$
begin
  return array(
    select row(a.kind, a.owner, a.currency, e.amount, 0)::ledger.leg
      from ledger.outcomes o join ledger.entries e on e.written_at = o.decided_at and e.transfer_id = o.id join ledger.accounts a on a.id = e.account_id
     where o.id = p_transfer order by a.is_player desc, a.id);
end $$;
