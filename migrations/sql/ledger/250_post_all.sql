-- Locks the accounts of all deeds in the one order: see ledger.lock_legs. Answers the legs in the order of the deeds, each
-- with the number of its account among those that were locked; and these, as they stand.
create or replace function ledger.lock_deeds(
  p_deeds ledger.deed[], out deeds integer[], out accounts integer[], out standings ledger.standing[], out ids bigint[], out posted bigint[], out versions bigint[]
) language plpgsql as $$
declare
  wanted constant integer := (select sum(cardinality(legs)) from unnest(p_deeds));
begin
  for try in 1..2 loop
    select array_agg(l.at order by l.at, l.nth), array_agg(l.nth order by l.at, l.nth), array_agg(l.standing order by l.at, l.nth),
           array_agg(l.id order by l.nth) filter (where l.first), array_agg((l.standing).posted order by l.nth) filter (where l.first),
           array_agg(l.version order by l.nth) filter (where l.first)
      into deeds, accounts, standings, ids, posted, versions
      from (select at, id, version, standing, dense_rank() over here as nth, row_number() over (partition by id) = 1 as first
              from (select leg.at, a.id, a.is_player, a.version,
                           row(a.id, a.is_player, a.kind, a.owner, a.currency, leg.amount, leg.held, a.posted, a.floor, a.ceiling)::ledger.standing as standing
                      from (select d.at, leg.kind, leg.owner, leg.currency, ledger.bucket(leg.kind, d.player) as bucket, sum(leg.amount) as amount, sum(leg.held) as held
                              from (select at::integer, legs, (select owner from unnest(legs) where starts_with(kind, 'player_') limit 1) as player
                                      from unnest(p_deeds) with ordinality as d (id, code, business_id, happened_at, legs, content, netting, follows, at)
                                    offset 0) d, unnest(d.legs) leg -- the player is found once a deed, not once a leg
                             group by 1, 2, 3, 4, 5) leg
                      join ledger.accounts a on (a.kind, a.owner, a.currency, a.bucket) = (leg.kind, leg.owner, leg.currency, leg.bucket)
                     order by a.is_player desc, a.id for no key update of a) locked
            window here as (order by is_player desc, id)) l;
    if cardinality(deeds) = wanted then return; end if;
    perform ledger.open_accounts(array(select leg from unnest(p_deeds) d, unnest(d.legs) leg)); -- rare: see there
  end loop;
end $$;

-- Posts many transfers at once, as ledger.post would one after the other: each is judged on the balances that those before
-- it leave, and has a verdict of its own, in their order; a refusal is nothing to the others. An id named twice is answered
-- as a replay. What costs is shared: every account is locked once and written once, and all commits with one flush.
-- Legs that make no sense are an exception, and nothing of it all is posted.
create or replace function ledger.post_all(p_deeds ledger.deed[]) returns setof ledger.verdict
  language plpgsql security definer set search_path = ledger, pg_temp as $$
declare
  ids constant uuid[] := array(select id from unnest(p_deeds));
  contents constant uuid[] := array(select coalesce(content, md5(row(code, business_id, legs)::text)::uuid) from unnest(p_deeds));
  verdicts ledger.verdict[];
  batch ledger.fitted;
  judged record;
  known boolean;
  written timestamptz;
begin
  if cardinality(p_deeds) = 0 then return; end if;
  perform ledger.lock_ids(ids);
  select count(distinct id) < cardinality(ids) or bool_or(exists (select from ledger.outcomes o where o.id = asked.id offset 0)) into known from unnest(ids) asked (id);
  if not known then batch := ledger.fit(p_deeds); end if;
  if batch.at is not null then
    for nth in 1..cardinality(ids) loop verdicts[nth] := row('applied', null, null, false, null, ids[nth])::ledger.verdict; end loop;
    for nth in 1..coalesce(cardinality(batch.cash_at), 0) loop verdicts[batch.cash_at[nth]].balance := batch.cash[nth]; end loop;
  else
    judged := ledger.judge_one_by_one(p_deeds, ids, contents);
    verdicts := judged.verdicts;
    batch := judged.batch;
  end if;

  written := clock_timestamp();
  -- Each transfer has a microsecond of its own: what it wrote is found by it. The batch takes longer than that, under its locks.
  with applied as (
    select d.id, d.code::ledger.transfer_code, d.business_id, d.happened_at, written + at * interval '1 microsecond' as written_at, d.content, d.balance
      from unnest(p_deeds, contents, verdicts) with ordinality
        as d (id, code, business_id, happened_at, legs, of_deed, netting, follows, content, outcome, refusal, facts, replayed, balance, transfer_id, at)
     where d.outcome = 'applied' and not d.replayed
  ), outcomes as (
    insert into ledger.outcomes (id, content, decided_at, balance) select id, content, written_at, balance from applied
  ), transfers as (
    insert into ledger.transfers (id, code, business_id, happened_at, written_at) select id, code, business_id, happened_at, written_at from applied
  ), moved as (
    update ledger.accounts a set posted = now.posted, version = now.version
      from unnest(batch.accounts, batch.posted, batch.versions) now (id, posted, version) where a.id = now.id and a.version <> now.version
  )
  insert into ledger.entries (account_id, version, transfer_id, amount, balance_after, written_at)
    select account, version, ids[at], amount, after, written + at * interval '1 microsecond'
      from unnest(batch.account, batch.version, batch.amount, batch.after, batch.at) as e (account, version, amount, after, at);
  return query select * from unnest(verdicts);
end $$;

-- The same batch deed by deed: what is known is answered again, what is refused is written down, and what is left comes to
-- the entries and accounts of `batch`.
create or replace function ledger.judge_one_by_one(
  p_deeds ledger.deed[], p_ids uuid[], p_contents uuid[], out verdicts ledger.verdict[], out batch ledger.fitted
) language plpgsql as $$
declare
  first_at integer[]; -- of each deed, where its id is named first
  deed ledger.deed;
  -- The legs of all deeds in their order: of which deed, on which account, and how that stood.
  leg_deed integer[];
  leg_account integer[];
  standings ledger.standing[];
  leg integer := 1;
  mine ledger.standing[];
  from_leg integer;
  judged record;
  -- Of a deed with netting: where its legs on cash and debt are, and what goes to the debt.
  cash integer;
  debt integer;
  on_account numeric;
  -- The accounts, as the deeds so far leave them, and the entries to be.
  now_accounts bigint[];
  now_posted bigint[];
  now_version bigint[];
  e_at integer[] := '{}';
  e_account bigint[] := '{}';
  e_version bigint[] := '{}';
  e_amount bigint[] := '{}';
  e_after bigint[] := '{}';
begin
  verdicts := array(
    select case when o.id is not null then ledger.answer_again(o, asked.content) end
      from unnest(p_ids, p_contents) with ordinality as asked (id, content, at)
      left join lateral (select * from ledger.outcomes where id = asked.id offset 0) o on true order by asked.at);
  first_at := array(select min(at) over (partition by id) from unnest(p_ids) with ordinality as named (id, at) order by at);
  select deeds, accounts, l.standings, l.ids, posted, versions into leg_deed, leg_account, standings, now_accounts, now_posted, now_version
    from ledger.lock_deeds(p_deeds) l;
  for at in 1..cardinality(p_deeds) loop
    deed := p_deeds[at];
    from_leg := leg;
    mine := '{}';
    while leg_deed[leg] = at loop
      mine[leg - from_leg + 1] := standings[leg];
      mine[leg - from_leg + 1].posted := now_posted[leg_account[leg]];
      leg := leg + 1;
    end loop;
    if verdicts[at].outcome is not null then continue; end if;
    if first_at[at] < at then
      verdicts[at] := case
        when p_contents[at] <> p_contents[first_at[at]] then ledger.refused('idempotency_conflict', jsonb_build_object('id', deed.id))
        else verdicts[first_at[at]] end;
      verdicts[at].replayed := verdicts[at].code is distinct from 'idempotency_conflict' and verdicts[at].code is distinct from 'account_not_found';
      continue;
    end if;
    if deed.follows and verdicts[at - 1].outcome = 'refused' then
      verdicts[at] := verdicts[at - 1];
      continue;
    end if;
    if deed.netting is not null then
      cash := null;
      debt := null;
      for nth in from_leg..leg - 1 loop
        case standings[nth].kind when 'player_cash' then cash := nth; when 'player_receivable' then debt := nth; else null; end case;
      end loop;
      on_account := case
        when standings[cash].amount < 0 then least(0, standings[cash].amount + now_posted[leg_account[cash]])
        when deed.netting = 'repay' then least(standings[cash].amount, -now_posted[leg_account[debt]]) else 0 end;
      if cash is not null and debt is not null and on_account <> 0 then
        standings[cash].amount := standings[cash].amount - on_account;
        standings[debt].amount := on_account;
        mine[cash - from_leg + 1].amount := standings[cash].amount;
        mine[debt - from_leg + 1].amount := on_account;
      end if;
    end if;
    if cardinality(mine) < cardinality(deed.legs) then mine := mine || ledger.not_found(deed.legs, mine); end if;
    judged := ledger.judge(mine, false, deed.code = 'exchange');
    if judged.code is null then
      verdicts[at] := row('applied', null, null, false, judged.cash, deed.id)::ledger.verdict;
    elsif judged.code = 'account_not_found' then
      verdicts[at] := ledger.refused(judged.code, judged.facts);
    else
      verdicts[at] := ledger.refuse(deed.id, p_contents[at], judged.code, judged.facts);
    end if;
    continue when judged.code is not null;
    for nth in from_leg..leg - 1 loop
      continue when standings[nth].amount = 0;
      now_posted[leg_account[nth]] := now_posted[leg_account[nth]] + standings[nth].amount;
      now_version[leg_account[nth]] := now_version[leg_account[nth]] + 1;
      e_at := e_at || at;
      e_account := e_account || standings[nth].account_id;
      e_version := e_version || now_version[leg_account[nth]];
      e_amount := e_amount || standings[nth].amount::bigint;
      e_after := e_after || now_posted[leg_account[nth]];
    end loop;
  end loop;
  batch := row(e_at, e_account, e_version, e_amount, e_after, now_accounts, now_posted, now_version, null, null)::ledger.fitted;
end $$;
