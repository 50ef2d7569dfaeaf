-- Undoes a posted transfer by a new one. Whole, once: a second reversal under another id is refused.
-- Refusals: transfer_not_found (not recorded), transfer_already_reversed, amount_too_large, insufficient_funds.
create or replace function ledger.reverse(p_id uuid, p_transfer uuid, p_code text, p_business text, p_happened timestamptz)
  returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  content constant uuid := md5(row('reverse', p_transfer, p_code, p_business)::text)::uuid;
  facts constant jsonb := jsonb_build_object('transferId', p_transfer);
  verdict ledger.verdict;
  standings ledger.standing[];
begin
  perform ledger.lock_id(p_id);
  verdict := ledger.first_outcome(p_id, content);
  if verdict.outcome is not null then return verdict; end if;
  -- The same rows that it moved, locked in the order of ledger.lock_legs. Two reversals of one transfer meet here, so the
  -- second sees the first.
  standings := array(
    select row(a.id, a.is_player, a.kind, a.owner, a.currency, -e.amount, 0, a.posted, a.floor, a.ceiling)::ledger.standing
      from ledger.entries e join ledger.accounts a on a.id = e.account_id
     where e.transfer_id = p_transfer order by a.is_player desc, a.id for no key update of a);
  if cardinality(standings) = 0 then return ledger.refused('transfer_not_found', facts); end if;
  if exists (select from ledger.transfers where reverses = p_transfer) then
    return ledger.refuse(p_id, content, 'transfer_already_reversed', facts);
  end if;
  -- A leg on player_held is an exception there: a hold is undone by a void, not by a reversal.
  return ledger.apply(p_id, p_code, p_business, p_happened, content, standings, false, p_transfer);
end $$;
