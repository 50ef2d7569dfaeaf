-- Sets a limit: lower, or where there was none, at once; a raise or a removal (`p_amount` null) waits under `raise_id`. Setting
-- it to what it is, or lower, cancels a raise that waits.
create or replace function players.set_limit(p_player text, p_currency text, p_kind text, p_period text, p_amount bigint,
  out code text, out raise_id uuid, out raise_at timestamptz, out contact boolean) language plpgsql as $$
#variable_conflict use_column
declare
  known players.limits;
  rules players.jurisdictions;
  at constant timestamptz := clock_timestamp();
  first_counted boolean;
begin
  code := players.objection(p_player, p_currency);
  if code is not null then return; end if;
  insert into players.guards values (p_player) on conflict do nothing;
  perform players.lock_guards(array[p_player]);
  select j.* into rules from players.jurisdictions j join players.players p using (jurisdiction) where p.player_id = p_player;
  select * into known from players.limits l where (l.player_id, l.currency, l.kind, l.period) = (p_player, p_currency, p_kind, p_period);
  contact := false;
  if known.amount is null and p_amount is null then return; end if;
  if known.amount is null or p_amount <= known.amount then
    first_counted := p_kind <> 'deposit' and not exists (
      select from players.limits l where l.player_id = p_player and l.currency = p_currency and l.kind in ('loss', 'wager'));
    insert into players.limits (player_id, currency, kind, period, amount) values (p_player, p_currency, p_kind, p_period, p_amount)
      on conflict (player_id, currency, kind, period) do update
         set amount = excluded.amount, set_at = at, raise_id = null, raise_to = null, raise_at = null;
    if first_counted then perform players.count_spending_so_far(p_player, p_currency, at); end if;
  elsif known.raise_id is not null and known.raise_to is not distinct from p_amount then
    raise_id := known.raise_id;
    raise_at := known.raise_at;
    return;
  else
    raise_id := gen_random_uuid();
    raise_at := greatest(at + rules.raise_wait, case when rules.raise_after_period then (players.window_of(rules.jurisdiction, p_period, at)).ends end);
    update players.limits l set raise_id = set_limit.raise_id, raise_to = p_amount, raise_at = set_limit.raise_at
     where (l.player_id, l.currency, l.kind, l.period) = (p_player, p_currency, p_kind, p_period);
  end if;
  contact := rules.contact_above is not null and p_kind = 'deposit' and (raise_id is not null
    or (p_period = 'month' and p_currency = rules.contact_currency and p_amount > rules.contact_above and p_amount is distinct from known.amount));
  if contact then
    insert into players.tasks (player_id, kind, facts) values (p_player, 'contact_player', jsonb_build_object('kind', p_kind, 'period', p_period,
      'currency', p_currency, 'from', known.amount, 'to', p_amount, 'reason', case when raise_id is null then 'high_limit' else 'raise' end));
  end if;
end $$;

-- What was staked and won in the longest window before the first limit that counts it. The player's account is locked first: a
-- stake under way is then either written or will find the limit.
create or replace function players.count_spending_so_far(p_player text, p_currency text, p_at timestamptz) returns void language plpgsql as $$
begin
  perform ledger.lock_accounts(array[row('player_cash', p_player, p_currency, 0, 0)::ledger.leg]);
  insert into players.spending_news (player_id, currency, quarter, staked, returned)
    select p_player, p_currency, players.quarter(w.placed_at), sum(w.amount), sum(w.payout)
      from ledger.accounts a
      join ledger.entries e on e.account_id = a.id and e.written_at > p_at - interval '32 days'
      join ledger.transfers t on t.id = e.transfer_id and t.written_at = e.written_at and t.code = 'stake'
      join rounds.wagers w on w.wager_id = substr(t.business_id, length(split_part(t.business_id, '/', 2)) + 8)
       and w.client_id = split_part(t.business_id, '/', 2)
     where (a.kind, a.owner, a.currency) = ('player_cash', p_player, p_currency) and w.status in ('open', 'settled')
     group by 3;
end $$;

-- Ends the wait of a raise: `applied`, `cancelled` where it was taken back or replaced, `early` where its time has not come.
create or replace function players.apply_raise(p_player text, p_raise uuid) returns text language plpgsql as $$
declare
  waiting players.limits;
begin
  perform players.lock_guards(array[p_player]);
  select * into waiting from players.limits where player_id = p_player and raise_id = p_raise;
  if not found then return 'cancelled'; end if;
  if waiting.raise_at > clock_timestamp() then return 'early'; end if;
  update players.limits set amount = raise_to, set_at = clock_timestamp(), raise_id = null, raise_to = null, raise_at = null
   where player_id = p_player and raise_id = p_raise;
  return 'applied';
end $$;

-- Blocks a player, or answers what the id was answered.
create or replace function players.block(p_block text, p_player text, p_kind text, p_until timestamptz, p_reason text, p_request jsonb, out code text, out replayed boolean, out started timestamptz)
  language plpgsql as $$
begin
  if not exists (select from players.players where player_id = p_player) then code := 'player_unknown'; return; end if;
  insert into players.guards values (p_player) on conflict do nothing;
  perform players.lock_guards(array[p_player]);
  insert into players.blocks (block_id, player_id, kind, until, reason, request) values (p_block, p_player, p_kind, p_until, p_reason, p_request)
    on conflict (block_id) do nothing;
  replayed := not found;
  select starts into started from players.blocks where block_id = p_block and player_id = p_player and request = p_request;
  if not found then code := 'idempotency_conflict'; end if;
end $$;

-- Lifts a staff block. What a player asked for stays until its end: `forbidden`.
create or replace function players.lift_block(p_block text, p_player text) returns text language plpgsql as $$
declare
  b players.blocks;
begin
  perform players.lock_guards(array[p_player]);
  select * into b from players.blocks where block_id = p_block and player_id = p_player;
  if not found then return 'not_found'; end if;
  if b.kind <> 'staff' and (b.until is null or b.until > clock_timestamp()) then return 'forbidden'; end if;
  update players.blocks set lifted_at = clock_timestamp() where block_id = p_block and lifted_at is null;
  return null;
end $$;
