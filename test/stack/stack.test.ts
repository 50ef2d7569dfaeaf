import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHmac, sign } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { identityOf } from '../../dev/stack/identity.ts';
import type { StackFile } from '../../dev/stack/stack.ts';
import { freePort } from '../../dev/stack/ports.ts';

const script = new URL('../../dev/start.mjs', import.meta.url).pathname;

/** `npm start` as a person runs it, on a data folder of its own. */
class Start {
  readonly child: ChildProcess;
  readonly ended: Promise<number | null>;
  output = '';

  constructor(dataDir: string, env: NodeJS.ProcessEnv = {}) {
    this.child = spawn(process.execPath, [script], {
      env: { ...process.env, ...env, COUNTROOM_DATA: dataDir },
      detached: true,
    });
    this.child.stdout?.on('data', (text: Buffer) => (this.output += text.toString()));
    this.child.stderr?.on('data', (text: Buffer) => (this.output += text.toString()));
    this.ended = new Promise((resolve) => this.child.once('exit', resolve));
  }

  async says(words: RegExp): Promise<void> {
    await until(() => words.test(this.output) || this.child.exitCode !== null);
    assert.match(this.output, words);
  }
}

async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 40_000; !(await holds());) {
    if (Date.now() > end) throw new Error('it did not happen in 40 s');
    await sleep(100);
  }
}

const answers = (url: string) =>
  fetch(`${url}/readyz`).then(
    ({ status }) => status === 200,
    () => false,
  );

describe('npm start', function () {
  this.timeout(60_000);
  let dataDir: string;
  let start: Start;
  let first: StackFile;

  const stackFile = () => JSON.parse(readFileSync(join(dataDir, 'stack.json'), 'utf8')) as StackFile;
  const pids = ({ processes }: StackFile) => Object.values(processes).flat() as number[];
  const alive = (stack: StackFile) => pids(stack).filter((pid) => identityOf(pid) !== undefined);

  before(async () => {
    dataDir = mkdtempSync(join(tmpdir(), 'countroom-stack-'));
    start = new Start(dataDir);
    await start.says(/^Countroom is ready: http:\/\/127\.0\.0\.1:\d+$/m);
    first = stackFile();
  });

  after(async () => {
    start.child.kill('SIGTERM');
    await start.ended;
    rmSync(dataDir, { recursive: true });
  });

  it('prints its ready line once, when every part answers', async () => {
    assert.equal(start.output.match(/Countroom is ready/g)?.length, 1);
    assert.equal(await answers(first.apiUrl), true);
    for (const url of Object.values(first.providers))
      assert.ok(await fetch(`${url}/sim/books?reference=none`));
    assert.equal((await fetch(first.temporalUiUrl)).status, 200);
    for (const part of [
      'Postgres',
      'Migrations',
      'Temporal',
      'Providers',
      'Worker rounds',
      'Worker payments',
      'API',
    ]) {
      assert.match(start.output, new RegExp(`${part} +ready in \\d+\\.\\d s`));
    }
  });

  it('lets programs in with the keys of stack.json, and no one without', async () => {
    const path = `${first.apiUrl}/v1/withdrawals`;
    assert.equal((await fetch(path)).status, 401);
    for (const token of Object.values(first.people)) {
      assert.equal((await fetch(path, { headers: { authorization: `Bearer ${token}` } })).status, 200);
    }
  });

  it('lets an aggregator of each dialect in with the keys of stack.json', async () => {
    const { actionsAggregator, callsAggregator } = first.clients;
    const ofActions = {
      callId: 'c',
      playerId: 'nobody',
      gameId: 'g',
      roundId: 'r',
      currency: 'SEK',
      actions: [],
    };
    const ofCalls = { betId: 'b', playerId: 'nobody', gameId: 'g', roundId: 'r', currency: 'SEK', amount: 0 };
    const send = async (path: string, content: object, signed: (body: string) => Record<string, string>) => {
      const body = JSON.stringify(content);
      const headers = { 'Content-Type': 'application/json', ...signed(body) };
      return await (
        await fetch(`${first.apiUrl}/dialects/${path}`, { method: 'POST', headers, body })
      ).text();
    };
    const told = [
      await send(`actions/${actionsAggregator.clientId}`, ofActions, (body) => ({
        'X-Actions-Signature': createHmac('sha256', actionsAggregator.hmacSecret).update(body).digest('hex'),
      })),
      await send(`calls/${callsAggregator.clientId}/bet`, ofCalls, (body) => ({
        'X-Calls-Signature': sign('RSA-SHA256', Buffer.from(body), callsAggregator.privateKey).toString(
          'base64',
        ),
      })),
    ];
    for (const each of told) assert.match(each, /PLAYER_UNKNOWN/);
  });

  it('runs each part as a process of its own', () => {
    assert.equal(new Set([...pids(first), start.child.pid]).size, 7);
    assert.deepEqual(alive(first), pids(first));
  });

  it('gives programs the role of the application, which may not write the ledger', async () => {
    const client = new pg.Client({ connectionString: first.databaseUrl });
    await client.connect();
    await assert.rejects(client.query('delete from ledger.entries'), /permission denied/);
    await client.end();
  });

  it('tells a second start on the same data to stay away', async () => {
    const second = new Start(dataDir);
    assert.equal(await second.ended, 1);
    assert.match(second.output, /is running on .* already \(process \d+\)\. Remedy/);
    assert.equal(await answers(first.apiUrl), true);
  });

  it('starts a part again that dies, and says so', async () => {
    for (const pid of pids(first)) process.kill(pid, 'SIGKILL');
    await until(() =>
      pids(stackFile()).every((pid) => !pids(first).includes(pid) && identityOf(pid) !== undefined),
    );
    await until(() => answers(first.apiUrl));
    for (const part of ['API', 'Worker rounds', 'Worker payments', 'Temporal', 'Postgres', 'Providers']) {
      assert.match(start.output, new RegExp(`^${part} died \\(SIGKILL\\): starting it again`, 'm'));
    }
    const now = stackFile();
    assert.deepEqual({ ...now, processes: undefined }, { ...first, processes: undefined });
  });

  it('ends what a killed stack left running, and goes on with the same data, ports and keys', async () => {
    const before = stackFile();
    process.kill(start.child.pid!, 'SIGKILL');
    await start.ended;
    assert.deepEqual(alive(before), pids(before));
    start = new Start(dataDir);
    await start.says(/^Countroom is ready/m);
    assert.match(start.output, /Ending what a killed stack left running/);
    assert.deepEqual(alive(before), []);
    assert.deepEqual({ ...stackFile(), processes: undefined }, { ...first, processes: undefined });
  });

  it('leaves nothing running after Ctrl-C, within 15 s', async () => {
    const stack = stackFile();
    const from = Date.now();
    // As a terminal does: to the process group.
    process.kill(-start.child.pid!, 'SIGINT');
    assert.equal(await start.ended, 0);
    assert.ok(Date.now() - from < 15_000);
    assert.deepEqual(alive(stack), []);
    assert.equal(existsSync(join(dataDir, 'stack.json')), false);
    assert.match(start.output, /Everything is stopped/);
  });

  it('stops as cleanly while it is still starting', async () => {
    start = new Start(dataDir);
    await start.says(/(Postgres|Temporal) +ready/);
    const { parts } = JSON.parse(readFileSync(join(dataDir, 'supervisor.json'), 'utf8')) as {
      parts: Record<string, { pid: number }>;
    };
    start.child.kill('SIGTERM');
    assert.equal(await start.ended, 0);
    for (const [name, { pid }] of Object.entries(parts)) assert.equal(identityOf(pid), undefined, name);
  });

  it('names everything that is wrong in the environment, and starts nothing', async () => {
    const wrong = new Start(dataDir, {
      COUNTROOM_LOG_LEVEL: 'loud',
      PAYOUT_FALLBACK: 'maybe',
      COUNTROOM_APROVAL_ABOVE: '1',
    });
    assert.equal(await wrong.ended, 1);
    for (const name of ['COUNTROOM_LOG_LEVEL', 'PAYOUT_FALLBACK', 'COUNTROOM_APROVAL_ABOVE'])
      assert.match(wrong.output, new RegExp(name));
    assert.doesNotMatch(wrong.output, /ready in/);
  });

  it('says what to do where the Temporal or the Postgres named is not there', async () => {
    const nobody = `127.0.0.1:${String(await freePort())}`;
    const [noTemporal, noPostgres] = [
      new Start(mkdtempSync(join(dataDir, 'a-')), { TEMPORAL_ADDRESS: nobody }),
      new Start(mkdtempSync(join(dataDir, 'b-')), { DATABASE_URL: `postgres://x:y@${nobody}/z` }),
    ];
    assert.deepEqual(await Promise.all([noTemporal.ended, noPostgres.ended]), [1, 1]);
    assert.match(noTemporal.output, /TEMPORAL_ADDRESS is .*cannot be used.*Remedy/);
    assert.match(noPostgres.output, /DATABASE_URL points at .*cannot be used.*Remedy/);
  });

  it('refuses the data of another Postgres in a sentence', async () => {
    writeFileSync(join(dataDir, 'postgres', 'cluster', 'PG_VERSION'), '16\n');
    const old = new Start(dataDir);
    assert.equal(await old.ended, 1);
    assert.match(old.output, /was made by Postgres 16, this is Postgres 18\. Remedy/);
  });
});
