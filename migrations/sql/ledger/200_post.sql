-- A refusal that is not written down: what is missing may come to be, or the caller must be free to try again.
create or replace function ledger.refused(p_code text, p_facts jsonb) returns ledger.verdict language plpgsql immutable as $$
begin
  return row('refused', p_code, p_facts, false, null, null)::ledger.verdict;
end $$;

-- What an id was answered first, again; `idempotency_conflict` where the content is another one.
create or replace function ledger.answer_again(p_first ledger.outcomes, p_content uuid) returns ledger.verdict language plpgsql immutable as $$
begin
  if p_first.content <> p_content then return ledger.refused('idempotency_conflict', jsonb_build_object('id', p_first.id)); end if;
  if p_first.refusal is not null then return row('refused', p_first.refusal, p_first.facts, true, null, null)::ledger.verdict; end if;
  return row('applied', null, null, true, p_first.balance, p_first.id)::ledger.verdict;
end $$;

-- The first outcome of an id; null where the id is new.
create or replace function ledger.first_outcome(p_id uuid, p_content uuid) returns ledger.verdict language plpgsql stable as $$
declare
  first ledger.outcomes;
begin
  select * into first from ledger.outcomes where id = p_id;
  if not found then return null; end if;
  return ledger.answer_again(first, p_content);
end $$;

-- A refusal that is final: a later duplicate hears the same, whatever the balance is by then. The id is locked by now.
create or replace function ledger.refuse(p_id uuid, p_content uuid, p_code text, p_facts jsonb) returns ledger.verdict
  language plpgsql as $$
begin
  insert into ledger.outcomes (id, content, decided_at, refusal, facts) values (p_id, p_content, clock_timestamp(), p_code, p_facts);
  return ledger.refused(p_code, p_facts);
end $$;

-- The rule that forbids these legs, with its facts, or no code; and the player's cash after them.
-- Legs that cannot be meant are an exception: nobody's rule refuses them, a program is wrong.
create or replace function ledger.judge(p_standings ledger.standing[], p_of_hold boolean, p_exchanges boolean, out code text, out facts jsonb, out cash bigint)
  language plpgsql stable as $$
declare
  -- In order of precedence.
  rules constant text[] := array['account_not_found', 'amount_too_large', 'insufficient_funds'];
  leg ledger.standing;
  rule text;
  player text;
  moves boolean := false;
  cashes integer := 0;
begin
  foreach leg in array coalesce(p_standings, '{}') loop
    if leg.kind is null or leg.owner is null or leg.currency is null or leg.amount is null
       or leg.held is distinct from (case when leg.kind = 'player_held' then leg.amount else 0 end)
       or (leg.kind = 'player_held' and not p_of_hold)
       or (leg.is_player and leg.owner <> coalesce(player, leg.owner)) or (leg.currency <> p_standings[1].currency and not p_exchanges) then
      raise exception 'legs name account and amount, are of one player and one currency (but in an exchange), and move held money by a hold alone: %', leg
        using errcode = 'check_violation', constraint = 'legs_make_sense';
    end if;
    if leg.is_player then player := leg.owner; end if;
    moves := moves or leg.amount <> 0;
    rule := case
      when leg.account_id is null then rules[1]
      when abs(leg.posted + leg.amount) > case when leg.is_player then 9007199254740991 else 4611686018427387903 end
        or leg.posted + leg.amount > leg.ceiling then rules[2]
      when leg.posted + leg.amount < leg.floor then rules[3] end;
    if leg.kind = 'player_cash' then
      cashes := cashes + 1;
      cash := case when cashes = 1 and rule is null then leg.posted + leg.amount end; -- an exchange has two, and which is meant?
    end if;
    if array_position(rules, rule) < coalesce(array_position(rules, code), 4) then
      code := rule;
      facts := jsonb_build_object('account', leg.kind || ':' || leg.owner || ':' || leg.currency, 'available', leg.posted, 'amount', abs(leg.amount));
    end if;
  end loop;
  if not moves then raise exception 'a transfer moves something' using errcode = 'check_violation', constraint = 'legs_make_sense'; end if;
end $$;

-- What of an amount an account takes: all or nothing. 4611686018427387903 = 2^62-1: no sum of two overflows.
create or replace function ledger.taken(p_amount bigint, p_posted bigint, p_floor bigint, p_ceiling bigint, p_player boolean) returns bigint
  language sql immutable parallel safe return case
    when p_amount between -4611686018427387903 and 4611686018427387903 and p_posted between -4611686018427387903 and 4611686018427387903
     and p_posted + p_amount between coalesce(p_floor, case when p_player then -9007199254740991 else -4611686018427387903 end)
                                 and coalesce(p_ceiling, 4611686018427387903) then p_amount else 0 end;

-- What ledger.apply does, for any legs. One statement locks all accounts in the order of ledger.lock_legs and moves those
-- that have room; where one has not, they are put back, and looked at to say why.
create or replace function ledger.apply_any(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_content uuid, p_legs ledger.leg[],
  p_of_hold boolean, p_reverses uuid, p_final boolean
) returns ledger.verdict language plpgsql as $$
declare
  exchanges constant boolean := p_code = 'exchange' or p_reverses is not null;
  player constant text := (select owner from unnest(p_legs) where starts_with(kind, 'player_') limit 1);
  legs ledger.leg[] := p_legs;
  standings ledger.standing[];
  judged record;
  written timestamptz;
  fitting integer;
  ids bigint[];
  versions bigint[];
  amounts bigint[];
  afters bigint[];
  cash bigint;
begin
  for try in 1..2 loop
    with moved as (
      update ledger.accounts a
         set posted = a.posted + ledger.taken(leg.amount, a.posted, a.floor, a.ceiling, a.is_player),
             held = a.held + case when leg.held = 0 then 0 else ledger.taken(leg.amount, a.posted, a.floor, a.ceiling, a.is_player) end,
             version = a.version + case when ledger.taken(leg.amount, a.posted, a.floor, a.ceiling, a.is_player) = 0 then 0 else 1 end
        from (select b.id, leg.amount, leg.held
                from unnest(legs) leg
                join ledger.accounts b on (b.kind, b.owner, b.currency, b.bucket) = (leg.kind, leg.owner, leg.currency, ledger.bucket(leg.kind, player))
               where leg.held = case when leg.kind = 'player_held' then leg.amount else 0 end and (p_of_hold or leg.kind <> 'player_held')
                 and (exchanges or leg.currency = legs[1].currency) and (b.owner = player or not b.is_player)
               order by b.is_player desc, b.id) leg
       where a.id = leg.id
      returning a.id, new.version, leg.amount, new.posted - old.posted as taken, new.posted, a.kind)
    select count(*) filter (where taken = amount), array_agg(id) filter (where taken <> 0), array_agg(version) filter (where taken <> 0),
           array_agg(taken) filter (where taken <> 0), array_agg(posted) filter (where taken <> 0),
           case when count(*) filter (where kind = 'player_cash') = 1 then max(posted) filter (where kind = 'player_cash') end
      into fitting, ids, versions, amounts, afters, cash from moved;

    if fitting = cardinality(legs) and ids is not null then
      written := clock_timestamp();
      insert into ledger.outcomes (id, content, decided_at, balance) values (p_id, p_content, written, cash);
      insert into ledger.transfers (id, code, business_id, happened_at, written_at, reverses)
        values (p_id, p_code::ledger.transfer_code, p_business, p_happened, written, p_reverses);
      insert into ledger.entries (account_id, version, transfer_id, amount, balance_after, written_at)
        select id, version, p_id, amount, after, written from unnest(ids, versions, amounts, afters) as e (id, version, amount, after);
      return row('applied', null, null, false, cash, p_id)::ledger.verdict;
    end if;

    update ledger.accounts a
       set posted = a.posted - m.taken, held = case when a.kind = 'player_held' then a.held - m.taken else 0 end, version = a.version - 1
      from unnest(ids, amounts) as m (id, taken) where a.id = m.id;
    standings := ledger.lock_legs(legs);
    judged := ledger.judge(standings, p_of_hold, exchanges);
    if judged.code = 'account_not_found' or (judged.code is not null and not p_final) then
      return ledger.refused(judged.code, judged.facts);
    elsif judged.code is not null then
      return ledger.refuse(p_id, p_content, judged.code, judged.facts);
    end if;
    -- They fit: an account was not open yet, or was named twice.
    legs := array(select row(kind, owner, currency, amount, held)::ledger.leg from unnest(standings));
  end loop;
  raise exception 'legs were judged to fit, and did not move: %', legs using errcode = 'internal_error';
end $$;

-- Moves money, or refuses to: the only place where a transfer comes to be, beside ledger.post_all. The id is locked by now, and
-- `p_content` is the fingerprint of the request. Refusals are written down, unless the caller says that they may be tried
-- again, or what is not there may come to be.
create or replace function ledger.apply(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_content uuid, p_legs ledger.leg[],
  p_of_hold boolean default false, p_reverses uuid default null, p_final boolean default true
) returns ledger.verdict language plpgsql as $$
declare
  first ledger.outcomes;
  mine ledger.leg := p_legs[1];
  theirs ledger.leg := p_legs[2];
  my_id bigint;
  my_version bigint;
  my_posted bigint;
  their_id bigint;
  their_version bigint;
  their_posted bigint;
  written timestamptz;
begin
  select * into first from ledger.outcomes where id = p_id;
  if found then return ledger.answer_again(first, p_content); end if;
  if starts_with(theirs.kind, 'player_') then
    mine := theirs;
    theirs := p_legs[1];
  end if;
  -- What nearly all are: an account of a player and one of the house. One after the other, in the order of ledger.lock_legs:
  -- a posting takes 126 us of CPU so, and 143 by ledger.apply_any.
  if cardinality(p_legs) = 2 and mine.kind in ('player_cash', 'player_receivable') and not starts_with(theirs.kind, 'player_')
     and mine.currency = theirs.currency and mine.held = 0 and theirs.held = 0
  then
    update ledger.accounts set posted = posted + mine.amount, version = version + 1
     where (kind, owner, currency, bucket) = (mine.kind, mine.owner, mine.currency, 0)
       and ledger.taken(mine.amount, posted, floor, ceiling, is_player) <> 0
    returning id, version, posted into my_id, my_version, my_posted;
    if found then
      update ledger.accounts set posted = posted + theirs.amount, version = version + 1
       where (kind, owner, currency, bucket) = (theirs.kind, theirs.owner, theirs.currency, ledger.bucket(theirs.kind, mine.owner))
         and ledger.taken(theirs.amount, posted, floor, ceiling, is_player) <> 0
      returning id, version, posted into their_id, their_version, their_posted;
      if found then
        written := clock_timestamp();
        insert into ledger.outcomes (id, content, decided_at, balance)
          values (p_id, p_content, written, case when mine.kind = 'player_cash' then my_posted end);
        insert into ledger.transfers (id, code, business_id, happened_at, written_at, reverses)
          values (p_id, p_code::ledger.transfer_code, p_business, p_happened, written, p_reverses);
        insert into ledger.entries (account_id, version, transfer_id, amount, balance_after, written_at)
          values (my_id, my_version, p_id, mine.amount, my_posted, written), (their_id, their_version, p_id, theirs.amount, their_posted, written);
        return row('applied', null, null, false, case when mine.kind = 'player_cash' then my_posted end, p_id)::ledger.verdict;
      end if;
      update ledger.accounts set posted = posted - mine.amount, version = version - 1 where id = my_id;
    end if;
  end if;
  return ledger.apply_any(p_id, p_code, p_business, p_happened, p_content, p_legs, p_of_hold, p_reverses, p_final);
end $$;

-- Posts one transfer. Legs must sum to zero per currency, be of one currency unless p_code is `exchange`, and touch at most one
-- player; a leg on player_held belongs to a hold, not here.
-- Refusals: idempotency_conflict, account_not_found, amount_too_large, insufficient_funds.
create or replace function ledger.post(
  p_id uuid, p_code text, p_business text, p_happened timestamptz, p_legs ledger.leg[]
) returns ledger.verdict language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform pg_advisory_xact_lock(uuid_hash_extended(p_id, 0)); -- as ledger.lock_id, which would be one more call
  return ledger.apply(p_id, p_code, p_business, p_happened, md5(row(p_code, p_business, p_legs)::text)::uuid, p_legs);
end $$;
