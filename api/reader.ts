import knex, { type Knex } from 'knex';
import { types } from '../ops/postgres.ts';

/** For the queries of lists, with their filters: few connections, so that reports cannot keep money waiting. */
export function createReader(url: string, { max }: { max: number }): Knex {
  return knex({
    client: 'pg',
    connection: {
      connectionString: url,
      types,
      options: '-c statement_timeout=15000 -c default_transaction_read_only=on',
    } as Knex.PgConnectionConfig,
    pool: { min: 0, max },
    acquireConnectionTimeout: 5_000,
  });
}
