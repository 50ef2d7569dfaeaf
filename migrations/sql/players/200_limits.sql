-- The window of a limit around a moment; a rolling one has no end.
create or replace function players.window_of(p_jurisdiction text, p_period text, p_at timestamptz, out starts timestamptz, out ends timestamptz)
  language plpgsql stable as $$
declare
  rules players.jurisdictions;
  local timestamp;
begin
  select * into strict rules from players.jurisdictions where jurisdiction = p_jurisdiction;
  if rules.rolling then
    starts := case p_period when 'day' then p_at - interval '24 hours' when 'week' then p_at - interval '168 hours'
      else (p_at at time zone 'UTC' - interval '1 month') at time zone 'UTC' end;
  else
    local := date_trunc(p_period, p_at at time zone rules.time_zone);
    starts := local at time zone rules.time_zone;
    ends := (local + ('1 ' || p_period)::interval) at time zone rules.time_zone;
  end if;
end $$;

create or replace function players.quarter(p_at timestamptz) returns timestamptz language sql immutable
  return date_bin('15 minutes', p_at, '2000-01-01 00:00:00+00');

create or replace function players.iso(p_at timestamptz) returns text language sql stable
  return to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"');

-- Locks those of these players who have anything to be checked, and names them. In the order of ids and before any account:
-- whoever spends of a limit waits here for its turn.
create or replace function players.lock_guards(p_players text[]) returns text[] language sql as $$
  select array(select g.player_id from players.guards g where g.player_id = any (p_players) order by g.player_id for no key update)
$$;

-- Folds what changed into the quarters. Whoever calls it holds the player's guard.
create or replace function players.fold_spending(p_player text) returns void language sql as $$
  with news as (delete from players.spending_news where player_id = p_player returning currency, quarter, staked, returned)
  insert into players.spending as s (player_id, currency, quarter, staked, returned)
    select p_player, currency, quarter, sum(staked), sum(returned) from news group by currency, quarter
    on conflict (player_id, currency, quarter) do update set staked = s.staked + excluded.staked, returned = s.returned + excluded.returned
$$;

-- What a player's limits are and how much of each is used. A rolling window counts a quarter until all of it has left: room
-- comes back up to 15 minutes late there, never early.
create or replace function players.limit_use(p_player text, p_at timestamptz, p_kinds text[], p_currency text default null)
  returns table (currency text, kind text, period text, amount bigint, used bigint, resets_at timestamptz, raise_to bigint, raise_at timestamptz)
  language plpgsql stable as $$
#variable_conflict use_column
begin
  return query
    select l.currency, l.kind, l.period, l.amount, coalesce(u.used, 0)::bigint,
           case when w.ends is not null then w.ends
                when u.first_at is not null then w.next_after + (u.first_at - w.starts) end, l.raise_to, l.raise_at
      from players.limits l
      join players.players p on p.player_id = l.player_id
     cross join lateral (select o.starts, o.ends, p_at as next_after from players.window_of(p.jurisdiction, l.period, p_at) o) w
      left join lateral (
        select sum(payments.not_refunded(d)) as used, min(d.created_at) as first_at from payments.deposits d
         where l.kind = 'deposit' and d.player_id = l.player_id and d.currency = l.currency and d.created_at >= w.starts
           and d.status not in ('refused', 'failed', 'expired', 'refunded')
         having l.kind = 'deposit'
        union all
        select sum(s.staked - case when l.kind = 'loss' then s.returned else 0 end), min(s.quarter) + interval '15 minutes'
          from (select quarter, staked, returned from players.spending where player_id = l.player_id and currency = l.currency and quarter > w.starts - interval '15 minutes'
                union all
                select quarter, staked, returned from players.spending_news where player_id = l.player_id and currency = l.currency and quarter > w.starts - interval '15 minutes') s
         where l.kind <> 'deposit'
        having l.kind <> 'deposit') u on true
     where l.player_id = p_player and l.kind = any (p_kinds) and l.currency = coalesce(p_currency, l.currency) and l.amount is not null
     order by l.kind, l.currency, array_position(array['day', 'week', 'month'], l.period);
end $$;

-- The block that stops a player from staking and depositing, or nulls.
create or replace function players.blocked(p_player text, out code text, out facts jsonb) language sql stable as $$
  select 'player_blocked', jsonb_build_object('blockId', block_id, 'kind', kind, 'until', players.iso(until))
    from players.blocks where player_id = p_player and lifted_at is null and (until is null or until > clock_timestamp())
   order by until desc nulls first limit 1
$$;

-- Why a guarded player may not stake or deposit this much more, or nulls. Whoever calls it holds the player's guard.
create or replace function players.protect(p_player text, p_currency text, p_act text, p_amount bigint, out code text, out facts jsonb)
  language plpgsql as $$
declare
  now constant timestamptz := clock_timestamp();
begin
  select b.code, b.facts into code, facts from players.blocked(p_player) b;
  if code is not null then return; end if;
  select 'limit_required', jsonb_build_object('limits', jsonb_agg(jsonb_build_object('kind', 'deposit', 'period', r.period, 'currency', p_currency))) into code, facts
    from players.players p join players.jurisdictions j using (jurisdiction) cross join unnest(j.required_periods) r (period)
   where p.player_id = p_player and not exists (
     select from players.limits l where (l.player_id, l.currency, l.kind, l.period) = (p_player, p_currency, 'deposit', r.period) and l.amount is not null)
  having count(*) > 0;
  if code is not null then return; end if;
  select 'limit_exceeded', jsonb_build_object('kind', kind, 'period', period, 'currency', currency, 'limit', amount, 'used', used,
      'left', greatest(amount - used, 0), 'until', players.iso(resets_at)) into code, facts
    from players.limit_use(p_player, now, case p_act when 'deposit' then array['deposit'] else array['loss', 'wager'] end, p_currency)
   where p_amount > 0 and used + p_amount > amount order by amount - used, resets_at desc nulls first limit 1;
end $$;
