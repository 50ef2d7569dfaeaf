-- Registers a player or changes what is known of one, and opens the accounts of each currency.
-- Refusal: `invalid_state` where a currency to be dropped still holds money; nothing is changed then.
create or replace function players.register(p_player text, p_jurisdiction text, p_currencies text[])
  returns table (created boolean, code text, facts jsonb) language plpgsql as $$
declare
  dropped text[];
begin
  insert into players.players (player_id, jurisdiction) values (p_player, p_jurisdiction) on conflict (player_id) do nothing;
  created := found;
  perform from players.players where player_id = p_player for update;
  select array_agg(distinct c.currency) into dropped
    from players.currencies c join ledger.accounts a on a.owner = c.player_id and a.currency = c.currency
   where c.player_id = p_player and c.currency <> all (p_currencies) and a.is_player and a.posted <> 0;
  if dropped is not null then
    code := 'invalid_state';
    facts := jsonb_build_object('currencies', dropped);
    return next;
    return;
  end if;
  update players.players set jurisdiction = p_jurisdiction where player_id = p_player;
  insert into players.guards select p_player from players.jurisdictions where jurisdiction = p_jurisdiction and required_periods <> '{}' on conflict do nothing;
  delete from players.currencies where player_id = p_player and currency <> all (p_currencies);
  insert into players.currencies select p_player, unnest(p_currencies) on conflict do nothing;
  perform ledger.open_player(p_player, currency) from unnest(p_currencies) currency order by currency;
  return next;
end $$;

-- Why a player may not move money in a currency: `player_unknown`, `currency_mismatch`, or null.
create or replace function players.objection(p_player text, p_currency text) returns text language sql stable
  return case
    when not exists (select from players.players where player_id = p_player) then 'player_unknown'
    when not exists (select from players.currencies where player_id = p_player and currency = p_currency) then 'currency_mismatch'
  end;

-- A win without a wager, paid by house promotions. Repays first what the player owes, like any win.
-- `p_objection`: what the caller's configuration has against it (`unknown_currency`), or null.
create or replace function players.award(p_client text, p_award text, p_player text, p_currency text, p_amount bigint, p_request jsonb, p_objection text)
  returns table (outcome text, code text, facts jsonb, replayed boolean, balance bigint, transfer_id uuid) language plpgsql as $$
declare
  known players.awards;
  posted record;
begin
  perform pg_advisory_xact_lock(hashtextextended('award/' || p_client || '/' || p_award, 0));
  select * into known from players.awards a where a.client_id = p_client and a.award_id = p_award;
  if found then
    if known.request <> p_request then
      return query select 'refused', 'idempotency_conflict', null::jsonb, false, null::bigint, null::uuid;
    else
      return query select known.outcome, known.code, known.facts, true, known.balance, known.transfer_id;
    end if;
    return;
  end if;
  code := players.objection(p_player, p_currency);
  outcome := 'refused';
  replayed := false;
  if code = 'player_unknown' then return next; return; end if; -- not recorded: the player may come to be
  code := coalesce(p_objection, code);
  if code is null then
    select (r.verdict).* into posted from ledger.post_net(ledger.derive_id('award', p_client, p_award), 'award',
      'award/' || p_client || '/' || p_award, clock_timestamp(), p_player, p_currency, p_amount,
      array[row('house_promotions', 'house', p_currency, -p_amount, 0)::ledger.leg], true) r;
    outcome := posted.outcome; code := posted.code; facts := posted.facts; balance := posted.balance; transfer_id := posted.transfer_id;
  end if;
  insert into players.awards (client_id, award_id, player_id, request, outcome, code, facts, balance, transfer_id)
    values (p_client, p_award, p_player, p_request, outcome, code, facts, balance, transfer_id);
  return next;
end $$;
