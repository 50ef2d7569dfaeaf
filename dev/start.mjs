// `npm start`, `npm run demo` and `npm test`: does what is missing, then hands over. Plain Node, no dependency.
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { findTemporal, findTestServer } from './setup/temporal.mjs';

const HELP = `Countroom, the transaction core of a gaming operator.

  npm start                 Postgres, Temporal, two payment providers, workers and API, until Ctrl-C
  npm start -- --fresh      the same on new data: what the data folder holds is removed
  npm start -- --built      runs what \`npm run build\` made instead of the sources
  npm run demo              plays the whole story against the running stack, or one it starts
  npm test                  runs every test; \`npm test -- test/ledger\` some of them
  npm run verify            recomputes the ledger and reports what drifts

Environment: PORT, TEMPORAL_PORT, TEMPORAL_UI_PORT; COUNTROOM_DATA (the data folder, .countroom); DATABASE_URL and
TEMPORAL_ADDRESS (real ones instead of the embedded); TEMPORAL_CLI_PATH; COUNTROOM_CACHE. All: docs/configuration.md`;

const MODES = {
  start: { options: ['--fresh', '--built'], run: () => import('./stack/main.ts') },
  demo: { options: [], run: () => import('./demo/main.ts') },
};

const say = (line) => console.log(line);

async function main([first, ...rest]) {
  const [mode, args] =
    first === 'test' || first === 'demo' ? [first, rest] : ['start', [first, ...rest].filter(Boolean)];
  if (mode !== 'test' && args.some((arg) => arg === '--help' || arg === '-h')) return say(HELP);
  const unknown = mode === 'test' ? undefined : args.find((arg) => !MODES[mode].options.includes(arg));
  if (unknown !== undefined) throw new Error(`${unknown} is no option of this command.\n\n${HELP}`);
  checkNode();
  process.chdir(dirname(dirname(fileURLToPath(import.meta.url))));
  installPackages();
  if (mode === 'test') return await test(args);
  // In this process, not in a child: no signal to pass on, and nothing left behind should this one be killed.
  const { register } = await import('tsx/esm/api');
  register();
  await MODES[mode].run();
}

function checkNode() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 11)) return;
  throw new Error(
    `Countroom needs Node 20.11 or newer; this is ${process.versions.node}. Remedy: \`nvm install 20\`, or nodejs.org.`,
  );
}

/** npm leaves node_modules/.package-lock.json behind: older than ours, or none, means there is something to install. */
function installPackages() {
  const installed = join('node_modules', '.package-lock.json');
  const there = existsSync(installed);
  if (there && statSync(installed).mtimeMs >= statSync('package-lock.json').mtimeMs) return;
  say(
    there
      ? 'package-lock.json has changed: running npm ci'
      : 'The npm packages are missing: running npm ci (half a minute)',
  );
  const npm = spawnSync('npm', ['ci', '--no-audit', '--no-fund'], { stdio: 'inherit' });
  if (npm.error)
    throw new Error(`npm could not be run (${npm.error.code}). Remedy: install npm, which comes with Node.`);
  if (npm.status !== 0)
    throw new Error(
      'npm ci failed; its own words are above. Remedy: check the network, or run `npm ci` by hand.',
    );
}

/** Mocha as a child, since it wants to be started with tsx. */
async function test(args) {
  const env = {
    ...process.env,
    TEMPORAL_CLI_PATH: await findTemporal(say),
    TEMPORAL_TEST_SERVER_PATH: await findTestServer(say),
  };
  const mocha = spawn(process.execPath, [join('node_modules', 'mocha', 'bin', 'mocha.js'), ...args], {
    env,
    stdio: 'inherit',
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => mocha.kill(signal));
  mocha.on('exit', (code) => (process.exitCode = code ?? 1));
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
}
