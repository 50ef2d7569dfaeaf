import { connected } from '../../dev/stack/connected.ts';

export const PLAYERS = 10_000;
/** pgbench's TPC-B has so many of each for a branch. */
export const TELLERS = 10;
export const ACCOUNTS = 100_000;

const LEDGER = `
  select count(*) from generate_series(0, ${String(PLAYERS - 1)}) i, ledger.open_player('p-' || i, 'SEK');
  select count(p) from generate_series(0, ${String(PLAYERS - 1)}) i, ledger.post(ledger.derive_id('seed', i::text), 'deposit', 'seed/' || i, now(), array[
    row('player_cash', 'p-' || i, 'SEK', 1000000000, 0), row('provider_clearing', 'nordpay', 'SEK', -1000000000, 0)]::ledger.leg[]) p;
  select count(ledger.open_account('provider_clearing', 'provider-' || i, 'SEK')) from generate_series(0, 999) i;
  select ledger.open_account('stakes_in_play', 'house', 'SEK')`;

/** For the way an application would post by itself. */
const NAIVE = `
  create schema bench;
  create table bench.accounts (id bigint generated always as identity primary key, name text unique, balance bigint not null) with (fillfactor = 50);
  create table bench.transfers (id uuid primary key, code text, business_id text, happened_at timestamptz);
  create table bench.entries (id bigint generated always as identity primary key, account_id bigint references bench.accounts,
    transfer_id uuid references bench.transfers, amount bigint not null, balance_after bigint not null);
  create index on bench.entries (account_id, id);
  create index on bench.transfers (business_id);
  insert into bench.accounts (name, balance) select 'player_cash:p-' || i, 1000000000 from generate_series(0, ${String(PLAYERS - 1)}) i;
  insert into bench.accounts (name, balance) select 'provider_clearing:provider-' || i, 0 from generate_series(0, 999) i;
  insert into bench.accounts (name, balance) values ('stakes_in_play:house', 0);
  grant usage on schema bench to countroom_app;
  grant all on all tables in schema bench to countroom_app`;

/** As pgbench makes them; its five statements as one function. */
const tpcb = (scale: number) => `
  create table bench.branches (bid int primary key, bbalance int, filler char(88)) with (fillfactor = 100);
  create table bench.tellers (tid int primary key, bid int, tbalance int, filler char(84)) with (fillfactor = 100);
  create table bench.pgaccounts (aid int primary key, bid int, abalance int, filler char(84)) with (fillfactor = 100);
  create table bench.history (tid int, bid int, aid int, delta int, mtime timestamp, filler char(22));
  insert into bench.branches select i, 0, '' from generate_series(1, ${String(scale)}) i;
  insert into bench.tellers select i, 1 + (i - 1) / ${String(TELLERS)}, 0, '' from generate_series(1, ${String(scale * TELLERS)}) i;
  insert into bench.pgaccounts select i, 1 + (i - 1) / ${String(ACCOUNTS)}, 0, '' from generate_series(1, ${String(scale * ACCOUNTS)}) i;
  create function bench.tpcb(p_aid int, p_tid int, p_bid int, p_delta int) returns int language plpgsql as $$
  declare result int;
  begin
    update bench.pgaccounts set abalance = abalance + p_delta where aid = p_aid;
    select abalance into result from bench.pgaccounts where aid = p_aid;
    update bench.tellers set tbalance = tbalance + p_delta where tid = p_tid;
    update bench.branches set bbalance = bbalance + p_delta where bid = p_bid;
    insert into bench.history (tid, bid, aid, delta, mtime) values (p_tid, p_bid, p_aid, p_delta, current_timestamp);
    return result;
  end $$;
  grant all on all tables in schema bench to countroom_app`;

/** Players with money and accounts of the house; beside them, where `scale` is given, what the ledger is compared with. */
export async function setUp(
  owner: string,
  { scale, buckets }: { scale?: number; buckets?: number } = {},
): Promise<void> {
  await connected(owner, async (client) => {
    if (buckets !== undefined)
      await client.query(
        `create or replace function ledger.buckets() returns integer language sql immutable parallel safe return ${String(buckets)}`,
      );
    await client.query(LEDGER);
    if (scale !== undefined) {
      await client.query(NAIVE);
      await client.query(tpcb(scale));
    }
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}
