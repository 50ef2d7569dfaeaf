-- The application may read everything, execute what the rooms offer, and write the tables of every room but the
-- ledger, where only the functions below may write (they run as the owner). Nobody deletes, or changes the audit trail.
revoke all on schema audit, ledger, rounds, payments, players, access from public;
revoke all on all functions in schema ledger from public, countroom_app;

grant usage on schema audit, ledger, rounds, payments, players, access to countroom_app;
grant select on all tables in schema audit, ledger, rounds, payments, players, access to countroom_app;
grant insert on audit.records to countroom_app;
grant insert, update on all tables in schema rounds, payments, players to countroom_app;
grant delete on players.currencies, players.spending_news to countroom_app;
grant usage on all sequences in schema rounds, payments, players to countroom_app;

grant execute on function ledger.derive_id, ledger.lock_accounts, ledger.cash, ledger.open_player, ledger.post, ledger.post_all, ledger.post_net, ledger.post_net_all, ledger.hold,
  ledger.capture, ledger.capture_all, ledger.void, ledger.void_all, ledger.expire, ledger.reverse, ledger.trial_balance, ledger.liability,
  ledger.open_months, ledger.extend_chain to countroom_app;
