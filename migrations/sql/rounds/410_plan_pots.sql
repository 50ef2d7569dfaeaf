-- What operations do to pots: settlements and resettlements name wins, resettlements and voids take wins back, voids give
-- contributions back. Operations that concern no pot pass by all of it.

-- The wins a request names.
create or replace function rounds.named_wins(p_request jsonb) returns table (at bigint, wager_id text, pot_id text, amount bigint) language sql immutable as $$
  select at, item ->> 'wagerId', item -> 'jackpot' ->> 'potId', (item -> 'jackpot' ->> 'amount')::bigint
    from jsonb_array_elements(p_request -> 'outcomes') with ordinality as o (item, at) where item ? 'jackpot'
$$;

create or replace function rounds.names_wins(p_request jsonb) returns boolean language sql immutable
  return jsonb_path_exists(p_request, '$.outcomes[*].jackpot');

-- What a wager has won from pots so far, and what the house seeded them with for that.
create or replace function rounds.wins_of(p_client text, p_wager text) returns table (pot_id text, won bigint, seeded bigint) language sql stable as $$
  select c.pot_id, sum(c.won)::bigint, sum(c.seeded)::bigint from rounds.pot_changes c
   where c.client_id = p_client and c.wager_id = p_wager and c.status = 'posted' group by c.pot_id having sum(c.won) <> 0
$$;

-- What an operation changes about the wins of the wagers it decides: a settlement adds what it names, a resettlement says what a
-- wager has won in all, a void takes all back. Of a win that is taken back the house gets its seed first.
create or replace function rounds.changed_wins(op rounds.operations, p_wagers text[])
  returns table (at bigint, wager_id text, pot_id text, won bigint, seeded bigint) language sql stable as $$
  select min(x.at), x.wager_id, x.pot_id, sum(x.won)::bigint, -greatest(0, least(sum(x.seeded), -sum(x.won)))::bigint
    from (select n.at, n.wager_id, n.pot_id, n.amount as won, 0::bigint as seeded from rounds.named_wins(op.request) n
          union all
          select null, w.wager_id, b.pot_id, -b.won, b.seeded
            from unnest(case when op.kind <> 'settlement' then p_wagers end) w (wager_id), rounds.wins_of(op.client_id, w.wager_id) b) x
   group by x.wager_id, x.pot_id having sum(x.won) <> 0
$$;

-- Whether another operation has claimed wins from these pots and not posted them: who comes next is judged on what is there after.
create or replace function rounds.pots_are_busy(p_request jsonb) returns boolean language plpgsql as $$
declare
  pots constant text[] := array(select distinct pot_id from rounds.named_wins(p_request));
begin
  perform rounds.lock_pots(pots);
  return (select coalesce(bool_or(rounds.promised(pot) > 0), false) from unnest(pots) pot);
end $$;

-- Each win named that does not fit, as the contract's `errors`; null where all fit. The pots are there, and locked by now.
create or replace function rounds.bad_wins(op rounds.operations) returns jsonb language plpgsql stable as $$
declare
  errors jsonb;
  win record;
  left_in jsonb;
  has bigint;
begin
  if not rounds.names_wins(op.request) then return null; end if;
  errors := (
    select jsonb_agg(jsonb_build_object('pointer', '/outcomes/' || n.at - 1 || '/jackpot/potId', 'code', 'currency_mismatch',
        'detail', 'this pot is of another currency than the wager') order by n.at)
      from rounds.named_wins(op.request) n
      join rounds.pots p on p.pot_id = n.pot_id cross join lateral rounds.wager(op.client_id, n.wager_id) w
     where p.currency <> w.currency);
  if errors is not null then return errors; end if;
  -- In their order, each on what those before it leave, after the house has seeded the pot again. What is taken back comes first.
  left_in := (select jsonb_object_agg(pot_id, rounds.in_pot(pot_id)) from (select distinct pot_id from rounds.named_wins(op.request)) named);
  for win in
    select c.*, p.seed
      from rounds.changed_wins(op, array(select wager_id from rounds.named_wagers(op.request))) c join rounds.pots p on p.pot_id = c.pot_id
     where left_in ? c.pot_id order by c.won > 0, c.at
  loop
    has := (left_in ->> win.pot_id)::bigint;
    if win.won > has then
      errors := coalesce(errors, '[]') || jsonb_build_object('pointer', '/outcomes/' || win.at - 1 || '/jackpot/amount', 'code', 'insufficient_funds',
        'detail', format('pot %s has %s minor units, and %s are asked for', win.pot_id, has, win.won));
    else
      has := case when win.won > 0 then greatest(win.seed, has - win.won) else has - win.won + win.seeded end;
      left_in := left_in || jsonb_build_object(win.pot_id, has);
    end if;
  end loop;
  return errors;
end $$;

-- Plans what a claimed operation does to pots, after its outcomes and before its moves.
create or replace function rounds.plan_pots(op rounds.operations) returns void language plpgsql as $$
begin
  if op.kind = 'settlement' and not rounds.names_wins(op.request) then return; end if;
  insert into rounds.pot_changes (client_id, kind, operation_id, wager_id, pot_id, won, seeded, contributed, transfer_id)
    with decided as (
      select w.* from rounds.outcomes o cross join lateral rounds.wager(op.client_id, o.wager_id) w
       where (o.client_id, o.kind, o.operation_id) = (op.client_id, op.kind, op.operation_id)
    ), changes as (
      select wager_id, pot_id, won, seeded, 0::bigint as contributed from rounds.changed_wins(op, array(select wager_id from decided))
      union all
      select wager_id, c ->> 'potId', 0, 0, (c ->> 'amount')::bigint from decided, jsonb_array_elements(contributions) c where op.kind = 'void'
    )
    select op.client_id, op.kind, op.operation_id, c.wager_id, c.pot_id, sum(c.won), sum(c.seeded), sum(c.contributed),
           ledger.derive_id(op.kind, op.client_id, op.operation_id, w.player_id, w.currency)
      from changes c cross join lateral rounds.wager(op.client_id, c.wager_id) w
     group by c.wager_id, c.pot_id, w.player_id, w.currency;
  if not found then return; end if;
  -- A pot may be all that moves.
  update rounds.outcomes o set transfer_id = still.id
    from (select x.wager_id, ledger.derive_id(op.kind, op.client_id, op.operation_id, w.player_id, w.currency) as id
            from rounds.outcomes x cross join lateral rounds.wager(op.client_id, x.wager_id) w
           where (x.client_id, x.kind, x.operation_id) = (op.client_id, op.kind, op.operation_id) and x.transfer_id is null) still
   where (o.client_id, o.kind, o.operation_id, o.wager_id) = (op.client_id, op.kind, op.operation_id, still.wager_id)
     and still.id in (select c.transfer_id from rounds.pot_changes c where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id));
end $$;

-- What a player wins from pots by a transfer, or gives back to them.
create or replace function rounds.won_by(op rounds.operations, p_transfer uuid) returns numeric language sql stable
  return (select coalesce(sum(c.won), 0) from rounds.pot_changes c
           where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id) and c.transfer_id = p_transfer);

-- The pots named that are not there (yet), as the contract's `errors`.
create or replace function rounds.unknown_pots(p_request jsonb) returns jsonb language plpgsql stable as $$
begin
  if not rounds.names_wins(p_request) then return null; end if;
  return (
    select jsonb_agg(jsonb_build_object('pointer', '/outcomes/' || n.at - 1 || '/jackpot/potId', 'code', 'not_found', 'detail', 'there is no such pot (yet)') order by n.at)
      from rounds.named_wins(p_request) n where not exists (select from rounds.pots p where p.pot_id = n.pot_id));
end $$;
