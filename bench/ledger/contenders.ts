import { randomUUID } from 'node:crypto';
import knex, { type Knex } from 'knex';
import { createPoster, post, postAll, type Posting } from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';

export const PLAYERS = 10_000;
export const BATCH = 100;
/** `hot`: every stake goes to one account of the house; `random`: to one of a thousand providers' accounts. */
export type Heat = 'hot' | 'random';

const random = (n: number) => Math.floor(Math.random() * n);

export function aStake(heat: Heat): Posting {
  const amount = 1n;
  const house =
    heat === 'hot'
      ? { kind: 'stakes_in_play', owner: 'house' }
      : { kind: 'provider_clearing', owner: `provider-${String(random(1_000))}` };
  return {
    id: randomUUID(),
    code: 'stake',
    businessId: `wager/bench/${randomUUID()}`,
    happenedAt: new Date(),
    legs: [
      { kind: 'player_cash', owner: `p-${String(random(PLAYERS))}`, currency: 'SEK', amount: -amount },
      { ...house, currency: 'SEK', amount },
    ],
  };
}

/** Does some postings, and answers how many. */
export type Contender = (heat: Heat) => Promise<number>;

export function contenders(pool: Pool, url: string) {
  const db = knex({ client: 'pg', connection: url, pool: { min: 20, max: 20 } });
  const poster = createPoster(pool);
  const one = async (work: Promise<{ outcome: string }>) => {
    const { outcome } = await work;
    if (outcome !== 'applied') throw new Error(`a stake was ${outcome}`);
    return 1;
  };
  return {
    naive: (heat: Heat) => naively(db, aStake(heat)),
    single: (heat: Heat) => one(post(pool, aStake(heat))),
    batch: async (heat: Heat) => {
      const verdicts = await postAll(
        pool,
        Array.from({ length: BATCH }, () => aStake(heat)),
      );
      return verdicts.filter(({ outcome }) => outcome === 'applied').length;
    },
    poster: (heat: Heat) => one(poster.ask(aStake(heat))),
    tpcb: async () => {
      await pool.query('select bench.tpcb($1::int, $2::int, $3::int, $4::int)', [
        ...[1 + random(SCALE.accounts), 1 + random(SCALE.tellers), 1 + random(SCALE.branches)],
        random(10_000) - 5_000,
      ]);
      return 1;
    },
    close: () => db.destroy(),
  };
}

/** As an application would post with a query builder: six statements in a transaction, on tables of the same shape. */
async function naively(db: Knex, { id, code, businessId, happenedAt, legs }: Posting): Promise<number> {
  await db.transaction(async (trx) => {
    const [player, house] = legs;
    if (player === undefined || house === undefined) throw new Error('two legs');
    const accounts = (await trx('bench.accounts')
      .whereIn('name', [`${player.kind}:${player.owner}`, `${house.kind}:${house.owner}`])
      .orderBy('id')
      .forUpdate()) as { id: string; name: string; balance: string }[];
    await trx('bench.transfers').insert({ id, code, business_id: businessId, happened_at: happenedAt });
    for (const account of accounts) {
      const amount = account.name === `${player.kind}:${player.owner}` ? player.amount : house.amount;
      const balance = (BigInt(account.balance) + amount).toString();
      if (account.name.startsWith('player') && BigInt(balance) < 0n) throw new Error('insufficient funds');
      await trx('bench.accounts').where({ id: account.id }).update({ balance });
      const entry = {
        account_id: account.id,
        transfer_id: id,
        amount: amount.toString(),
        balance_after: balance,
      };
      await trx('bench.entries').insert(entry);
    }
  });
  return 1;
}

/** pgbench's TPC-B at scale 5. */
const SCALE = { branches: 5, tellers: 50, accounts: 500_000 };

export const SETUP = `
  select count(*) from generate_series(0, ${String(PLAYERS - 1)}) i, ledger.open_player('p-' || i, 'SEK');
  select count(*) from ledger.post_all(array(
    select row(ledger.derive_id('seed', i::text), 'deposit', 'seed/' || i, now(), array[
        row('player_cash', 'p-' || i, 'SEK', 1000000000, 0)::ledger.leg,
        row('provider_clearing', 'nordpay', 'SEK', -1000000000, 0)::ledger.leg], null, null, false)::ledger.deed
      from generate_series(0, 4999) i));
  select count(*) from ledger.post_all(array(
    select row(ledger.derive_id('seed', i::text), 'deposit', 'seed/' || i, now(), array[
        row('player_cash', 'p-' || i, 'SEK', 1000000000, 0)::ledger.leg,
        row('provider_clearing', 'nordpay', 'SEK', -1000000000, 0)::ledger.leg], null, null, false)::ledger.deed
      from generate_series(5000, ${String(PLAYERS - 1)}) i));
  select count(ledger.open_account('provider_clearing', 'provider-' || i, 'SEK')) from generate_series(0, 999) i;
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
  create table bench.branches (bid int primary key, bbalance int) with (fillfactor = 50);
  create table bench.tellers (tid int primary key, tbalance int) with (fillfactor = 50);
  create table bench.pgaccounts (aid int primary key, abalance int, filler char(84) default '');
  create table bench.history (tid int, bid int, aid int, delta int, mtime timestamp);
  insert into bench.branches select i, 0 from generate_series(1, ${String(SCALE.branches)}) i;
  insert into bench.tellers select i, 0 from generate_series(1, ${String(SCALE.tellers)}) i;
  insert into bench.pgaccounts select i, 0 from generate_series(1, ${String(SCALE.accounts)}) i;
  create function bench.tpcb(p_aid int, p_tid int, p_bid int, p_delta int) returns int language plpgsql as $$
  declare result int;
  begin
    update bench.pgaccounts set abalance = abalance + p_delta where aid = p_aid;
    select abalance into result from bench.pgaccounts where aid = p_aid;
    update bench.tellers set tbalance = tbalance + p_delta where tid = p_tid;
    update bench.branches set bbalance = bbalance + p_delta where bid = p_bid;
    insert into bench.history values (p_tid, p_bid, p_aid, p_delta, current_timestamp);
    return result;
  end $$;
  grant usage on schema bench to countroom_app;
  grant all on all tables in schema bench to countroom_app;
  grant all on all sequences in schema bench to countroom_app`;
