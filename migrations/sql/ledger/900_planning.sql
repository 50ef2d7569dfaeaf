-- How the statements of the functions that move money, and of what these call, are planned. Measured on Postgres 18, 2 cores:
--   plan_cache_mode: left to itself Postgres planned each statement anew for every call, since it knows the length of an array
--     it is given; one posting took 580 us of CPU, and 270 us with the plan kept.
--   the others: a plan that is kept may have been made when the tables were empty, and read all of them: 22 ms a posting with
--     20,000 players, until the next ANALYZE. Every statement here finds its rows by an index and has no use for other plans.
do $$
declare
  f regprocedure;
begin
  for f in select oid from pg_proc
            where pronamespace = 'ledger'::regnamespace and prosecdef and proname not in ('trial_balance', 'liability', 'open_months') loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', f);
    execute format('alter function %s set enable_seqscan = off', f);
    execute format('alter function %s set enable_hashjoin = off', f);
    execute format('alter function %s set enable_mergejoin = off', f);
  end loop;
end $$;
