-- As sql/ledger/900_planning.sql, for what a game waits for: every statement of these finds its rows by an index.
do $$
declare
  f regprocedure;
begin
  for f in select oid from pg_proc where pronamespace = 'rounds'::regnamespace and proname in ('place_wagers', 'play', 'roll_back') loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', f);
    execute format('alter function %s set enable_seqscan = off', f);
    execute format('alter function %s set enable_hashjoin = off', f);
    execute format('alter function %s set enable_mergejoin = off', f);
  end loop;
end $$;
