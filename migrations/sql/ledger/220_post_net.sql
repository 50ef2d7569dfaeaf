-- Posts what a player wins or must give back, against house legs that are already netted (they sum to -p_net).
-- A win repays first what the player owes, where p_repay says so; a claw-back takes the cash that is there and
-- books the rest as owed (player_receivable), so it is never refused for want of funds.
create or replace function ledger.post_net(
  p_id uuid, p_code text, p_business text, p_happened timestamptz,
  p_player text, p_currency text, p_net bigint, p_house ledger.leg[], p_repay boolean, out verdict ledger.verdict, out owed bigint
) language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  content constant uuid := md5(row(p_code, p_business, p_player, p_currency, p_net, p_house, p_repay)::text)::uuid;
  standings ledger.standing[];
  cash integer;
  debt integer;
  on_account numeric := 0;
begin
  perform ledger.lock_id(p_id);
  -- With the house legs, so that all is locked in the one order.
  standings := ledger.lock_legs(p_house || array[
    row('player_cash', p_player, p_currency, 0, 0), row('player_receivable', p_player, p_currency, 0, 0)]::ledger.leg[]);
  for at in 1..cardinality(standings) loop
    if standings[at].is_player and standings[at].amount <> 0 then
      raise exception 'p_house names the player' using errcode = 'check_violation', constraint = 'legs_make_sense';
    end if;
    case standings[at].kind when 'player_cash' then cash := at; when 'player_receivable' then debt := at; else null; end case;
  end loop;
  if p_net < 0 then
    on_account := least(0, p_net + standings[cash].posted);
  elsif p_repay then
    on_account := least(p_net, -standings[debt].posted);
  end if;
  standings[cash].amount := p_net - on_account;
  standings[debt].amount := on_account;
  verdict := ledger.apply(p_id, p_code, p_business, p_happened, content,
    array(select row(kind, owner, currency, amount, 0)::ledger.leg from unnest(standings)));
  -- Of a replay the entry tells, for the balances have moved on.
  owed := case when p_net >= 0 or verdict.outcome = 'refused' then 0 when verdict.replayed then ledger.owed_since(p_id) else -on_account end;
end $$;

-- What a transfer booked as owed by its player.
create or replace function ledger.owed_since(p_id uuid) returns bigint language plpgsql stable as $$
begin
  return coalesce((
    select -e.amount from ledger.outcomes o
     cross join lateral (select * from ledger.entries where written_at = o.decided_at and transfer_id = p_id offset 0) e
     where o.id = p_id and (select kind from ledger.accounts where id = e.account_id) = 'player_receivable'), 0);
end $$;
