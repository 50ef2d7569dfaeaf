-- Matches a settlement file with the entries of our accounts with its provider. Of each payment it compares where the two
-- leave the account: ours at the end of the file's time, theirs by its lines. Safe to repeat.
create or replace function payments.reconcile(p_id uuid) returns void language plpgsql as $$
declare
  r payments.reconciliations;
begin
  select * into strict r from payments.reconciliations where reconciliation_id = p_id for update;
  if r.done_at is not null then return; end if;
  -- What the file tells of each payment. By its key first: the reference is for people, and a retry has the same.
  create temporary table theirs on commit drop as
    select coalesce('withdrawal/' || a.withdrawal_id, case when l.key like 'deposit:%' then 'deposit/' || substr(l.key, 9) end, l.business_id) as business_id,
           l.currency, sum(l.position)::bigint as position,
           jsonb_agg(jsonb_build_object('line', l.line, 'kind', l.kind, 'reference', l.reference, 'key', l.key, 'providerReference', l.provider_reference,
             'amount', l.amount, 'state', l.state, 'at', l.at) order by l.line) as lines
      from payments.settlement_lines l left join payments.attempts a on l.kind = 'payout' and a.key = l.key
     where l.reconciliation_id = p_id group by 1, 2;
  create temporary table touched on commit drop as
    select t.business_id, e.account_id, e.amount, e.written_at
      from ledger.accounts c join ledger.entries e on e.account_id = c.id and e.written_at >= r.from_at and e.written_at < r.to_at
      join ledger.transfers t on t.id = e.transfer_id and t.written_at = e.written_at
     where c.kind = 'provider_clearing' and c.owner = r.provider;
  analyze theirs;
  analyze touched;
  -- What our ledger tells of each payment that either names.
  create temporary table ours on commit drop as
    select b.business_id, c.currency,
           coalesce(sum(e.amount) filter (where e.written_at < r.from_at), 0)::bigint as before,
           coalesce(sum(e.amount) filter (where e.written_at < r.to_at), 0)::bigint as after,
           sum(e.amount)::bigint as now,
           bool_or(e.written_at >= r.from_at and e.written_at < r.to_at) as moved
      from (select business_id from theirs union select business_id from touched) b
      join ledger.transfers t on t.business_id = b.business_id
      join ledger.entries e on e.transfer_id = t.id and e.written_at = t.written_at
      join ledger.accounts c on c.id = e.account_id and c.kind = 'provider_clearing' and c.owner = r.provider
     group by 1, 2;
  create temporary table compared on commit drop as
    select business_id, currency, t.position as theirs, coalesce(o.after, 0) as ours, t.lines,
           coalesce(t.position, o.before) - coalesce(o.after, 0) as difference,
           coalesce(t.position, o.before, 0) - coalesce(o.before, 0) as they_moved, coalesce(o.after - o.before, 0) as we_moved,
           case when t.position = o.after then 'matched'
                when t.position is null and exists (
                  select from payments.settlement_lines l join payments.reconciliations other using (reconciliation_id)
                   where l.business_id = o.business_id and l.currency = o.currency and other.provider = r.provider and l.reconciliation_id <> p_id
                   group by l.reconciliation_id having sum(l.position) = o.after) then 'late'
                when t.position is null then 'missing_there'
                when t.position = o.now then 'late'
                when o.business_id is null or o.now = 0 and o.before = 0 then 'missing_here'
                else 'amount_differs' end as verdict
      from theirs t full join ours o using (business_id, currency)
     where t.position is not null or o.moved;
  insert into payments.differences (reconciliation_id, item, verdict, business_id, currency, theirs, ours, difference, their_lines)
    select p_id, row_number() over (order by verdict, business_id, currency), verdict, business_id, currency, theirs, ours, difference, coalesce(lines, '[]')
      from compared where verdict <> 'matched';
  update payments.reconciliations set done_at = clock_timestamp(),
    counts = (select jsonb_build_object('matched', count(*) filter (where verdict = 'matched'), 'late', count(*) filter (where verdict = 'late'),
                'missing_here', count(*) filter (where verdict = 'missing_here'), 'missing_there', count(*) filter (where verdict = 'missing_there'),
                'amount_differs', count(*) filter (where verdict = 'amount_differs')) from compared),
    -- Ours is the movement of the account itself, so that what belongs to no payment shows as `other`.
    totals = coalesce((
      select jsonb_agg(jsonb_build_object('currency', currency, 'ours', s.ours, 'other', s.ours - coalesce(m.we_moved, 0), 'late', coalesce(m.late, 0),
               'differences', coalesce(m.differences, 0), 'theirs', coalesce(m.theirs, 0)) order by currency)
        from (select c.currency, coalesce(sum(t.amount), 0) as ours from ledger.accounts c left join touched t on t.account_id = c.id
               where c.kind = 'provider_clearing' and c.owner = r.provider group by c.currency) s
        full join (select currency, sum(they_moved) as theirs, sum(we_moved) as we_moved, sum(difference) filter (where verdict = 'late') as late,
                     sum(difference) filter (where verdict <> 'late') as differences from compared group by currency) m using (currency)), '[]')
   where reconciliation_id = p_id;
end $$;

-- A person's word on a difference: a note, or a posting that brings our account to what the provider says, against `adjustments`.
create or replace function payments.resolve_difference(
  p_id uuid, p_item integer, p_resolution text, p_reason text, p_key text, p_origin jsonb, out code text
) language plpgsql as $$
declare
  d payments.differences;
  house text;
  money ledger.verdict;
begin
  select * into d from payments.differences where reconciliation_id = p_id and item = p_item for update;
  if not found then code := 'not_found'; return; end if;
  if d.resolved_by = p_origin ->> 'actor' and d.resolved_key = p_key and d.resolution = p_resolution then return; end if;
  if d.resolution is not null or d.verdict = 'late' or (p_resolution = 'post' and d.difference = 0) then code := 'invalid_state'; return; end if;
  if p_resolution = 'post' then
    select provider into house from payments.reconciliations where reconciliation_id = p_id;
    money := ledger.post(ledger.derive_id('difference', p_id::text, p_item::text), 'adjustment', 'reconciliation/' || p_id, clock_timestamp(), array[
      row('provider_clearing', house, d.currency, d.difference, 0)::ledger.leg, row('adjustments', 'house', d.currency, -d.difference, 0)::ledger.leg]);
    code := money.code;
    if code is not null then return; end if;
  end if;
  update payments.differences set resolution = p_resolution, reason = p_reason, transfer_id = money.transfer_id, resolved_by = p_origin ->> 'actor',
    resolved_key = p_key, resolved_at = clock_timestamp() where reconciliation_id = p_id and item = p_item;
  perform audit.record(p_origin || jsonb_build_object('key', p_key), p_resolution, 'difference', p_id || '/' || p_item, p_reason,
    jsonb_build_object('verdict', d.verdict, 'businessId', d.business_id, 'difference', d.difference), null);
end $$;

-- What is owed to the players now, by jurisdiction and currency: every player is summed, once a day.
create or replace function payments.take_liability_snapshot(p_at timestamptz) returns void language sql as $$
  insert into payments.liability_snapshots (at, jurisdiction, currency, cash, in_play, pending_withdrawals, payouts_in_flight, returned)
  select p_at, jurisdiction, currency, sum(cash), sum(in_play), sum(held), sum(in_flight), sum(returned)
    from (select owner as player_id, currency, posted as cash, 0 as in_play, 0 as held, 0 as in_flight, 0 as returned from ledger.accounts where kind = 'player_cash'
          union all select owner, currency, 0, 0, posted, 0, 0 from ledger.accounts where kind = 'player_held'
          union all select player_id, currency, 0, amount, 0, 0, 0 from rounds.wagers where status = 'open'
          union all select player_id, w.currency, 0, 0, 0, w.amount, 0 from payments.withdrawals w join payments.attempts a using (withdrawal_id) where a.in_flight and a.status in ('submitted', 'unknown')
          union all select player_id, r.currency, 0, 0, 0, r.amount, 0 from payments.refunds r join payments.deposits using (deposit_id) where r.status = 'asked'
          union all select player_id, currency, 0, 0, 0, 0, amount from payments.withdrawals where state = 'returned') part
    join players.players using (player_id)
   group by jurisdiction, currency
  on conflict do nothing
$$;
