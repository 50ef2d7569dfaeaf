-- Plans a claimed operation: what becomes of each wager, and what that moves, netted per player and currency. The only
-- joins are with wagers by their whole key, so it stays quick for 10,000 outcomes whatever the planner believes.
create or replace function rounds.plan(op rounds.operations) returns void language plpgsql as $$
declare
  pots boolean;
begin
  perform rounds.plan_outcomes(op);
  perform rounds.plan_pots(op);
  pots := exists (select from rounds.pot_changes c where (c.client_id, c.kind, c.operation_id) = (op.client_id, op.kind, op.operation_id));

  insert into rounds.moves (client_id, kind, operation_id, seq, player_id, currency, net, from_stakes, transfer_id)
    with summed as (
      select w.player_id, w.currency, (array_agg(o.transfer_id))[1] as transfer_id,
             sum(rounds.net_of(op.kind, w.amount, o.payout, o.was_payout)) as net,
             coalesce(sum(w.amount) filter (where o.was_status = 'open'), 0) as from_stakes
        from rounds.outcomes o cross join lateral rounds.wager(o.client_id, o.wager_id) w
       where (o.client_id, o.kind, o.operation_id) = (op.client_id, op.kind, op.operation_id)
       group by w.player_id, w.currency
    )
    select op.client_id, op.kind, op.operation_id, row_number() over (order by player_id, currency),
           player_id, currency, net + case when pots then rounds.won_by(op, transfer_id) else 0 end, from_stakes, transfer_id from summed;

  update rounds.wagers w
     set status = case op.kind when 'void' then 'voided' else 'settled' end,
         payout = case op.kind when 'void' then 0 when 'resettlement' then o.payout else w.payout + o.payout end,
         transfer_ids = array_remove(w.transfer_ids || o.transfer_id, null)
    from rounds.outcomes_with_places(op) o where w.ctid = o.place;
end $$;

-- What was decided of each wager, with the place of the wager: what is written by place is written by no join. It is locked, for
-- of a row that moved meanwhile the place would find nothing.
create or replace function rounds.outcomes_with_places(op rounds.operations)
  returns table (place tid, wager_id text, payout bigint, was_status text, was_payout bigint, transfer_id uuid) language sql as $$
  select w.place, o.wager_id, o.payout, o.was_status, o.was_payout, o.transfer_id
    from rounds.outcomes o
   cross join lateral (select ctid as place from rounds.wagers where wager_id = o.wager_id and client_id = o.client_id for no key update) w
   where (o.client_id, o.kind, o.operation_id) = (op.client_id, op.kind, op.operation_id)
$$;

-- What an outcome gives the player: a settlement its payout, a resettlement the difference, a void the stake back for the payouts.
create or replace function rounds.net_of(p_kind text, p_amount bigint, p_payout bigint, p_was_payout bigint) returns bigint language sql immutable
  return case p_kind when 'void' then p_amount - p_was_payout when 'resettlement' then p_payout - p_was_payout else p_payout end;

-- The wagers an operation decides, with what they win: those named, and where it closes or voids the round, the rest, which win
-- nothing. Grouped, not joined: without statistics the planner would compare each name with each wager.
create or replace function rounds.concerned(op rounds.operations) returns table (wager_id text, payout bigint) language sql stable as $$
  select c.wager_id, max(c.payout) from (
      select n.wager_id, n.payout from rounds.named_wagers(op.request) n
      union all
      select w.wager_id, 0
        -- Once, not for each wager: the request of ten thousand outcomes takes a tenth of a millisecond to look into.
        from (select rounds.is_whole_void(op) as voids, rounds.is_closing(op) as closes offset 0) this
       cross join lateral rounds.wagers_of(op.client_id, op.round_id) w
       where voids and w.status in ('open', 'settled') or closes and w.status = 'open') c
   group by c.wager_id
$$;

-- Waits for rollbacks under way, so that what is judged next stays so. In order of id, though a rollback locks but one.
create or replace function rounds.lock_wagers(op rounds.operations) returns void language plpgsql as $$
begin
  perform from (select wager_id from rounds.concerned(op) order by wager_id) c,
    lateral (select from rounds.wagers w where w.wager_id = c.wager_id and w.client_id = op.client_id for no key update) w;
end $$;

-- Keeps what each wager was. A settlement pays those named and ends the rest at zero, a resettlement pays the difference or
-- takes it back; a void gives stakes back and takes payouts back.
create or replace function rounds.plan_outcomes(op rounds.operations) returns void language sql as $$
  insert into rounds.outcomes (client_id, kind, operation_id, wager_id, payout, was_status, was_payout, transfer_id)
    with decided as (
      select w.*, c.payout as wins
        from rounds.concerned(op) c
       cross join lateral rounds.wager(op.client_id, c.wager_id) w
       where w.status in ('open', 'settled') -- a void may name one voided before
    )
    select op.client_id, op.kind, op.operation_id, wager_id, wins, status, payout,
           case when sum(rounds.net_of(op.kind, amount, wins, payout)) over mine <> 0 or bool_or(status = 'open' and amount > 0) over mine
                then ledger.derive_id(op.kind, op.client_id, op.operation_id, player_id, currency) end
      from decided window mine as (partition by player_id, currency)
$$;
