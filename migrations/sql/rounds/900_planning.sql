-- As sql/ledger/900_planning.sql, for what a game waits for and for the steps of 100 moves: every statement of these finds its
-- rows by an index. Not for a claim: it joins 10,000 outcomes with themselves, and needs its hash.
do $$
declare
  f regprocedure;
begin
  for f in select oid from pg_proc where pronamespace = 'rounds'::regnamespace and proname in
              ('place_wagers', 'play_all', 'roll_back_all', 'settle_direct_all', 'apply_bundle', 'post_moves', 'undo_moves', 'close_operation') loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', f);
    execute format('alter function %s set enable_seqscan = off', f);
    execute format('alter function %s set enable_hashjoin = off', f);
    execute format('alter function %s set enable_mergejoin = off', f);
  end loop;
end $$;
