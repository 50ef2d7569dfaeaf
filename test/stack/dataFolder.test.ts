import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { makeDataFolder, openDataFolder } from '../../dev/stack/dataFolder.ts';
import { Lock } from '../../dev/stack/lock.ts';
import { choosePort } from '../../dev/stack/ports.ts';
import { secretsOf } from '../../dev/stack/secrets.ts';

describe('the data folder', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'countroom-data-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('is begun anew on request', () => {
    openDataFolder(folder, { fresh: false });
    writeFileSync(join(folder, 'temporal.db'), 'old');
    openDataFolder(folder, { fresh: true });
    assert.equal(existsSync(join(folder, 'temporal.db')), false);
  });

  for (const fresh of [true, false]) {
    it(`is never somebody else's folder${fresh ? ', least of all to be removed' : ''}`, () => {
      writeFileSync(join(folder, 'thesis.txt'), 'years of work');
      assert.throws(() => openDataFolder(folder, { fresh }), /holds files, but no data of Countroom.*Remedy/);
      assert.ok(existsSync(join(folder, 'thesis.txt')));
    });
  }

  it('of another version is refused in a sentence', () => {
    writeFileSync(join(folder, 'version.json'), '{"format": 0}');
    assert.throws(
      () => openDataFolder(folder, { fresh: false }),
      /another version of Countroom.*Remedy: `npm start -- --fresh`/,
    );
  });

  it('that cannot be written is refused in a sentence', () => {
    writeFileSync(join(folder, 'file'), '');
    assert.throws(
      () => makeDataFolder(join(folder, 'file', 'data')),
      /cannot be written \(ENOTDIR\).*Remedy/,
    );
  });

  it('serves one stack at a time', async () => {
    const say = () => undefined;
    const lock = await Lock.take(folder, say);
    await assert.rejects(
      Lock.take(folder, say),
      new RegExp(`running on ${folder} already \\(process ${String(process.pid)}\\).*Remedy`),
    );
    lock.release();
    (await Lock.take(folder, say)).release();
  });

  it('of a killed stack is taken over, without harm to a stranger who got its process number', async () => {
    const dead = { pid: process.pid, start: 'before the machine was started again' };
    const holder = { supervisor: dead, parts: { API: { ...dead, signal: 'SIGKILL' } } };
    writeFileSync(join(folder, 'supervisor.json'), JSON.stringify(holder));
    (await Lock.take(folder, () => undefined)).release();
  });

  it('keeps its secrets over starts, for their owner alone', () => {
    const made = secretsOf(folder);
    assert.deepEqual(secretsOf(folder), made);
    assert.equal(statSync(join(folder, 'secrets.json')).mode & 0o777, 0o600);
  });
});

describe('a port', () => {
  let other: Server;
  let busy: number;
  beforeEach((done) => {
    other = createServer().listen(0, '127.0.0.1', () => {
      busy = (other.address() as { port: number }).port;
      done();
    });
  });
  afterEach((done) => void other.close(() => done()));

  const choose = (value: string | undefined, remembered?: number) =>
    choosePort({ named: { variable: 'PORT', value }, remembered, from: busy, taken: new Set() });

  it('that is named and in use is refused in a sentence', async () => {
    await assert.rejects(
      choose(String(busy)),
      new RegExp(`Port ${String(busy)} \\(PORT\\) is in use by another program. Remedy`),
    );
  });

  it('that is no port is refused in a sentence', async () => {
    for (const nonsense of ['', 'x', '0', '65536', '-1', '80.5']) {
      await assert.rejects(choose(nonsense), /PORT is ".*", which is no port. Remedy/);
    }
  });

  it('is the next free one where none is named, and that of the last start where it is free', async () => {
    assert.ok((await choose(undefined)) > busy);
    assert.ok((await choose(undefined, busy)) > busy);
    await new Promise((closed) => other.close(closed));
    assert.equal(await choose(undefined, busy), busy);
  });
});
