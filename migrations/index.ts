import { readdir, readFile } from 'node:fs/promises';
import knex, { type Knex } from 'knex';
import pg from 'pg';

const HERE = new URL('./', import.meta.url);

/**
 * Brings a database to the present schema. Tables come from `NNNN_<room>.sql`, each run once, in order; functions
 * from `sql/<room>/*.sql`, written anew each time, so that a function is read and changed in one place.
 *
 * @param ownerUrl of a role that may create schemas and roles
 */
export async function migrate(
  ownerUrl: string,
  log: (line: string) => void = () => undefined,
): Promise<void> {
  const lock = new pg.Client({ connectionString: ownerUrl });
  await lock.connect();
  const db = knex({ client: 'pg', connection: ownerUrl, pool: { min: 0, max: 1 } });
  try {
    // knex marks its lock in a row, which outlives a killed process; a session's advisory lock does not.
    await lock.query(`select pg_advisory_lock(hashtext('countroom migrations'))`);
    await createApplicationRole(lock);
    const config = { migrationSource: new SqlFiles(), disableMigrationsListValidation: false };
    await db.migrate.forceFreeMigrationsLock(config);
    const [, applied] = (await db.migrate.latest(config)) as [number, string[]];
    await writeFunctions(lock);
    log(applied.length === 0 ? 'schema is up to date' : `applied ${applied.join(', ')}`);
  } finally {
    await db.destroy();
    await lock.end();
  }
}

/** Roles belong to the server, not to the database, so another database may have made it already. */
async function createApplicationRole(client: pg.Client): Promise<void> {
  await client.query(
    `do $$ begin create role countroom_app login; exception when duplicate_object or unique_violation then null; end $$`,
  );
}

class SqlFiles implements Knex.MigrationSource<string> {
  async getMigrations(): Promise<string[]> {
    return (await readdir(HERE)).filter((name) => /^\d{4}_.*\.sql$/.test(name)).sort();
  }

  getMigrationName(name: string): string {
    return name.replace(/\.sql$/, '');
  }

  async getMigration(name: string): Promise<Knex.Migration> {
    const sql = await readFile(new URL(name, HERE), 'utf8');
    return { up: (db) => db.raw(sql), down: () => Promise.reject(new Error('migrations only go forward')) };
  }
}

/** All function files, rooms in the order in which they may call each other, then how they are planned, the grants, and the months ahead, in one transaction. */
async function writeFunctions(client: pg.Client): Promise<void> {
  const files: string[] = [];
  for (const room of ['audit', 'ledger', 'players', 'rounds', 'payments']) {
    const names = await readdir(new URL(`sql/${room}/`, HERE));
    files.push(...names.sort().map((name) => `sql/${room}/${name}`));
  }
  files.push('sql/planning.sql', 'sql/grants.sql');
  await client.query('begin');
  for (const file of files) {
    await client.query(await readFile(new URL(file, HERE), 'utf8')).catch((error: unknown) => {
      throw new Error(`${file}: ${(error as Error).message}`);
    });
  }
  await client.query('select ledger.see_that_chain_is_not_ahead(), ledger.open_months()');
  await client.query('commit');
}
