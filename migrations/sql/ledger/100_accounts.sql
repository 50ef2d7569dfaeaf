-- Derives an id from words: the same business step has the same id, on any attempt, in any process.
-- An array's text quotes its words, so that ('a/b', 'c') and ('a', 'b/c') differ.
create or replace function ledger.derive_id(variadic words text[]) returns uuid
  language plpgsql immutable parallel safe as $$
begin
  if array_position(words, null) is not null then
    raise exception 'an id cannot be derived from nothing: %', words using errcode = 'null_value_not_allowed';
  end if;
  return encode(substr(sha256(convert_to(words::text, 'UTF8')), 1, 16), 'hex')::uuid;
end $$;

-- Takes turns on one id until the end of the transaction: its fate is settled once, whatever comes at the same time.
-- Locks are taken in one order everywhere: the id, the hold, the accounts.
create or replace function ledger.lock_id(p_id uuid) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(uuid_hash_extended(p_id, 0));
end $$;

-- A house account is written by every transfer of every player, and a row is written by one transaction at a time: so it is
-- split into this many rows, and a player's transfers use one of them. docs/ledger/buckets.md.
create or replace function ledger.buckets() returns integer language sql immutable parallel safe return 16;

-- Takes turns on many ids, in an order that is the same for all.
create or replace function ledger.lock_ids(p_ids uuid[]) returns void language plpgsql as $$
begin
  perform pg_advisory_xact_lock(key) from (select distinct uuid_hash_extended(id, 0) as key from unnest(p_ids) id order by 1) k;
end $$;

-- The bucket of an account that a player's transfer uses; 0 for a player's own accounts, and where there is no player.
create or replace function ledger.bucket(p_kind text, p_player text) returns smallint language sql immutable parallel safe
  return (case when starts_with(p_kind, 'player_') or p_player is null then 0 else hashtext(p_player) & (ledger.buckets() - 1) end)::smallint;

-- The player of some legs, or null.
create or replace function ledger.player_of(p_legs ledger.leg[]) returns text language sql immutable parallel safe
  return (select owner from unnest(p_legs) where starts_with(kind, 'player_') limit 1);

-- Opens an account of the chart, with all its buckets. A house account has one owner, a currency three to five capitals:
-- anything else is a mistake, and gets no account. Rows that are there are left out beforehand: `on conflict` would wait for
-- whoever updates them just now, and might hold what that one waits for.
create or replace function ledger.open_account(p_kind text, p_owner text, p_currency text) returns void language plpgsql as $$
begin
  insert into ledger.accounts (kind, owner, currency, bucket, is_player, floor, ceiling)
    select kind, p_owner, p_currency, bucket, owned_by = 'player', floor, ceiling
      from ledger.kinds, generate_series(0, case when owned_by = 'player' then 0 else ledger.buckets() - 1 end) bucket
     where kind = p_kind and (owned_by <> 'house' or p_owner = 'house') and p_currency ~ '^[A-Z]{3,5}$'
       and not exists (select from ledger.accounts a where (a.kind, a.owner, a.currency, a.bucket) = (p_kind, p_owner, p_currency, bucket))
    on conflict on constraint accounts_one_per_owner do nothing;
end $$;

-- Opens the accounts of the house and of providers among these: they open on their first use.
create or replace function ledger.open_accounts(p_legs ledger.leg[]) returns void language plpgsql as $$
begin
  perform ledger.open_account(leg.kind, leg.owner, leg.currency)
    from (select distinct kind, owner, currency from unnest(p_legs)) leg join ledger.kinds using (kind)
   where kinds.owned_by <> 'player' order by leg.kind, leg.owner, leg.currency;
end $$;

-- Opens the accounts of a player in one currency. Safe to repeat.
create or replace function ledger.open_player(p_player text, p_currency text) returns void
  language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  perform ledger.open_account(kind, p_player, p_currency) from ledger.kinds where owned_by = 'player' order by kind;
end $$;

-- Locks the accounts of the legs and answers where they stand, an account that is named twice once, with the sum:
-- players' before house accounts, by id within each, the same order everywhere, so that no two transfers can wait for
-- each other, and the busy house rows are held last and shortest.
create or replace function ledger.lock_legs(p_legs ledger.leg[]) returns ledger.standing[] language plpgsql as $$
declare
  player constant text := ledger.player_of(p_legs);
  standings ledger.standing[];
begin
  for try in 1..2 loop
    standings := array(
      select row(a.id, a.is_player, a.kind, a.owner, a.currency, leg.amount, leg.held, a.posted, a.floor, a.ceiling)::ledger.standing
        from (select kind, owner, currency, sum(amount) as amount, sum(held) as held from unnest(p_legs) group by kind, owner, currency) leg
        join ledger.accounts a on (a.kind, a.owner, a.currency, a.bucket) = (leg.kind, leg.owner, leg.currency, ledger.bucket(leg.kind, player))
       order by a.is_player desc, a.id for no key update of a);
    if cardinality(standings) = cardinality(p_legs) then return standings; end if;
    perform ledger.open_accounts(p_legs); -- rare: an account was named twice, or is not open yet
  end loop;
  return standings || ledger.not_found(p_legs, standings);
end $$;

-- The legs that have no account.
create or replace function ledger.not_found(p_legs ledger.leg[], p_found ledger.standing[]) returns ledger.standing[] language sql
  return array(
    select row(null, null, leg.kind, leg.owner, leg.currency, leg.amount, leg.held, null, null, null)::ledger.standing
      from unnest(p_legs) leg
     where not exists (select from unnest(p_found) s where (s.kind, s.owner, s.currency) = (leg.kind, leg.owner, leg.currency)));

-- For another room's function that posts several transfers in one transaction: locks the players' accounts it names, and
-- the buckets these players use of the others, in the one order. Locked transfer by transfer, two such functions could
-- wait for each other.
create or replace function ledger.lock_accounts(p_legs ledger.leg[]) returns void
  language plpgsql security definer set search_path = ledger, pg_temp as $$
begin
  if exists (select from unnest(p_legs) l where not exists (
      select from ledger.accounts a where (a.kind, a.owner, a.currency, a.bucket) = (l.kind, l.owner, l.currency, 0) offset 0)) then
    perform ledger.open_accounts(p_legs);
  end if;
  perform from (
      select distinct leg.kind, leg.owner, leg.currency, ledger.bucket(leg.kind, player) as bucket
        from unnest(p_legs) leg
        left join (select distinct owner as player from unnest(p_legs) where starts_with(kind, 'player_')) players on not starts_with(leg.kind, 'player_')) leg
    join ledger.accounts a on (a.kind, a.owner, a.currency, a.bucket) = (leg.kind, leg.owner, leg.currency, leg.bucket)
   order by a.is_player desc, a.id for no key update of a;
end $$;

-- A player's cash now; null where the player has no account in the currency.
create or replace function ledger.cash(p_player text, p_currency text) returns bigint language plpgsql stable as $$
begin
  return (select posted from ledger.accounts where kind = 'player_cash' and owner = p_player and currency = p_currency);
end $$;
