import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from '../../dev/stack/ports.ts';
import {
  answersQueries,
  createDatabase,
  ownerUrl,
  preparePostgres,
  setAppPassword,
} from '../../dev/stack/postgres.ts';
import { sizeOf, spawnPart, stopPart, untilItAnswers } from '../../dev/stack/spawnPart.ts';
import { migrate } from '../../migrations/index.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';

const PASSWORD = 'test';
const DATABASE = 'mortal';

/** A Postgres of its own with durable commits and an empty ledger, to be killed and started again on the same data. */
export class MortalPostgres {
  /** The application's role. */
  readonly app: Pool;
  /** The superuser. */
  readonly owner: Pool;
  readonly #folder: string;
  readonly #start: () => Promise<ChildProcess>;
  #child: ChildProcess;

  private constructor(folder: string, port: number, start: () => Promise<ChildProcess>, child: ChildProcess) {
    this.#folder = folder;
    this.#start = start;
    this.#child = child;
    const app = `postgres://countroom_app:${PASSWORD}@127.0.0.1:${String(port)}/${DATABASE}`;
    this.app = poolThatOutlives(app, 20);
    this.owner = poolThatOutlives(ownerUrl(port, PASSWORD, DATABASE), 2);
    process.once('exit', this.#atExit);
  }

  static async start(): Promise<MortalPostgres> {
    const folder = mkdtempSync(join(tmpdir(), 'countroom-mortal-'));
    chmodSync(folder, 0o711); // as root, Postgres runs as another user and has to pass through
    const port = await freePort();
    const command = await preparePostgres({ folder: join(folder, 'postgres'), port, password: PASSWORD });
    const superuser = ownerUrl(port, PASSWORD, 'postgres');
    const logFile = logIn(folder);
    const start = async () => {
      const logFrom = sizeOf(logFile);
      const child = spawnPart(command, logFile);
      await untilItAnswers(child, { name: 'Postgres', logFile, logFrom }, () => answersQueries(superuser));
      return child;
    };
    const server = new MortalPostgres(folder, port, start, await start());
    await createDatabase(superuser, DATABASE);
    await migrate(ownerUrl(port, PASSWORD, DATABASE));
    await setAppPassword(superuser, PASSWORD);
    return server;
  }

  /** SIGKILL to the server and to all its processes: none of them can finish what it was doing. */
  async kill(): Promise<void> {
    const witness = await this.owner.connect();
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGSTOP'); // it starts no more of them while they are counted
    try {
      const { rows } = await witness.query<{ pid: number }>('select pid from pg_stat_activity');
      // Each is a process group of its own, so a signal to that of the server would not reach them.
      for (const { pid } of rows) process.kill(pid, 'SIGKILL');
    } finally {
      this.#child.kill('SIGKILL');
      witness.release(true);
    }
    await ended;
  }

  /** On the same data, and after a recovery: had it been shut down in order, nothing would have been tried. */
  async startAgain(): Promise<void> {
    const from = sizeOf(logIn(this.#folder));
    await sleep(250); // until the last of the killed has let go of the shared memory
    this.#child = await this.#start();
    const log = readFileSync(logIn(this.#folder)).subarray(from).toString('utf8');
    assert.match(log, /was not properly shut down; automatic recovery in progress/);
  }

  async stop(): Promise<void> {
    await Promise.all([this.app.end(), this.owner.end()]);
    process.off('exit', this.#atExit);
    await stopPart(this.#child, 'SIGINT', 10_000);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  readonly #atExit = () => this.#child.kill('SIGQUIT');
}

const logIn = (folder: string) => join(folder, 'postgres.log');

/** Its connections are cut off while somebody holds them. */
const poolThatOutlives = (url: string, max: number): Pool =>
  createPool(url, { max, onIdleError: () => undefined }).on('connect', (client) =>
    client.on('error', () => undefined),
  );
