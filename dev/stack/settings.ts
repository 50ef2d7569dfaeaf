import { join } from 'node:path';
import { loadConfig } from '../../config/index.ts';
import { readJson, writeAtomically } from './dataFolder.ts';
import { choosePort } from './ports.ts';
import { OWNER } from './postgres.ts';
import type { Secrets } from './secrets.ts';

type Env = NodeJS.ProcessEnv;
type Ports = Record<'api' | 'postgres' | 'temporal' | 'temporalUi' | 'nordpay' | 'eastpay', number>;

/** Where everything is, decided before anything starts. */
export interface Settings {
  ports: Ports;
  apiUrl: string;
  /** Undefined where the environment names a real one. */
  embeddedPostgres: { serverUrl: string } | undefined;
  databaseUrl: string;
  ownerDatabaseUrl: string;
  embeddedTemporal: boolean;
  temporalAddress: string;
  namespace: string;
  temporalUiUrl: string;
  /** Of the first worker process; the second has the next. */
  metricsPort: number | undefined;
  providers: Record<'nordpay' | 'eastpay', string>;
  /** What the API and the workers are given. */
  appEnv: Env;
}

export const DATABASE = 'countroom';

/** Throws where the environment does not fit, with every bad variable named. */
export async function settingsOf(env: Env, dataDir: string, secrets: Secrets): Promise<Settings> {
  const ports = await portsOf(env, dataDir);
  const local = (port: number) => `http://127.0.0.1:${String(port)}`;
  const postgres = (user: string, password: string, database: string) =>
    `postgres://${user}:${password}@127.0.0.1:${String(ports.postgres)}/${database}`;
  const databaseUrl = env['DATABASE_URL'] ?? postgres('countroom_app', secrets.appPassword, DATABASE);
  const ownerDatabaseUrl =
    env['COUNTROOM_OWNER_DATABASE_URL'] ??
    env['DATABASE_URL'] ??
    postgres(OWNER, secrets.ownerPassword, DATABASE);
  const temporalAddress = env['TEMPORAL_ADDRESS'] ?? `127.0.0.1:${String(ports.temporal)}`;
  const embeddedTemporal = env['TEMPORAL_ADDRESS'] === undefined;
  const providers = { nordpay: local(ports.nordpay), eastpay: local(ports.eastpay) };
  const appEnv: Env = {
    ...env,
    // Not for the application, and one port for several processes.
    COUNTROOM_OWNER_DATABASE_URL: undefined,
    COUNTROOM_METRICS_PORT: undefined,
    DATABASE_URL: databaseUrl,
    TEMPORAL_ADDRESS: temporalAddress,
    TEMPORAL_UI_URL: env['TEMPORAL_UI_URL'] ?? (embeddedTemporal ? local(ports.temporalUi) : undefined),
    PORT: String(ports.api),
    // Of a real provider it backs off to a day; here somebody watches.
    COUNTROOM_ASK_AT_MOST_EVERY_MS: env['COUNTROOM_ASK_AT_MOST_EVERY_MS'] ?? '30000',
    COUNTROOM_PROVIDERS: JSON.stringify([
      { name: 'nordpay', url: providers.nordpay, ...secrets.providers.nordpay },
      { name: 'eastpay', url: providers.eastpay, ...secrets.providers.eastpay },
    ]),
  };
  const { temporal, metricsPort } = loadConfig({
    ...appEnv,
    COUNTROOM_METRICS_PORT: env['COUNTROOM_METRICS_PORT'],
  });
  return {
    metricsPort,
    ports,
    apiUrl: local(ports.api),
    embeddedPostgres:
      env['DATABASE_URL'] === undefined
        ? { serverUrl: postgres(OWNER, secrets.ownerPassword, 'postgres') }
        : undefined,
    databaseUrl,
    ownerDatabaseUrl,
    embeddedTemporal,
    temporalAddress,
    temporalUiUrl: temporal.uiUrl,
    namespace: temporal.namespace,
    providers,
    appEnv,
  };
}

/** The ports of the last start where they are free, so that what a person has bookmarked stays right. */
async function portsOf(env: Env, dataDir: string): Promise<Ports> {
  const file = join(dataDir, 'ports.json');
  const last = (readJson(file) as Partial<Ports> | undefined) ?? {};
  const taken = new Set<number>();
  const choose = (name: keyof Ports, from: number, variable?: string) =>
    choosePort({
      named: variable === undefined ? undefined : { variable, value: env[variable] },
      remembered: last[name],
      from,
      taken,
    });
  const ports = {
    api: await choose('api', 8080, 'PORT'),
    temporal: await choose('temporal', 7233, 'TEMPORAL_PORT'),
    temporalUi: await choose('temporalUi', 8233, 'TEMPORAL_UI_PORT'),
    postgres: await choose('postgres', 54320, 'COUNTROOM_POSTGRES_PORT'),
    nordpay: await choose('nordpay', 9101),
    eastpay: await choose('eastpay', 9102),
  };
  writeAtomically(file, ports);
  return ports;
}
