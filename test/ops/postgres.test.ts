import assert from 'node:assert/strict';
import { createPool, inTransaction } from '../../ops/postgres.ts';
import { testDatabase } from '../support/postgres.ts';

describe('a connection to Postgres', () => {
  it('that dies while a transaction has it fails that transaction, and not the process', async () => {
    const database = await testDatabase();
    const pool = createPool(database.appUrl, { max: 1, onIdleError: () => undefined });
    try {
      await assert.rejects(
        inTransaction(pool, async (tx) => {
          const { rows } = await tx.query<{ pid: number }>('select pg_backend_pid() as pid');
          const ended = new Promise((resolve) => tx.once('end', resolve));
          await database.owner.query('select pg_terminate_backend($1)', [rows[0]!.pid]);
          await ended; // between two queries
          await tx.query('select 1');
        }),
      );
      assert.equal((await pool.query('select 1')).rowCount, 1);
    } finally {
      await pool.end();
      await database.drop();
    }
  });
});
