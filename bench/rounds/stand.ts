import { createHash } from 'node:crypto';
import { connected } from '../../dev/stack/connected.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { endOfLog } from '../../dev/stack/spawnPart.ts';
import { openScratch } from '../support/postgres.ts';

export const KEY = 'the-key-of-the-game-server';
export const SECRET = 'what-the-game-server-signs-with';
export const PLAYERS = 5_000;

/**
 * A Postgres with players who have money, the API and a bare Express: each a process of its own. The API writes where its
 * time goes into `profileDir` when it ends, if there is one.
 */
export async function openStand(profileDir?: string) {
  const { owner, app, start, logOf, close } = await openScratch();
  const [apiPort, barePort] = [await freePort(), await freePort()];
  const [api, bare] = [`http://127.0.0.1:${String(apiPort)}`, `http://127.0.0.1:${String(barePort)}`];
  const node = (file: string, ...args: string[]) => ({
    file: process.execPath,
    args: ['--import', 'tsx', file, ...args],
  });
  const answers = (url: string) => async () => {
    const { status } = await fetch(url);
    if (status >= 500) throw new Error(`${url} answers ${String(status)}`);
  };
  try {
    await seed(owner);
    const env = {
      ...process.env,
      DATABASE_URL: app,
      PORT: String(apiPort),
      COUNTROOM_LOG_LEVEL: 'warn',
    };
    const command = node('api/main.ts');
    if (profileDir !== undefined) command.args.unshift('--cpu-prof', `--cpu-prof-dir=${profileDir}`);
    await start('api', { ...command, env }, 'SIGTERM', answers(`${api}/healthz`));
    await start('bare', node('bench/rounds/bare.ts', String(barePort)), 'SIGTERM', answers(bare));
    return { api, bare, owner, app, apiLog: () => endOfLog(logOf('api'), 0), close };
  } catch (error) {
    await close();
    throw error;
  }
}

export type Stand = Awaited<ReturnType<typeof openStand>>;

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
             row('provider_clearing', 'nordpay', 'SEK', -1000000000, 0)::ledger.leg], null, null, false)::ledger.deed
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
           select row('game', $1 || '-r-' || i, $1 || '-' || i, 'p-' || i % $3::int, 'slots', 100, 'SEK', null, null)::rounds.stake
             from generate_series($2::int, $2::int + 499) i))`,
        [prefix, from, PLAYERS],
      );
    }
  });
}
