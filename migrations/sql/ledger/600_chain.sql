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
  language plpgsql security definer set search_path = ledger, pg_temp as $$
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

  with page as (
    select t.* from ledger.transfers t
     where t.xact >= last.last_xact and t.xact < horizon and (t.xact, t.id) > (last.last_xact, last_id)
     order by t.xact, t.id limit p_most
  ), digests as materialized ( -- each is used twice
    -- docs/ledger/chain.md says what is in these texts; ledger/verify/block.ts has them once more, for it takes no function's word.
    select p.xact, p.id,
           sha256(convert_to(concat_ws('|', p.id, p.xact, p.code, extract(epoch from p.happened_at), extract(epoch from p.written_at),
             coalesce(p.reverses::text, ''), p.business_id), 'UTF8')) as of_row,
           (select sha256(coalesce(string_agg(sha256(convert_to(concat_ws('|', e.account_id, e.version, e.amount, e.balance_after,
                     extract(epoch from e.written_at), coalesce(a.kind, ''), coalesce(a.currency, ''), coalesce(a.bucket::text, ''), coalesce(a.owner, '')),
                     'UTF8')), '' order by e.account_id, e.version), ''))
              from ledger.entries e left join ledger.accounts a on a.id = e.account_id where e.written_at = p.written_at and e.transfer_id = p.id) as of_entries
      from page p
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
