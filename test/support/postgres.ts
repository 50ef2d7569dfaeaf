import { randomBytes } from 'node:crypto';
import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connected } from '../../dev/stack/connected.ts';
import { freePort } from '../../dev/stack/ports.ts';
import {
  answersQueries,
  createDatabase,
  ownerUrl,
  preparePostgres,
  setAppPassword,
} from '../../dev/stack/postgres.ts';
import { spawnPart, stopPart, untilItAnswers } from '../../dev/stack/spawnPart.ts';
import { migrate } from '../../migrations/index.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';

export interface TestDatabase {
  ownerUrl: string;
  appUrl: string;
  /** The application's role. */
  pool: Pool;
  /** The superuser, to look at what the application may not touch. */
  owner: Pool;
  /** For the suite's `after` hook. Throws where a connection was taken and never given back. */
  drop: () => Promise<void>;
}

const PASSWORD = 'test';
const TEMPLATE = 'countroom_template';
let server: Promise<{ port: number; stop: () => Promise<void> }> | undefined;

/** A database of its own for a suite, made from a migrated template. The one server of the run starts on first use. */
export async function testDatabase({ poolSize = 10 } = {}): Promise<TestDatabase> {
  server ??= startServer();
  const { port } = await server;
  const name = `test_${randomBytes(6).toString('hex')}`;
  await asSuperuser(port, `create database ${name} template ${TEMPLATE} strategy file_copy`);
  const urls = {
    ownerUrl: ownerUrl(port, PASSWORD, name),
    appUrl: `postgres://countroom_app:${PASSWORD}@127.0.0.1:${String(port)}/${name}`,
  };
  const pool = watchedPool(urls.appUrl, poolSize);
  const owner = watchedPool(urls.ownerUrl, 4);
  const drop = async () => {
    const leaked = [pool, owner].reduce((sum, { totalCount, idleCount }) => sum + totalCount - idleCount, 0);
    // `end` waits for every connection: with a leaked one it would wait for ever.
    const ended = Promise.all([pool.end(), owner.end()]);
    if (leaked === 0) await ended;
    await asSuperuser(port, `drop database ${name} with (force)`);
    if (leaked > 0)
      throw new Error(`the suite took ${String(leaked)} database connections and did not give them back`);
  };
  return { ...urls, pool, owner, drop };
}

/** A connection that is cut off while somebody holds it must fail that test, not end the whole run. */
function watchedPool(url: string, max: number): Pool {
  const pool = createPool(url, { max, onIdleError: () => undefined });
  return pool.on('connect', (client) => client.on('error', () => undefined));
}

export async function stopTestServer(): Promise<void> {
  await (await server)?.stop();
}

async function startServer() {
  const folder = mkdtempSync(join(tmpdir(), 'countroom-test-'));
  chmodSync(folder, 0o711); // as root, Postgres runs as another user and has to pass through
  const port = await freePort();
  const logFile = join(folder, 'postgres.log');
  const child = spawnPart(
    await preparePostgres({ folder: join(folder, 'postgres'), port, password: PASSWORD, fsync: 'off' }),
    logFile,
  );
  // A run that crashes or is told to end has no root hook.
  const killed = () => child.kill('SIGQUIT');
  process.once('exit', killed);
  const stop = async () => {
    process.off('exit', killed);
    await stopPart(child, 'SIGINT', 10_000);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await untilItAnswers(child, { name: 'Postgres', logFile }, () =>
      answersQueries(ownerUrl(port, PASSWORD, 'postgres')),
    );
    await createDatabase(ownerUrl(port, PASSWORD, 'postgres'), TEMPLATE);
    await migrate(ownerUrl(port, PASSWORD, TEMPLATE));
    await setAppPassword(ownerUrl(port, PASSWORD, 'postgres'), PASSWORD);
  } catch (error) {
    await stop();
    throw error;
  }
  return { port, stop };
}

const asSuperuser = (port: number, sql: string) =>
  connected(ownerUrl(port, PASSWORD, 'postgres'), (client) => client.query(sql));
