import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../dev/stack/ports.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

const main = fileURLToPath(new URL('../../api/main.ts', import.meta.url));

function start(env: NodeJS.ProcessEnv) {
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += String(chunk)));
  const until = async (words: string) => {
    while (!output.includes(words)) {
      assert.equal(child.exitCode, null, output);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return { child, until, output: () => output };
}

const exitOf = async (child: ChildProcess): Promise<number | null> =>
  child.exitCode ?? ((await once(child, 'exit')) as [number | null])[0];

describe('the API as a process', () => {
  let database: TestDatabase;
  before(async () => {
    database = await testDatabase();
  });
  after(() => database.drop());

  it('does not start with a bad environment, and names everything that is wrong', async () => {
    const { child, output } = start({ DATABASE_URL: 'mysql://x', PORT: '99999', COUNTROOM_NO_SUCH: '1' });
    assert.equal(await exitOf(child), 1);
    for (const name of ['DATABASE_URL', 'PORT', 'COUNTROOM_NO_SUCH'])
      assert.match(output(), new RegExp(`${name}: `));
    assert.doesNotMatch(output(), /at .*\.ts/);
  });

  it('says what to do when its port is in use', async () => {
    const other = http.createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as { port: number };
    const { child, output } = start({ DATABASE_URL: database.appUrl, PORT: String(port) });
    assert.equal(await exitOf(child), 1);
    assert.match(output(), /Remedy: .*PORT/);
    other.close();
  });

  it('starts without a database or Temporal, answers that they are away, and begins to serve when they are there', async () => {
    const port = await freePort();
    const { child, until, output } = start({
      DATABASE_URL: `postgres://x:x@127.0.0.1:${String(await freePort())}/x`,
      PORT: String(port),
      TEMPORAL_ADDRESS: `127.0.0.1:${String(await freePort())}`,
    });
    await until('api ready');
    const ask = async (path: string) =>
      await fetch(`http://127.0.0.1:${String(port)}${path}`, {
        headers: { Authorization: 'Bearer some-long-key' },
      });
    assert.equal((await ask('/healthz')).status, 200);
    const readiness = await ask('/readyz');
    assert.equal(readiness.status, 503);
    assert.deepEqual(((await readiness.json()) as { parts: unknown }).parts, {
      database: 'unreachable',
      temporal: 'unreachable',
    });
    const reply = await ask('/v1/players/p-1');
    assert.equal(reply.status, 503);
    assert.equal(reply.headers.get('retry-after'), '2');
    child.kill('SIGTERM');
    assert.equal(await exitOf(child), 0, output());
  });

  it('ends what is under way when it is told to stop, and takes nothing new', async () => {
    const port = await freePort();
    const { child, until, output } = start({ DATABASE_URL: database.appUrl, PORT: String(port) });
    await until('api ready');
    // A request under way: its body is not whole yet.
    await database.owner.query(
      `insert into access.clients (client_id, name, kind, api_key_hash, signed) values ('c', 'C', 'cashier', sha256('key-of-a-cashier'), false)`,
    );
    const agent = new http.Agent({ keepAlive: true });
    const idle = http.get({ port, host: '127.0.0.1', path: '/healthz', agent });
    const [idleReply] = (await once(idle, 'response')) as [http.IncomingMessage];
    idleReply.resume();
    const request = http.request({
      port,
      host: '127.0.0.1',
      method: 'PUT',
      path: '/v1/players/p-1',
      headers: { Authorization: 'Bearer key-of-a-cashier', 'Content-Type': 'application/json' },
    });
    request.write('{"currencies":["SEK"],');
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill('SIGTERM');
    await until('api stopping');
    await assert.rejects(fetch(`http://127.0.0.1:${String(port)}/healthz`));
    request.end('"jurisdiction":"MT"}');
    const [reply] = (await once(request, 'response')) as [http.IncomingMessage];
    assert.equal(reply.statusCode, 200);
    reply.resume();
    assert.equal(await exitOf(child), 0, output());
    agent.destroy();
  });
});
