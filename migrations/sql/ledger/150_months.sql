-- Opens a partition for each month, up to p_ahead months after this one; answers how many. Safe to repeat, and to run while
-- postings come: these wait, for milliseconds, once a month. What is written for a month without a partition goes to the
-- partition `later`, so that nothing is refused, and is moved from there when the month is opened.
create or replace function ledger.open_months(p_ahead integer default 3) returns integer
  language plpgsql security definer set search_path = ledger, pg_temp set timezone = 'UTC' set lock_timeout = '5s' as $$
declare
  starts timestamptz;
  until constant timestamptz := date_trunc('month', clock_timestamp()) + (p_ahead + 1) * interval '1 month';
  opened integer := 0;
begin
  perform pg_advisory_xact_lock(hashtext('ledger.open_months'));
  loop
    starts := coalesce((select max(m.ends) from ledger.months m), date_trunc('month', clock_timestamp()));
    exit when starts >= until;
    perform ledger.open_month(starts, date_trunc('month', starts) + interval '1 month');
    opened := opened + 1;
  end loop;
  return opened;
end $$;

-- Splits what is written before p_ends off the partitions `later`.
create or replace function ledger.open_month(p_starts timestamptz, p_ends timestamptz) returns void language plpgsql as $$
declare
  first constant boolean := not exists (select from ledger.months);
  part text;
  later text;
  month text;
begin
  lock table ledger.transfers, ledger.entries in access exclusive mode; -- in the order in which a posting writes them
  foreach part in array array['transfers', 'entries'] loop
    later := part || '_later';
    month := part || to_char(p_starts, '_YYYY_MM');
    execute format('alter table ledger.%I detach partition ledger.%I', part, later);
    -- What a clock that went back would write is in the first month.
    execute format('create table ledger.%I partition of ledger.%I for values from (%s) to (%L)',
      month, part, case when first then 'minvalue' else quote_literal(p_starts) end, p_ends);
    execute format('alter table ledger.%I disable trigger facts_are_final', later);
    execute format('with moved as (delete from ledger.%I where written_at < %L returning *) insert into ledger.%I select * from moved',
      later, p_ends, month);
    execute format('alter table ledger.%I enable trigger facts_are_final', later);
    execute format('create trigger facts_are_final before update or delete or truncate on ledger.%I
      for each statement execute function ledger.facts_are_final()', month);
    execute format('alter table ledger.%I attach partition ledger.%I for values from (%L) to (maxvalue)', part, later, p_ends);
  end loop;
  insert into ledger.months values (p_starts, p_ends);
end $$;
