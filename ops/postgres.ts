import pg from 'pg';

export type Pool = pg.Pool;
/** A connection inside a transaction, so that a function which needs one says so. */
export type Tx = pg.PoolClient;

const INT8 = 20;
const NUMERIC = 1700;

type Parse = (text: string) => unknown;
const driversParser = pg.types.getTypeParser as unknown as (oid: number, format?: string) => Parse;

/** bigint and whole numeric columns arrive as `bigint`; set on our pools alone, not on the driver. */
export const types = {
  getTypeParser: (oid: number, format?: string): Parse =>
    oid === INT8 || oid === NUMERIC ? BigInt : driversParser(oid, format),
} as unknown as pg.CustomTypesConfig;

/** `onIdleError` hears of connections that died while nobody used them; without a listener they would end the process. */
export function createPool(
  url: string,
  { max, onIdleError }: { max: number; onIdleError: (error: Error) => void },
): Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    keepAlive: true,
    connectionTimeoutMillis: 5_000,
    // A transaction of ours takes milliseconds; one that hangs must not hold a player's lock for minutes.
    // What is found by a key must be so from the first day: a plan that is kept may be from when its table was empty.
    options:
      '-c statement_timeout=15000 -c idle_in_transaction_session_timeout=10000 -c enable_seqscan=off -c jit=off',
  });
  pool.on('error', onIdleError);
  // One that dies while it is taken out, between two queries: whoever has it hears of it by the next.
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Calls one SQL function and answers its only row. One round trip: it is its own transaction. */
export async function callRow<Row extends pg.QueryResultRow>(
  pool: Pool | Tx,
  name: string,
  text: string,
  values: readonly unknown[],
): Promise<Row> {
  const { rows } = await pool.query<Row>({ name, text, values: [...values] });
  const [row] = rows;
  if (row === undefined) throw new Error(`${name} answered no row`);
  return row;
}

/** Whether Postgres refused what it was given, as against being away or busy: the same again would be refused again. */
export function isOfTheData(error: unknown): boolean {
  const { code } = (error ?? {}) as { code?: unknown };
  return typeof code === 'string' && /^(22|23|42|P0)...$/.test(code);
}

/** Runs `work` in one transaction. `work` must do no network I/O: locks are held while it runs. */
export async function inTransaction<T>(pool: Pool, work: (tx: Tx) => Promise<T>): Promise<T> {
  const tx = await pool.connect();
  let broken: Error | undefined;
  try {
    await tx.query('begin');
    const result = await work(tx);
    await tx.query('commit');
    return result;
  } catch (error) {
    await tx.query('rollback').catch((rollbackError: unknown) => {
      broken = rollbackError as Error;
    });
    throw error;
  } finally {
    tx.release(broken);
  }
}
