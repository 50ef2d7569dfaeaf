import { createHash } from 'node:crypto';
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
import { endOfLog, spawnPart, stopPart, untilItAnswers } from '../../dev/stack/spawnPart.ts';
import { migrate } from '../../migrations/index.ts';

export const KEY = 'the-key-of-the-game-server';
export const SECRET = 'what-the-game-server-signs-with';
export const PLAYERS = 5_000;
const PASSWORD = 'bench';

/** A Postgres with durable commits, players with money, the API and a bare Express: each a process of its own. */
export async function openStand() {
  const folder = mkdtempSync(join(tmpdir(), 'countroom-bench-'));
  chmodSync(folder, 0o711); // as root, Postgres runs as another user and has to pass through
  const [pgPort, apiPort, barePort] = [await freePort(), await freePort(), await freePort()];
  const stops: (() => Promise<void>)[] = [];
  const close = async () => {
    for (const stop of stops.reverse()) await stop();
    rmSync(folder, { recursive: true, force: true });
  };
  const start = async (
    name: string,
    command: Parameters<typeof spawnPart>[0],
    signal: NodeJS.Signals,
    answers: () => Promise<unknown>,
  ) => {
    const logFile = join(folder, `${name}.log`);
    const child = spawnPart(command, logFile);
    stops.push(() => stopPart(child, signal, 10_000));
    await untilItAnswers(child, { name, logFile }, async () => {
      await answers();
    });
  };
  const node = (file: string, ...args: string[]) => ({
    file: process.execPath,
    args: ['--import', 'tsx', file, ...args],
  });
  const ok = (url: string) => async () => {
    const response = await fetch(url);
    if (response.status >= 500) throw new Error(`${url} answers ${String(response.status)}`);
  };
  try {
    const superuser = ownerUrl(pgPort, PASSWORD, 'postgres');
    const postgres = await preparePostgres({
      folder: join(folder, 'postgres'),
      port: pgPort,
      password: PASSWORD,
    });
    await start('postgres', postgres, 'SIGINT', () => answersQueries(superuser));
    await createDatabase(superuser, 'bench');
    const owner = ownerUrl(pgPort, PASSWORD, 'bench');
    await migrate(owner);
    await setAppPassword(superuser, PASSWORD);
    await seed(owner);
    const env = {
      ...process.env,
      DATABASE_URL: `postgres://countroom_app:${PASSWORD}@127.0.0.1:${String(pgPort)}/bench`,
      PORT: String(apiPort),
      COUNTROOM_LOG_LEVEL: 'warn',
    };
    const [api, bare] = [`http://127.0.0.1:${String(apiPort)}`, `http://127.0.0.1:${String(barePort)}`];
    await start('api', { ...node('api/main.ts'), env }, 'SIGTERM', ok(`${api}/healthz`));
    await start('bare', node('bench/rounds/bare.ts', String(barePort)), 'SIGTERM', ok(bare));
    const apiLog = () => endOfLog(join(folder, 'api.log'), 0);
    return { api, bare, owner, apiLog, close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function seed(owner: string): Promise<void> {
  await connected(owner, async (client) => {
    await client.query(
      `insert into access.clients (client_id, name, kind, api_key_hash, hmac_secret, signed, settlement)
         values ('game', 'Game server', 'game', $1, $2, true, 'direct')`,
      [createHash('sha256').update(KEY).digest(), SECRET],
    );
    await client.query(
      `select count(*) from generate_series(0, $1::int - 1) i, players.register('p-' || i, 'MT', array['SEK'])`,
      [PLAYERS],
    );
    await client.query(
      `select count(*) from ledger.post_all(array(
         select row(ledger.derive_id('seed', i::text), 'deposit', 'seed/' || i, now(), array[
             row('player_cash', 'p-' || i, 'SEK', 1000000000, 0)::ledger.leg,
             row('provider_clearing', 'nordpay', 'SEK', -1000000000, 0)::ledger.leg])::ledger.deed
           from generate_series(0, $1::int - 1) i))`,
      [PLAYERS],
    );
  });
}

/** Wagers of one round each, ready to be settled: `<prefix>-<n>`. */
export async function placeWagers(owner: string, prefix: string, count: number): Promise<void> {
  await connected(owner, async (client) => {
    for (let from = 0; from < count; from += 500) {
      await client.query(
        `select count(*) from rounds.place_wagers(array(
           select row('game', $1 || '-r-' || i, $1 || '-' || i, 'p-' || i % $3::int, 'slots', 100, 'SEK', null)::rounds.stake
             from generate_series($2::int, $2::int + 499) i))`,
        [prefix, from, PLAYERS],
      );
    }
  });
}
