-- A refusal that is not written down: what is missing may come to be, or the caller must be free to try again.
create or replace function ledger.refused(p_code text, p_facts jsonb) returns ledger.verdict language plpgsql immutable as $$
begin
  return row('refused', p_code, p_facts, false, null, null)::ledger.verdict;
end $$;

-- The first outcomes of ids, again, in their order: null where the id is new, `idempotency_conflict` where the content is
-- another one.
create or replace function ledger.first_outcomes(p_ids uuid[], p_contents uuid[]) returns ledger.verdict[] language plpgsql stable as $$
begin
  return array(
    select case
      when coalesce(t.content, r.content) <> asked.content then ledger.refused('idempotency_conflict', jsonb_build_object('id', asked.id))
      when t.id is not null then row('applied', null, null, true, t.balance, t.id)::ledger.verdict
      when r.id is not null then row('refused', r.code, r.facts, true, null, null)::ledger.verdict end
      from unnest(p_ids, p_contents) with ordinality as asked (id, content, at)
      left join ledger.transfers t on t.id = asked.id left join ledger.refusals r on r.id = asked.id
     order by asked.at);
end $$;

create or replace function ledger.first_outcome(p_id uuid, p_content uuid) returns ledger.verdict language plpgsql stable as $$
begin
  return (ledger.first_outcomes(array[p_id], array[p_content]))[1];
end $$;

-- A refusal that is final: a later duplicate hears the same, whatever the balance is by then. The id is locked by now.
create or replace function ledger.refuse(p_id uuid, p_content uuid, p_code text, p_facts jsonb) returns ledger.verdict
  language plpgsql as $$
begin
  insert into ledger.refusals (id, content, code, facts) values (p_id, p_content, p_code, p_facts);
  return ledger.refused(p_code, p_facts);
end $$;

-- The rule that forbids these legs, with its facts, or no code; and the player's cash after them.
-- Legs that cannot be meant are an exception: nobody's rule refuses them, a program is wrong.
create or replace function ledger.judge(p_standings ledger.standing[], p_of_hold boolean, out code text, out facts jsonb, out cash bigint)
  language plpgsql stable as $$
declare
  -- In order of precedence.
  rules constant text[] := array['account_not_found', 'amount_too_large', 'insufficient_funds'];
  leg ledger.standing;
  rule text;
  player text;
  moves boolean := false;
begin
  foreach leg in array coalesce(p_standings, '{}') loop
    if leg.kind is null or leg.owner is null or leg.currency is null or leg.amount is null
       or leg.held is distinct from (case when leg.kind = 'player_held' then leg.amount else 0 end)
       or (leg.kind = 'player_held' and not p_of_hold)
       or (leg.is_player and leg.owner <> coalesce(player, leg.owner)) or leg.currency <> p_standings[1].currency then
      raise exception 'legs name account and amount, are of one player and one currency, and move held money by a hold alone: %', leg
        using errcode = 'check_violation', constraint = 'legs_make_sense';
    end if;
    if leg.is_player then player := leg.owner; end if;
    moves := moves or leg.amount <> 0;
    rule := case
      when leg.account_id is null then rules[1]
      when abs(leg.posted + leg.amount) > case when leg.is_player then 9007199254740991 else 9223372036854775807 end
        or leg.posted + leg.amount > leg.ceiling then rules[2]
      when leg.posted + leg.amount < leg.floor then rules[3] end;
    if rule is null and leg.kind = 'player_cash' then cash := leg.posted + leg.amount; end if;
    if array_position(rules, rule) < coalesce(array_position(rules, code), 4) then
      code := rule;
      facts := jsonb_build_object('account', leg.kind || ':' || leg.owner || ':' || leg.currency, 'available', leg.posted, 'amount', abs(leg.amount));
    end if;
  end loop;
  if not moves then raise exception 'a transfer moves something' using errcode = 'check_violation', constraint = 'legs_make_sense'; end if;
end $$;

-- Writes one transfer and its entries, or refuses it: the only place where money moves. Its id and its accounts are
-- locked by now, and `p_content` is the fingerprint of the request. Writes no refusal down.
create or replace function ledger.write(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_content uuid, p_standings ledger.standing[],
  p_of_hold boolean default false, p_reverses uuid default null
) returns ledger.verdict language plpgsql as $$
declare
  verdict ledger.verdict;
  judged record;
  written constant timestamptz := clock_timestamp(); -- under the locks, so that an account's entries are in order of time
begin
  verdict := ledger.first_outcome(p_id, p_content);
  if verdict.outcome is not null then return verdict; end if;
  judged := ledger.judge(p_standings, p_of_hold);
  if judged.code is not null then return ledger.refused(judged.code, judged.facts); end if;

  with transfer as (
    insert into ledger.transfers (id, code, business_id, happened_at, written_at, content, balance, reverses)
      values (p_id, p_code, p_business, p_happened, written, p_content, judged.cash, p_reverses)
  ), moved as (
    update ledger.accounts a set posted = a.posted + leg.amount, held = a.held + leg.held, version = a.version + 1
      from unnest(p_standings) leg where a.id = leg.account_id and leg.amount <> 0
    returning a.id, a.version, leg.amount, a.posted
  )
  insert into ledger.entries (account_id, version, transfer_id, amount, balance_after, written_at)
    select id, version, p_id, amount, posted, written from moved;
  return row('applied', null, null, false, judged.cash, p_id)::ledger.verdict;
end $$;

-- The same, with the refusal written down. What is not there yet may come to be, and is no final answer.
create or replace function ledger.apply(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_content uuid, p_standings ledger.standing[],
  p_of_hold boolean default false, p_reverses uuid default null
) returns ledger.verdict language plpgsql as $$
declare
  verdict ledger.verdict := ledger.write(p_id, p_code, p_business, p_happened, p_content, p_standings, p_of_hold, p_reverses);
begin
  if verdict.outcome = 'refused' and not verdict.replayed and verdict.code not in ('idempotency_conflict', 'account_not_found') then
    return ledger.refuse(p_id, p_content, verdict.code, verdict.facts);
  end if;
  return verdict;
end $$;

-- Posts one transfer. Legs must sum to zero per currency and touch at most one player; a leg on player_held belongs
-- to a hold, not here. Refusals: idempotency_conflict, account_not_found, amount_too_large, insufficient_funds.
create or replace function ledger.post(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_legs ledger.leg[]
) returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform ledger.lock_id(p_id);
  return ledger.apply(p_id, p_code, p_business, p_happened, md5(row(p_code, p_business, p_legs)::text)::uuid, ledger.lock_legs(p_legs));
end $$;

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
  verdict := ledger.apply(p_id, p_code, p_business, p_happened, content, standings);
  -- Of a replay the entry tells, for the balances have moved on.
  owed := case when p_net >= 0 or verdict.outcome = 'refused' then 0 when not verdict.replayed then -on_account else coalesce(
    (select -e.amount from ledger.entries e join ledger.accounts a on a.id = e.account_id
      where e.transfer_id = p_id and a.kind = 'player_receivable'), 0) end;
end $$;
