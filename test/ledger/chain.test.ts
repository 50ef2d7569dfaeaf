import assert from 'node:assert/strict';
import { compareHead, extendChain, openPlayer, post, readHead } from '../../ledger/index.ts';
import { describeDrift, findDrift } from '../../ledger/verify/findDrift.ts';
import { inTransaction } from '../../ops/postgres.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { aDeed, aLedger, applied, hundred, leg, stakeLegs } from './aLedger.ts';

/** Of every transfer its place in the chain, of all blocks. */
const PLACES = `select c.number, id, row_number() over (order by c.number, at) as place
  from ledger.chain c, unnest(c.ids) with ordinality as chained (id, at)`;

describe('the chain', () => {
  const ledger = aLedger();

  /** Transfers that are chained not at all, twice, or in another order than that of their transactions. */
  async function misplaced(): Promise<unknown[]> {
    const { rows } = await ledger.owner.query<object>(
      `select t.id, count(p.id) as times from ledger.transfers t left join (${PLACES}) p using (id) group by t.id having count(p.id) <> 1
       union all
       select id, null from (select p.id, p.place, row_number() over (order by t.xact, t.id) as due from ledger.transfers t join (${PLACES}) p using (id)) x
        where place <> due`,
    );
    return rows;
  }

  it('answers nothing and builds nothing while there is nothing', async () => {
    assert.deepEqual(await extendChain(ledger.pool), { head: null, blocks: 0, transfers: 0 });
  });

  it('takes in every transfer once, in the order of their transactions, while hundreds are written', async () => {
    const player = await ledger.player(10_000n);
    const written = new AbortController();
    const chaining = (async () => {
      while (!written.signal.aborted) await extendChain(ledger.pool);
    })();
    for (let wave = 0; wave < 3; wave++) await hundred(() => ledger.stake(player, 1n));
    written.abort();
    await chaining;
    await extendChain(ledger.pool);
    assert.deepEqual(await misplaced(), []);
  });

  it('waits for a transaction that commits late, and leaves it no gap', async () => {
    const [early, late] = [await ledger.player(100n), await ledger.player(100n)];
    await extendChain(ledger.pool);
    const before = await readHead(ledger.pool);
    await inTransaction(ledger.pool, async (tx) => {
      await applied(post(tx, { ...aDeed('stake'), legs: stakeLegs(late, 1n) }));
      await applied(ledger.stake(early, 1n));
      assert.equal((await extendChain(ledger.pool)).transfers, 0);
    });
    assert.equal((await extendChain(ledger.pool)).transfers, 2);
    assert.equal((await readHead(ledger.pool))!.number, before!.number + 1n);
    assert.deepEqual(await misplaced(), []);
  });

  it('is built once by two who build it at the same time', async () => {
    const player = await ledger.player(1_000n);
    await hundred(() => ledger.stake(player, 1n));
    await Promise.all([extendChain(ledger.pool), extendChain(ledger.pool), extendChain(ledger.pool)]);
    assert.deepEqual(await misplaced(), []);
  });

  it('says that a dump was restored, where it has come further than the transactions of this server', async () => {
    await ledger.stake(await ledger.player(1n), 1n);
    const tx = await ledger.owner.connect();
    try {
      await tx.query('begin; set session_replication_role = replica');
      await tx.query(`update ledger.chain set last_xact = '9000000000000000000'`);
      await assert.rejects(
        tx.query('select ledger.extend_chain(1000)'),
        /this cluster has only come to \d+: was a dump restored\?/,
      );
    } finally {
      await tx.query('rollback');
      tx.release();
    }
  });
});

/** The last transfer, its entries and its outcome, as if it had never been. */
const LAST_IS_GONE = `
  create temp table gone as select id from ledger.transfers where business_id = 'last';
  delete from ledger.entries where transfer_id in (table gone);
  delete from ledger.transfers where id in (table gone);
  delete from ledger.outcomes where id in (table gone);
  update ledger.accounts a set posted = coalesce((select sum(amount) from ledger.entries where account_id = a.id), 0),
         version = (select count(*) from ledger.entries where account_id = a.id);`;

const AMOUNTS = [
  ['first', 10n],
  ['middle', 20n],
  ['last', 30n],
] as const;

/** Each leaves balances, versions and sums as they ought to be: the chain alone can tell. */
const FORGERIES: { by: string; sql: string; finds: RegExp }[] = [
  {
    by: 'an amount that was changed on both sides',
    sql: `update ledger.entries e set amount = amount + sign(amount)::bigint, balance_after = balance_after + sign(amount)::bigint
            where transfer_id = (select id from ledger.transfers where business_id = 'last');
          update ledger.accounts a set posted = (select sum(amount) from ledger.entries where account_id = a.id) where version > 0`,
    finds: /^chained_transfers_are_unchanged: .*its entries were changed: .*amount 31/m,
  },
  {
    by: 'a deleted transfer of which nothing was left',
    sql: LAST_IS_GONE,
    finds: /^chained_transfers_are_unchanged: this transfer was chained, and is gone/m,
  },
  {
    by: 'a pair of transfers that changed places',
    sql: `create temp table pair as
            select a.id as one, b.id as other, a.xact as one_xact, b.xact as other_xact
              from ledger.transfers a, ledger.transfers b where (a.business_id, b.business_id) = ('first', 'last');
          update ledger.transfers t set xact = case t.id when one then other_xact else one_xact end from pair where t.id in (one, other)`,
    finds: /^chained_transfers_are_unchanged: this transfer was moved within the chain: .*business_id first/m,
  },
  {
    by: 'the business record of a transfer',
    sql: `update ledger.transfers set business_id = 'other' where business_id = 'first'`,
    finds: /^chained_transfers_are_unchanged: .*its row was changed: .*business_id other/m,
  },
  {
    by: 'an account that was given to another player',
    sql: `update ledger.accounts set owner = 'p-2' where owner = 'p-1'`,
    finds:
      /^chained_transfers_are_unchanged: .*its entries were changed: .*business_id first, .*player_cash:p-2/m,
  },
  {
    by: 'a transfer slipped in between',
    sql: `with slipped as (
            insert into ledger.outcomes select gen_random_uuid(), content, decided_at, balance, null, null
              from ledger.outcomes o join ledger.transfers t using (id) where business_id = 'first' returning id, decided_at)
          insert into ledger.transfers (id, written_at, happened_at, xact, code, business_id)
            select s.id, s.decided_at, s.decided_at, t.xact, t.code, 'slipped' from slipped s, ledger.transfers t where t.business_id = 'middle'`,
    finds: /this transfer was put among those chained before it/,
  },
  {
    by: 'a block that was written anew',
    sql: `update ledger.chain set hash = sha256(hash) where number = 1`,
    finds: /^blocks_have_their_hash: /m,
  },
  {
    by: 'a block taken out of the middle',
    sql: `delete from ledger.chain where number = 2`,
    finds: /^blocks_follow_each_other: /m,
  },
];

describe('the chain finds, done by a superuser,', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase();
    await openPlayer(database.pool, 'p-1', 'SEK');
    for (const [businessId, amount] of AMOUNTS) await adjust(businessId, amount);
  });
  afterEach(() => database.drop());

  async function adjust(businessId: string, amount: bigint): Promise<void> {
    const legs = [leg('player_cash', 'p-1', amount), leg('adjustments', 'house', -amount)];
    await applied(post(database.pool, { ...aDeed('adjustment'), businessId, legs }));
    await extendChain(database.pool);
  }

  async function found(sql: string): Promise<string> {
    const tx = await database.owner.connect();
    await tx.query(`set session_replication_role = replica; ${sql}; reset session_replication_role`);
    tx.release();
    return (await findDrift(database.pool)).map(describeDrift).join('\n');
  }

  for (const { by, sql, finds } of FORGERIES)
    it(by, async () => {
      assert.equal(await found('select'), '');
      assert.match(await found(sql), finds);
    });

  it('a tail that was cut off with all it stood for, by the head that was noted', async () => {
    const head = (await readHead(database.pool))!;
    assert.deepEqual(await compareHead(database.pool, head), []);
    assert.equal(await found(`${LAST_IS_GONE} delete from ledger.chain where number = 3`), '');
    const [cut] = await compareHead(database.pool, head);
    assert.match(describeDrift(cut!), /^chain_has_the_noted_head: the chain ends before the head .*number 3/);
    await adjust('another', 5n);
    assert.equal(await found('select'), '');
    const [anew] = await compareHead(database.pool, head);
    assert.match(describeDrift(anew!), /the chain was written anew/);
  });
});
