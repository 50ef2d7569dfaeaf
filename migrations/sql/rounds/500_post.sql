create or replace function rounds.house_legs(p_currency text, p_net bigint, p_from_stakes bigint) returns ledger.leg[]
  language sql immutable
  return array[row('stakes_in_play', 'house', p_currency, -p_from_stakes, 0)::ledger.leg,
               row('house_gaming', 'house', p_currency, p_from_stakes - p_net, 0)::ledger.leg];

-- The operation, if it still holds its round: a step that comes late finds the claim gone, and does nothing.
create or replace function rounds.claimed(p_client text, p_kind text, p_id text) returns rounds.operations language sql as $$
  select o from rounds.operations o
   where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id) and o.status in ('running', 'needs_attention')
     and exists (select from rounds.round(p_client, o.round_id) r where (r.claim_kind, r.claim_id) = (p_kind, p_id))
     for no key update of o
$$;

-- Posts the next moves, at most p_batch, and answers how many are done. A refusal of the ledger is the operation's.
create or replace function rounds.post_moves(p_client text, p_kind text, p_id text, p_batch integer, out done integer, out of integer, out problem jsonb)
  language plpgsql as $$
declare
  op rounds.operations := rounds.claimed(p_client, p_kind, p_id);
  batch rounds.moves[];
  move rounds.moves;
  now_posted rounds.moves[] := '{}';
  paid integer := 0;
  verdicts ledger.verdict[];
  debts bigint[];
  verdict ledger.verdict;
  pots text[];
begin
  if op.operation_id is not null then
    batch := array(select m from rounds.moves m
      where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and not m.posted order by m.seq limit p_batch);
    pots := rounds.lock_pots_of(op);
    if cardinality(pots) > 0 then
      perform rounds.give_back(op, array(select transfer_id from unnest(batch)), pots);
      batch := rounds.drop_empty_moves(op, batch);
    end if;
    -- A win repays what the player owes; a stake that comes back is no win.
    select array_agg(p.verdict order by at), array_agg(p.owed order by at) into verdicts, debts
      from ledger.post_net_all(array(
             select row(transfer_id, p_kind, p_kind || '/' || p_client || '/' || p_id, clock_timestamp(), player_id, currency, net,
                        case when cardinality(pots) > 0 then rounds.legs_with_pots(op, m) else rounds.house_legs(currency, net, from_stakes) end,
                        p_kind <> 'void')::ledger.net
               from unnest(batch) m where transfer_id is not null order by seq)) with ordinality as p (verdict, owed, at);
    foreach move in array batch loop
      verdict := null;
      if move.transfer_id is not null then
        paid := paid + 1;
        verdict := verdicts[paid];
      end if;
      if verdict.code is not null then
        problem := coalesce(problem, jsonb_strip_nulls(jsonb_build_object('code', verdict.code, 'facts', verdict.facts)));
      else
        move.owed := case when move.net < 0 then coalesce(debts[paid], 0) else 0 end;
        move.balance := coalesce(verdict.balance, ledger.cash(move.player_id, move.currency));
        now_posted := now_posted || move;
      end if;
    end loop;
    update rounds.moves m set posted = true, owed = p.owed, balance = p.balance
      from unnest(now_posted) p
     cross join lateral (
        select ctid as place from rounds.moves
         where client_id = p_client and kind = p_kind and operation_id = p_id and seq = p.seq offset 0) here
     where m.ctid = here.place;
    if cardinality(pots) > 0 then perform rounds.seed_pots(op, array(select (v).transfer_id from unnest(verdicts) v)); end if;
  end if;
  select count(*) filter (where m.posted), count(*) into done, of
    from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id);
end $$;

-- Ends an operation whose moves are all posted: the round is what it came to be, and free for the next operation.
create or replace function rounds.close_operation(p_client text, p_kind text, p_id text) returns void language plpgsql as $$
declare
  op rounds.operations := rounds.claimed(p_client, p_kind, p_id);
  now_status text;
begin
  if op.operation_id is null then return; end if;
  if exists (select from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and not m.posted) then
    raise exception 'operation % has moves left to post', p_id;
  end if;
  perform rounds.lock_round(p_client, op.round_id, true);
  update rounds.rounds r
     set claim_kind = null, claim_id = null, status = rounds.status_after(op, r),
         closed_at = case when rounds.status_after(op, r) in ('closed', 'voided') then coalesce(r.closed_at, clock_timestamp()) end
   where r.client_id = p_client and r.round_id = op.round_id returning r.status into now_status;
  update rounds.operations o
     set status = 'done', round_status = now_status, ended_at = clock_timestamp(),
         outcome = case when p_kind = 'void' and now_status = op.round_was and not exists (
           select from rounds.outcomes x where (x.client_id, x.kind, x.operation_id) = (p_client, p_kind, p_id)) then 'noop' else 'applied' end,
         settled = (select count(*) from rounds.outcomes x
                     where (x.client_id, x.kind, x.operation_id) = (p_client, p_kind, p_id) and x.was_status = 'open' and p_kind = 'settlement'),
         totals = rounds.totals(p_client, p_kind, p_id), balances = rounds.balances(p_client, p_kind, p_id)
   where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id);
end $$;

-- A settling round closes; one all of whose wagers were voided is voided, whether in one go or one by one.
create or replace function rounds.status_after(op rounds.operations, r rounds.rounds) returns text language sql stable
  return case
    when op.kind = 'void' and not exists (
        select from rounds.wagers_of(r.client_id, r.round_id) w where w.status in ('open', 'settled'))
      and exists (select from rounds.wagers_of(r.client_id, r.round_id) w where w.status = 'voided') then 'voided'
    when r.status = 'settling' then 'closed'
    else r.status end;

create or replace function rounds.totals(p_client text, p_kind text, p_id text) returns jsonb language sql stable
  return (select coalesce(jsonb_agg(jsonb_build_object('currency', currency, 'paid', paid, 'takenBack', taken, 'receivable', owed) order by currency), '[]')
    from (select m.currency, sum(greatest(m.net, 0)) as paid, sum(greatest(-m.net, 0)) as taken, sum(m.owed) as owed
            from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) group by m.currency) t);

-- Of the first hundred: an answer stays small however large the operation was.
create or replace function rounds.balances(p_client text, p_kind text, p_id text) returns jsonb language sql stable
  return (select coalesce(jsonb_agg(jsonb_build_object('playerId', m.player_id, 'currency', m.currency, 'cash', m.balance) order by m.seq), '[]')
    from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (p_client, p_kind, p_id) and m.seq <= 100);
