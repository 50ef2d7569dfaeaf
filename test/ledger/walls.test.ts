import assert from 'node:assert/strict';
import { extendChain, LEDGER_ERRORS } from '../../ledger/index.ts';
import { aLedger, violates } from './aLedger.ts';

const DENIED = '42501';
const TABLES = ['kinds', 'accounts', 'transfers', 'entries', 'holds', 'outcomes', 'months', 'chain'];

describe('the walls of the ledger', () => {
  const ledger = aLedger();
  before(async () => {
    await ledger.stake(await ledger.player(100n), 10n);
    await ledger.hold(await ledger.player(100n), 10n);
    await ledger.stake(await ledger.player(), 10n);
    await extendChain(ledger.pool);
  });
  /** Of every table of facts, a column of it. */
  const FACT: Record<string, string> = {
    transfers: 'code',
    entries: 'amount',
    outcomes: 'facts',
    chain: 'hash',
  };
  const partitions = async () => {
    const { rows } = await ledger.owner.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'ledger'::regnamespace and relkind = 'r' and relispartition`,
    );
    assert.ok(rows.length >= 10, 'this month, three ahead, and later, of transfers and entries');
    return rows.map(({ name }) => name);
  };
  const denied = (sql: string) => assert.rejects(ledger.pool.query(sql), { code: DENIED }, sql);

  it('are tried on every table there is', async () => {
    const { rows } = await ledger.pool.query<{ name: string }>(
      `select relname as name from pg_class where relnamespace = 'ledger'::regnamespace and relkind in ('r', 'p', 'v', 'm')
          and not relispartition order by 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      TABLES.toSorted(),
    );
  });

  for (const table of TABLES) {
    it(`let the application read ${table}, and write nothing there`, async () => {
      const { rows } = await ledger.pool.query<{ column: string }>(
        `select column_name as column from information_schema.columns where table_schema = 'ledger' and table_name = $1`,
        [table],
      );
      const { column } = rows[0]!;
      assert.ok((await ledger.pool.query(`select * from ledger.${table}`)).rows.length > 0);
      await denied(`insert into ledger.${table} default values`);
      await denied(`update ledger.${table} set ${column} = default`);
      await denied(`delete from ledger.${table}`);
      await denied(`truncate ledger.${table} cascade`);
      await denied(`select * from ledger.${table} for update`);
      await denied(`alter table ledger.${table} disable trigger all`);
    });
  }

  it('let the application write no partition either', async () => {
    for (const partition of await partitions()) {
      await denied(`insert into ledger.${partition} default values`);
      await denied(`delete from ledger.${partition}`);
      await denied(`truncate ledger.${partition}`);
    }
  });

  it('keep the functions behind the door from the application', async () => {
    const { rows } = await ledger.pool.query<{ name: string }>(
      `select p.proname as name from pg_proc p where p.pronamespace = 'ledger'::regnamespace
          and has_function_privilege('countroom_app', p.oid, 'execute') order by 1`,
    );
    assert.deepEqual(
      rows.map(({ name }) => name),
      [
        'capture',
        'capture_all',
        'cash',
        'derive_id',
        'expire',
        'extend_chain',
        'hold',
        'liability',
        'lock_accounts',
        'open_months',
        'open_player',
        'post',
        'post_all',
        'post_net',
        'post_net_all',
        'reverse',
        'trial_balance',
        'void',
        'void_all',
      ],
    );
    await denied(`select ledger.open_account('house_gaming', 'house', 'SEK')`);
    await denied(`select ledger.apply(gen_random_uuid(), 'stake', 'w', now(), gen_random_uuid(), '{}')`);
    await denied(`select ledger.open_month(now(), now())`);
    await denied(`select ledger.refuse(gen_random_uuid(), gen_random_uuid(), 'x', '{}')`);
  });

  it('give every function that runs as the owner a search path that no caller chooses', async () => {
    const { rows } = await ledger.pool.query<{ name: string }>(
      `select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
        where n.nspname not in ('pg_catalog', 'information_schema') and p.prosecdef
          and not exists (select from unnest(p.proconfig) setting where setting = 'search_path=ledger, pg_temp')`,
    );
    assert.deepEqual(rows, []);
  });

  it('do not bend to names the application plants in a schema of its own', async () => {
    const tx = await ledger.pool.connect();
    try {
      await tx.query('begin');
      await tx.query('create temp table accounts (like ledger.accounts)');
      await tx.query('create temp table transfers (like ledger.transfers)');
      await tx.query('set local search_path = pg_temp, ledger');
      const { rows } = await tx.query<{ balance: bigint }>(
        `select balance from ledger.post(gen_random_uuid(), 'stake', 'w', now(), array[
           row('player_cash', 'p-1', 'SEK', -1, 0), row('stakes_in_play', 'house', 'SEK', 1, 0)]::ledger.leg[])`,
      );
      assert.equal(rows[0]!.balance, 89n);
    } finally {
      await tx.query('rollback');
      tx.release();
    }
    await denied('create table ledger.mine ()');
    await denied('create function ledger.mine() returns void language sql return null');
  });

  it('keep facts from the owner too', async () => {
    for (const table of ['transfers', 'entries', 'outcomes', 'chain', ...(await partitions())]) {
      for (const sql of [
        `delete from ledger.${table}`,
        `truncate ledger.${table} cascade`,
        `update ledger.${table} set ${FACT[table.replace(/_.*/, '')]!} = null`,
      ]) {
        await assert.rejects(ledger.owner.query(sql), violates('facts_are_final'), sql);
      }
    }
  });

  it('hold by named constraints what no code may break', async () => {
    const broken: Record<string, string> = {
      accounts_never_overdrawn: `update ledger.accounts set posted = -1 where kind = 'player_cash'`,
      accounts_never_past_ceiling: `update ledger.accounts set posted = 9007199254740992 where kind = 'player_cash'`,
      accounts_held_belongs_to_holds: `update ledger.accounts set held = held + 1 where kind = 'player_held'`,
      accounts_one_per_owner: `insert into ledger.accounts (kind, owner, currency, is_player) values ('player_cash', 'p-1', 'SEK', true)`,
      outcomes_refusals_have_facts: `insert into ledger.outcomes select gen_random_uuid(), gen_random_uuid(), now(), null, 'x', null`,
      entries_move_something: `insert into ledger.entries select account_id, version + 9, transfer_id, 0, 0, now() from ledger.entries limit 1`,
      entries_sum_to_zero: `insert into ledger.entries select account_id, version + 9, transfer_id, 5, 5, now() from ledger.entries limit 1`,
      holds_never_over_captured: `update ledger.holds set captured = amount + 1`,
      holds_end_once: `update ledger.holds set state = 'voided'`,
    };
    for (const [constraint, sql] of Object.entries(broken)) {
      await assert.rejects(ledger.owner.query(sql), violates(constraint), constraint);
    }
  });

  it('name every refusal of the SQL in the list of errors, and no other', async () => {
    const { rows } = await ledger.pool.query<{ body: string }>(
      `select prosrc as body from pg_proc where pronamespace = 'ledger'::regnamespace`,
    );
    const states = ['captured', 'voided', 'expired'].map((state) => `hold_already_${state}`);
    const said = rows.flatMap(({ body }) =>
      [...body.matchAll(/'([a-z]+(?:_[a-z]+)+)'/g)].map(([, word]) => word!),
    );
    const codes = said.filter((word) =>
      /_(conflict|not_found|funds|large|exceeded|reversed|not_expired)$/.test(word),
    );
    assert.deepEqual([...new Set([...codes, ...states])].sort(), LEDGER_ERRORS.toSorted());
  });
});
