import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../dev/stack/ports.ts';
import {
  answersQueries,
  createDatabase,
  ownerUrl,
  preparePostgres,
  setAppPassword,
} from '../../dev/stack/postgres.ts';
import { spawnPart, stopPart, untilItAnswers, type Command } from '../../dev/stack/spawnPart.ts';
import { migrate } from '../../migrations/index.ts';

const PASSWORD = 'bench';

/** A new Postgres with durable commits, and an empty ledger in it; more parts may be started beside it. */
export async function openScratch() {
  const folder = mkdtempSync(join(tmpdir(), 'countroom-bench-'));
  chmodSync(folder, 0o711); // as root, Postgres runs as another user and has to pass through
  const stops: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const logOf = (name: string) => join(folder, `${name}.log`);
  const start = async (
    name: string,
    command: Command,
    signal: NodeJS.Signals,
    answers: () => Promise<void>,
  ) => {
    const child = spawnPart(command, logOf(name));
    stops.push(() => stopPart(child, signal, 10_000));
    await untilItAnswers(child, { name, logFile: logOf(name) }, answers);
  };
  try {
    const port = await freePort();
    const superuser = ownerUrl(port, PASSWORD, 'postgres');
    const postgres = await preparePostgres({ folder: join(folder, 'postgres'), port, password: PASSWORD });
    await start('postgres', postgres, 'SIGINT', () => answersQueries(superuser));
    await createDatabase(superuser, 'bench');
    const owner = ownerUrl(port, PASSWORD, 'bench');
    await migrate(owner);
    await setAppPassword(superuser, PASSWORD);
    const appUrl = (name: string) => `postgres://countroom_app:${PASSWORD}@127.0.0.1:${String(port)}/${name}`;
    /** One more empty ledger, in the same Postgres. */
    const another = async (name: string) => {
      await createDatabase(superuser, name);
      const url = ownerUrl(port, PASSWORD, name);
      await migrate(url);
      return { owner: url, app: appUrl(name) };
    };
    return { owner, app: appUrl('bench'), another, start, logOf, close };
  } catch (error) {
    await close();
    throw error;
  }
}

export type Scratch = Awaited<ReturnType<typeof openScratch>>;

/** Runs `work` beside a new Postgres, which is gone afterwards; after Ctrl-C as well. */
export async function withScratch(work: (scratch: Scratch) => Promise<void>): Promise<void> {
  const opening = openScratch();
  const stopping = { asked: false };
  const stop = () => {
    if (stopping.asked) return;
    stopping.asked = true;
    console.error('\n  Interrupted: the scratch Postgres is removed.');
    void opening
      .then(({ close }) => close())
      .catch(() => undefined)
      .then(() => process.exit(130));
  };
  process.on('SIGINT', stop).on('SIGTERM', stop);
  try {
    await work(await opening);
  } catch (error) {
    if (!stopping.asked) throw error; // else it is only that Postgres went away
  } finally {
    if (!stopping.asked) await (await opening).close();
    process.off('SIGINT', stop).off('SIGTERM', stop);
  }
}
