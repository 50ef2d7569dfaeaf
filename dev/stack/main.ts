import { ConfigError } from '../../config/index.ts';
import { Sentence } from './sentence.ts';
import { startStack } from './stack.ts';

const stopping = new AbortController();
const say = (line: string) => console.log(line);

async function main(): Promise<void> {
  const asked = new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        if (!stopping.signal.aborted) say('Stopping.');
        stopping.abort();
        resolve();
      });
    }
  });
  const from = Date.now();
  const dataDir = process.env['COUNTROOM_DATA'] ?? '.countroom';
  if (process.getuid?.() === 0) say('Running as root: Postgres, which refuses that, runs as another user.');
  const { stack, stop } = await startStack({
    dataDir,
    fresh: process.argv.includes('--fresh'),
    built: process.argv.includes('--built') || process.env['COUNTROOM_RUN_BUILT'] === '1',
    say,
    signal: stopping.signal,
  });
  say(`
Countroom is ready: ${stack.apiUrl}
  Temporal Web UI   ${stack.temporalUiUrl}
  API reference     ${stack.apiUrl}/docs
  Data, logs, keys  ${dataDir} (stack.json has the keys of clients and people)
  Try next          npm run demo, in another terminal
  Up in ${((Date.now() - from) / 1000).toFixed(1)} s. Ctrl-C stops everything.`);
  await asked;
  await stop();
  say('Everything is stopped.');
}

try {
  await main();
} catch (error) {
  if (!stopping.signal.aborted) {
    console.error(error instanceof Sentence || error instanceof ConfigError ? error.message : error);
    process.exitCode = 1;
  }
}
