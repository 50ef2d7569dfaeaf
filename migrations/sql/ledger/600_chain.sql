-- After a dump was restored into another cluster its transactions begin below the chain, and could never be chained.
create or replace function ledger.see_that_chain_is_not_ahead() returns void language plpgsql as $$
declare
  last constant xid8 := (select last_xact from ledger.chain order by number desc limit 1);
begin
  if last >= pg_snapshot_xmax(pg_current_snapshot()) then
    raise exception 'the chain ends at transaction %, and this cluster has only come to %: was a dump restored? docs/running.md',
      last, pg_snapshot_xmax(pg_current_snapshot())
      using errcode = 'check_violation', constraint = 'chain_is_not_ahead', schema = 'ledger', table = 'chain';
  end if;
end $$;

-- Adds the next block to the chain, of the transfers that came after the last one, at most p_most. Answers nulls and 0 where
-- none is due. Writers do not notice: it takes no lock that they take, and they do nothing for it but note their xact.
--
-- Why no transfer is left out. A sequence or a clock is read before the commit, so that the lower number may appear after the
-- higher one was chained. So the order is (xact, id), and only what is below the horizon is chained:
--   * A transfer's xact is the id of the transaction that wrote it, of the whole one, also where a savepoint wrote it.
--   * pg_snapshot_xmin is the lowest id that was still running when the snapshot was taken. All below it had ended, and a
--     transaction leaves that list only after its rows can be seen: what is below it is visible now, or never will be.
--   * Ids are given out in ascending order, so that nothing new can appear below it, today or later. What is above waits for
--     the next time, in whatever order it commits. A transaction left open makes the chain wait, and loses nothing.
--   * The horizon is read before the transfers, so that these are seen with a snapshot as new as it, or newer.
--   * The id has 64 bits, is not reused after a crash (Postgres logs it ahead), and is kept by pg_upgrade and physical
--     backups. A logical dump starts anew in another cluster, below the chain: that is refused here, and
--     docs/running.md says what to do.
-- Two builders take turns. One that dies leaves nothing: a block is one transaction.
create or replace function ledger.extend_chain(p_most integer, out number bigint, out transfers integer, out hash bytea)
  language plpgsql security definer set search_path = ledger, pg_temp
  set jit = off as $$ -- how many entries a span has cannot be estimated, and compiling takes longer than a block
declare
  last ledger.chain;
  last_id uuid;
  horizon xid8;
  built constant timestamptz := clock_timestamp();
  block record;
begin
  perform pg_advisory_xact_lock(hashtext('ledger.chain'));
  select * into last from ledger.chain c order by c.number desc limit 1;
  last_id := coalesce(last.ids[cardinality(last.ids)], '00000000-0000-0000-0000-000000000000');
  last.last_xact := coalesce(last.last_xact, '0');
  perform ledger.see_that_chain_is_not_ahead();
  horizon := pg_snapshot_xmin(pg_current_snapshot());

  -- docs/ledger/chain.md says what is in these bytes; ledger/verify/block.ts has them once more, for it takes no function's word.
  with page as materialized (
    select t.xact, t.id, t.written_at,
           uuid_send(t.id) || xid8send(t.xact) || timestamptz_send(t.happened_at) || timestamptz_send(t.written_at)
             || convert_to(t.code || '|' || coalesce(t.reverses::text, '') || '|' || t.business_id, 'UTF8') as bytes
      from ledger.transfers t
     where t.xact >= last.last_xact and t.xact < horizon and (t.xact, t.id) > (last.last_xact, last_id)
     order by t.xact, t.id limit p_most
  ), spans as ( -- transfers of 10 ms have their entries side by side: a scan for each takes half of what a seek for every transfer took
    select min(written_at) as first, max(written_at) as last from page group by date_bin('10 ms', written_at, 'epoch')
  ), parts as (
    select xact, id, written_at, null::bigint as account_id, null::bigint as version, bytes from page
    union all
    select null, e.transfer_id, e.written_at, e.account_id, e.version,
           int8send(e.account_id) || int8send(e.version) || int8send(e.amount) || int8send(e.balance_after) || case when e.version = 1 then
             coalesce((select sha256(convert_to(a.kind || '|' || a.currency || '|' || a.bucket || '|' || a.owner, 'UTF8'))
                         from ledger.accounts a where a.id = e.account_id), '') else '' end
      from spans s cross join lateral (select * from ledger.entries e where e.written_at between s.first and s.last offset 0) e
  ), digests as ( -- a span has entries of other transfers, too: these have no xact
    select any_value(xact) as xact, id, sha256(string_agg(bytes, '') filter (where xact is not null)) as of_row,
           sha256(coalesce(string_agg(bytes, '' order by account_id, version) filter (where xact is null), '')) as of_entries
      from parts group by written_at, id having count(xact) > 0
  )
  select count(*)::integer as transfers, array_agg(d.id order by d.xact, d.id) as ids,
         (array_agg(d.xact order by d.xact desc))[1] as last_xact,
         string_agg(substr(d.of_row, 1, 4) || substr(d.of_entries, 1, 4), '' order by d.xact, d.id) as marks,
         string_agg(d.of_row || d.of_entries, '' order by d.xact, d.id) as digests
    into block from digests d;
  transfers := block.transfers;
  if transfers = 0 then return; end if;

  number := coalesce(last.number, 0) + 1;
  last.hash := coalesce(last.hash, decode(repeat('00', 32), 'hex'));
  last.last_position := coalesce(last.last_position, 0);
  hash := sha256(last.hash || convert_to(format('%s|%s|%s|', number, last.last_position + 1, extract(epoch from built)), 'UTF8') || block.digests);
  insert into ledger.chain (number, first_position, last_position, last_xact, ids, marks, previous_hash, hash, built_at)
    values (number, last.last_position + 1, last.last_position + transfers, block.last_xact, block.ids, block.marks, last.hash, hash, built);
end $$;
