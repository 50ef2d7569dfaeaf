-- The wagers a request names, with the place of each name in it.
create or replace function rounds.named_wagers(p_request jsonb)
  returns table (at bigint, wager_id text, payout bigint, pointer text) language sql immutable as $$
  select at, item ->> 'wagerId', (item ->> 'payout')::bigint, '/outcomes/' || at - 1 || '/wagerId'
    from jsonb_array_elements(p_request -> 'outcomes') with ordinality as o (item, at)
  union all
  select at, name, 0, '/wagerIds/' || at - 1
    from jsonb_array_elements_text(nullif(p_request -> 'wagerIds', 'null')) with ordinality as o (name, at)
$$;

-- Each wager named that does not fit, as the contract's `errors`; null where all fit.
create or replace function rounds.bad_wagers(p_client text, p_kind text, p_round text, p_request jsonb) returns jsonb
  language sql stable as $$
  with named as (
    select n.at, n.pointer, n.payout - case when p_kind = 'resettlement' then w.payout else 0 end as payout, w.player_id, w.currency, case
        when w.wager_id is null then 'wager_unknown'
        when w.status in ('rolled_back', 'tombstoned') then 'wager_rolled_back'
        when w.round_id <> p_round or w.status = 'refused' or (w.status = 'voided' and p_kind <> 'void')
          or (w.status = 'open' and p_kind = 'resettlement') then 'invalid_state' end as code
      from rounds.named_wagers(p_request) n
      left join lateral rounds.wager(p_client, n.wager_id) w on true
  ), too_rich as (
    select player_id, currency from named where code is null group by player_id, currency
    having ledger.cash(player_id, currency) + sum(payout) + coalesce((
        select least(0, posted) from ledger.accounts a where (a.kind, a.owner, a.currency) = ('player_receivable', player_id, named.currency)), 0)
      > 9007199254740991
  ), judged as (
    select at, pointer, coalesce(code, case when (player_id, currency) in (select player_id, currency from too_rich) then 'amount_too_large' end) as code
      from named
  )
  select jsonb_agg(jsonb_build_object('pointer', pointer, 'code', code, 'detail', case code
      when 'wager_unknown' then 'this wager is not known (yet)'
      when 'wager_rolled_back' then 'this wager was rolled back'
      when 'amount_too_large' then 'the player''s balance would go past 2^53-1'
      else 'this wager is of another round, was refused, was voided' || case when p_kind = 'resettlement' then ', or is not settled yet' else '' end end) order by at)
    from judged where code is not null
$$;

-- The worst of the round's own code and those of the wagers, as the contract's problem; null where all is well.
create or replace function rounds.problem(p_code text, p_errors jsonb) returns jsonb language sql immutable
  return (select case when worst is not null then jsonb_strip_nulls(jsonb_build_object('code', worst, 'errors', p_errors)) end
            from rounds.worst(array(select e ->> 'code' from jsonb_array_elements(p_errors) e) || p_code) worst);

-- Takes an operation down: its content is in Postgres before a saga starts, which then carries only the id.
-- Answers the operation, new or known. Not recorded: a conflict, and what may come to be (not_found, of the round or of a pot, and wager_unknown).
create or replace function rounds.request_operation(
  p_client text, p_kind text, p_id text, p_round text, p_request jsonb, p_workflow text,
  out problem jsonb, out replayed boolean, out op rounds.operations
) language plpgsql as $$
begin
  perform rounds.lock_id(p_kind, p_client, p_id);
  select * into op from rounds.operations o where (o.client_id, o.kind, o.operation_id) = (p_client, p_kind, p_id);
  replayed := found;
  if replayed then
    if (op.round_id, op.request) is distinct from (p_round, p_request) then problem := rounds.problem('idempotency_conflict', null); end if;
    return;
  end if;
  if not exists (select from rounds.rounds where client_id = p_client and round_id = p_round) then
    problem := rounds.problem('not_found', null);
    return;
  end if;
  problem := rounds.problem(null, rounds.bad_wagers(p_client, p_kind, p_round, p_request));
  if problem ->> 'code' = 'wager_unknown' then return; end if;
  problem := rounds.problem(null, rounds.unknown_pots(p_request));
  if problem is not null then return; end if;
  problem := null; -- the rest is judged, and recorded, under the claim
  insert into rounds.operations (client_id, kind, operation_id, round_id, request, workflow_id)
    values (p_client, p_kind, p_id, p_round, p_request, p_workflow) returning * into op;
end $$;
