import assert from 'node:assert/strict';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

/** What docs/glossary.md says not to say, as part of a name. `transaction` and `lock` are words of Postgres itself. */
const FORBIDDEN = [
  'transaction',
  'movement',
  'freeze',
  'frozen',
  'reserve',
  'reserved',
  'lock',
  'locked',
  'topup',
  'cashout',
  'bet',
  'bets',
  'revert',
  'reverted',
  'error',
];

describe('the house rules of the schema', () => {
  let database: TestDatabase;
  before(async () => (database = await testDatabase()));
  after(() => database.drop());
  const column = async (sql: string): Promise<string[]> =>
    (await database.owner.query<{ name: string }>(sql)).rows.map(({ name }) => name);
  const OURS = `('access', 'audit', 'ledger', 'payments', 'players', 'rounds')`;

  it('no table or column is named by a word that is not said', async () => {
    const names = await column(`
      select table_schema || '.' || table_name || '.' || column_name as name from information_schema.columns where table_schema in ${OURS}`);
    assert.ok(names.length > 50);
    assert.deepEqual(
      names.filter((name) => name.split(/[._]/).some((word) => FORBIDDEN.includes(word))),
      [],
    );
  });

  it('every constraint that checks something has a name of ours, which code and people can go by', async () => {
    const generated = await column(`
      select conrelid::regclass || ': ' || conname as name from pg_constraint join pg_namespace n on n.oid = connamespace
       where nspname in ${OURS} and contype = 'c' and conname ~ '_check[0-9]*$'`);
    assert.deepEqual(generated, []);
  });

  it('every function that runs as its owner has a search path of its own', async () => {
    const open = await column(`
      select p.oid::regprocedure::text as name from pg_proc p join pg_namespace n on n.oid = p.pronamespace
       where n.nspname in ${OURS} and p.prosecdef and not exists (select from unnest(p.proconfig) s where s like 'search_path=%')`);
    assert.deepEqual(open, []);
  });

  it('no foreign key deletes or changes rows by itself', async () => {
    const cascading = await column(`
      select c.conrelid::regclass || ': ' || c.conname as name from pg_constraint c join pg_namespace n on n.oid = c.connamespace
       where n.nspname in ${OURS} and c.contype = 'f' and (c.confdeltype <> 'a' or c.confupdtype <> 'a')`);
    assert.deepEqual(cascading, []);
  });

  it('amounts are whole numbers, and moments carry their zone', async () => {
    const loose = await column(`
      select table_schema || '.' || table_name || '.' || column_name || ' ' || data_type as name from information_schema.columns
       where table_schema in ${OURS} and data_type in ('real', 'double precision', 'money', 'timestamp without time zone', 'character', 'json')`);
    assert.deepEqual(loose, []);
  });
});
