import type pg from 'pg';
import { inTransaction, type Pool } from '../../ops/postgres.ts';

/** What is read in pieces, is found by its index: a plan that reads a whole table for each would never end. */
const BY_INDEX = 'set local enable_seqscan = off; set local random_page_cost = 1.1; set local jit = off';

/** Reads a piece of the ledger by one statement, for as long as that takes: one account may have millions of entries. */
export const readPiece = <Row extends pg.QueryResultRow>(
  pool: Pool,
  sql: string,
  range: readonly unknown[],
): Promise<Row[]> =>
  inTransaction(pool, async (tx) => {
    await tx.query(`set local statement_timeout = 0; ${range.length > 0 ? BY_INDEX : ''}`);
    return (await tx.query<Row>(sql, [...range])).rows;
  });
