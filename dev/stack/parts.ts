import { fileURLToPath } from 'node:url';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { findTemporal } from '../setup/temporal.mjs';
import type { PartSpec } from './part.ts';
import { answersQueries, preparePostgres } from './postgres.ts';
import type { Secrets } from './secrets.ts';
import { Sentence } from './sentence.ts';
import type { Settings } from './settings.ts';
import type { Command } from './spawnPart.ts';
import { answersCalls, temporalCommand } from './temporalServer.ts';

export interface Surroundings {
  dataDir: string;
  settings: Settings;
  secrets: Secrets;
  built: boolean;
  say: (line: string) => void;
}

export const root = fileURLToPath(new URL('../../', import.meta.url));

/** A TypeScript file of ours as a command: as it stands, or as `npm run build` made it. */
export function ours(path: string, args: readonly string[], env: NodeJS.ProcessEnv, built: boolean): Command {
  const program = built ? ['--enable-source-maps', `dist/${path}.js`] : ['--import', 'tsx', `${path}.ts`];
  return { file: process.execPath, args: [...program, ...args], env, cwd: root };
}

export const postgresPart = ({ dataDir, settings, secrets }: Surroundings, serverUrl: string): PartSpec => ({
  name: 'Postgres',
  logFile: join(dataDir, 'logs', 'postgres.log'),
  command: () =>
    preparePostgres({
      folder: join(dataDir, 'postgres'),
      port: settings.ports.postgres,
      password: secrets.ownerPassword,
    }),
  answers: () => answersQueries(serverUrl),
  stopSignal: 'SIGINT', // fast shutdown: open connections are cut
  stopWithinMs: 3_000,
});

export const temporalPart = ({ dataDir, settings, say }: Surroundings): PartSpec => ({
  name: 'Temporal',
  logFile: join(dataDir, 'logs', 'temporal.log'),
  command: async () =>
    temporalCommand({
      binary: await temporalBinary(say),
      databaseFile: join(dataDir, 'temporal.db'),
      port: settings.ports.temporal,
      uiPort: settings.ports.temporalUi,
      namespace: settings.namespace,
    }),
  answers: () => answersCalls(settings.temporalAddress, settings.namespace),
  stopSignal: 'SIGTERM',
  stopWithinMs: 2_500,
});

const temporalBinary = (say: (line: string) => void) =>
  findTemporal(say).catch((error: unknown) => {
    throw new Sentence((error as Error).message);
  });

export function providersPart({ dataDir, settings, secrets, built }: Surroundings): PartSpec {
  const logFile = join(dataDir, 'logs', 'providers.log');
  const provider = (name: 'nordpay' | 'eastpay') => ({
    name,
    port: settings.ports[name],
    ...secrets.providers[name],
  });
  const simulator = {
    dataDir: join(dataDir, 'providers'),
    webhookBaseUrl: settings.apiUrl,
    providers: [provider('nordpay'), provider('eastpay')],
  };
  return {
    name: 'Providers',
    logFile,
    command: () =>
      ours('dev/simulator/main', [], { ...process.env, SIMULATOR: JSON.stringify(simulator) }, built),
    answers: (logFrom) => says(logFile, logFrom, '"ready":true'),
    stopSignal: 'SIGTERM',
    stopWithinMs: 1_000,
  };
}

export function workerPart(
  { dataDir, settings, built }: Surroundings,
  queues: readonly string[],
  metricsPort: number | undefined,
): PartSpec {
  const [name = ''] = queues;
  const logFile = join(dataDir, 'logs', `worker-${name}.log`);
  const env = {
    ...settings.appEnv,
    ...(metricsPort === undefined ? {} : { COUNTROOM_METRICS_PORT: String(metricsPort) }),
  };
  return {
    name: `Worker ${name}`,
    logFile,
    command: () => ours('workers/main', queues, env, built),
    answers: (logFrom) => says(logFile, logFrom, '"msg":"worker ready"'),
    stopSignal: 'SIGTERM',
    stopWithinMs: 5_000,
  };
}

export const apiPart = ({ dataDir, settings, built }: Surroundings): PartSpec => ({
  name: 'API',
  logFile: join(dataDir, 'logs', 'api.log'),
  command: () => ours('api/main', [], settings.appEnv, built),
  answers: async () => {
    const { status } = await fetch(`${settings.apiUrl}/readyz`, { signal: AbortSignal.timeout(2_000) });
    if (status !== 200) throw new Error(`/readyz answers ${String(status)}`);
  },
  stopSignal: 'SIGTERM',
  stopWithinMs: 2_500,
});

/** What a log says since `from`; a readiness line comes early, so the first 64 KiB of a run are enough. */
async function says(file: string, from: number, words: string): Promise<void> {
  const handle = await open(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(65_536), 0, 65_536, from);
    if (!buffer.toString('utf8', 0, bytesRead).includes(words))
      throw new Error(`its log has no ${words} yet`);
  } finally {
    await handle.close();
  }
}
