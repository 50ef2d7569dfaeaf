-- How the statements of what the application calls, and of what these call, are planned. Measured on Postgres 18, 2 cores:
--   plan_cache_mode: left to itself Postgres planned each statement anew for every call, since it knows the length of an array
--     it is given; one posting took 580 us of CPU, and 270 us with the plan kept.
--   the others: a plan that is kept may have been made when the tables were empty, and read all of them: 22 ms a posting with
--     20,000 players, a million entries a settlement with 2,000 wagers, until the next ANALYZE. Every statement here finds its
--     rows by an index and has no use for other plans. Which index is left to the planner, and on tables that are empty any
--     will do for it: so what is looked up among many is looked up by functions such as rounds.wager.
-- Reports read much, and are planned as they come, whatever the connection says. test/rounds/plans.test.ts tries what games call.
do $$
declare
  f regprocedure;
  reports constant text[] := array['ledger.trial_balance', 'payments.reconcile', 'payments.take_liability_snapshot'];
  others constant text[] := array[
    'rounds.place_wagers', 'rounds.play_all', 'rounds.roll_back_all', 'rounds.settle_direct_all', 'rounds.apply_bundle', 'rounds.open_pot',
    'rounds.request_operation', 'rounds.at_once', 'rounds.post_moves', 'rounds.close_operation', 'rounds.undo_moves', 'rounds.undo_claim', 'rounds.park',
    'players.register', 'players.award', 'players.balances', 'players.set_limit', 'players.apply_raise', 'players.block', 'players.lift_block',
    'payments.open_deposit', 'payments.deposit_step', 'payments.open_refund', 'payments.open_withdrawal', 'payments.withdrawal_step',
    'payments.review_reason', 'payments.ask_adjustment', 'payments.decide_adjustment'];
begin
  for f in
    select oid from pg_proc where pronamespace = 'ledger'::regnamespace and prosecdef
                          and proname not in ('trial_balance', 'liability', 'open_months')
    union all
    select name::regproc from unnest(others) name
  loop
    execute format('alter function %s set plan_cache_mode = force_generic_plan', f);
    execute format('alter function %s set enable_seqscan = off', f);
    execute format('alter function %s set enable_hashjoin = off', f);
    execute format('alter function %s set enable_mergejoin = off', f);
  end loop;
  for f in select name::regproc from unnest(reports) name loop
    execute format('alter function %s set enable_seqscan = on', f);
  end loop;
end $$;
