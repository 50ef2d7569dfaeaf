import { existsSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { writeCredentials } from './credentials.ts';
import { makeDataFolder, openDataFolder, writeAtomically } from './dataFolder.ts';
import { Lock } from './lock.ts';
import {
  apiPart,
  ours,
  postgresPart,
  providersPart,
  root,
  temporalPart,
  workerPart,
  type Surroundings,
} from './parts.ts';
import { answersQueries, createDatabase, setAppPassword } from './postgres.ts';
import { secretsOf, type Secrets } from './secrets.ts';
import { Sentence } from './sentence.ts';
import { DATABASE, settingsOf, type Settings } from './settings.ts';
import { endOfLog, sizeOf, spawnPart } from './spawnPart.ts';
import { Supervisor, type Role } from './supervisor.ts';
import { prepareTemporal } from './temporalServer.ts';

export interface StackOptions {
  dataDir: string;
  /** Over that of this process. */
  env?: NodeJS.ProcessEnv;
  fresh?: boolean;
  /** Runs what `npm run build` made instead of the sources. */
  built?: boolean;
  say?: (line: string) => void;
  /** Stops the stack, also while it starts. */
  signal?: AbortSignal;
}

/** What stack.json holds. */
export interface StackFile {
  apiUrl: string;
  temporalAddress: string;
  namespace: string;
  temporalUiUrl: string;
  databaseUrl: string;
  providers: Record<'nordpay' | 'eastpay', string>;
  clients: Secrets['clients'];
  people: Secrets['people'];
  /** Temporal and Postgres are not there where the environment named real ones. */
  processes: {
    api: number[];
    workers: number[];
    temporal: number | undefined;
    postgres: number | undefined;
    providers: number | undefined;
  };
}

export interface RunningStack {
  /** What stack.json holds at this moment. */
  readonly stack: StackFile;
  stop: () => Promise<void>;
  /** SIGKILL, as in a crash; the part is started again by itself. */
  kill: (role: Role) => void;
}

/** Starts all parts and resolves when each of them works. Whatever it started, it has stopped where it throws. */
export async function startStack(options: StackOptions): Promise<RunningStack> {
  const say = options.say ?? (() => undefined);
  const dataDir = resolve(options.dataDir);
  const stackFile = join(dataDir, 'stack.json');
  makeDataFolder(dataDir);
  const lock = await Lock.take(dataDir, say);
  let publish: () => void = () => undefined;
  const supervisor = new Supervisor(lock, say, () => publish());
  const stop = async () => {
    await supervisor.stop();
    rmSync(stackFile, { force: true });
    lock.release();
  };
  options.signal?.addEventListener('abort', () => void supervisor.stop(), { once: true });
  try {
    rmSync(stackFile, { force: true });
    openDataFolder(dataDir, { fresh: options.fresh ?? false });
    const secrets = secretsOf(dataDir);
    const settings = await settingsOf({ ...process.env, ...options.env }, dataDir, secrets);
    const around: Surroundings = { dataDir, settings, secrets, built: options.built ?? false, say };
    await startParts(supervisor, around);
    const stack = () => describe(supervisor, around);
    publish = () => writeAtomically(stackFile, stack());
    publish();
    return {
      get stack() {
        return stack();
      },
      stop,
      kill: (role) => supervisor.pids(role).forEach((pid) => process.kill(pid, 'SIGKILL')),
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function startParts(supervisor: Supervisor, around: Surroundings): Promise<void> {
  const { settings, built } = around;
  if (built && !existsSync(join(root, 'dist', 'api', 'main.js'))) {
    throw new Sentence('There is nothing built to run. Remedy: `npm run build`, or start without --built.');
  }
  const { metricsPort } = settings;
  await checkRealOnes(settings);
  await Promise.all([
    // Workers may find waiting workflows at once, and those need the present schema.
    startDatabase(supervisor, around).then(() =>
      Promise.all([
        supervisor.start('workers', workerPart(around, ['rounds'], metricsPort)),
        supervisor.start('workers', workerPart(around, ['payments', 'ops'], metricsPort && metricsPort + 1)),
        supervisor.start('api', apiPart(around)),
      ]),
    ),
    settings.embeddedTemporal ? supervisor.start('temporal', temporalPart(around)) : undefined,
    supervisor.start('providers', providersPart(around)),
  ]);
}

async function startDatabase(supervisor: Supervisor, around: Surroundings): Promise<void> {
  const { settings, secrets } = around;
  if (settings.embeddedPostgres !== undefined) {
    const { serverUrl } = settings.embeddedPostgres;
    await supervisor.start('postgres', postgresPart(around, serverUrl));
    await createDatabase(serverUrl, DATABASE);
  }
  await supervisor.timed('Migrations', () => runMigrations(around));
  if (settings.embeddedPostgres !== undefined)
    await setAppPassword(settings.ownerDatabaseUrl, secrets.appPassword);
  await writeCredentials(settings.ownerDatabaseUrl, secrets);
}

/** Before anything is started: what the environment names must be there. */
async function checkRealOnes({
  embeddedPostgres,
  ownerDatabaseUrl,
  embeddedTemporal,
  temporalAddress,
  namespace,
}: Settings) {
  if (!embeddedTemporal) await prepareTemporal(temporalAddress, namespace);
  if (embeddedPostgres !== undefined) return;
  try {
    await answersQueries(ownerDatabaseUrl);
  } catch (error) {
    const { host } = new URL(ownerDatabaseUrl);
    throw new Sentence(
      `DATABASE_URL points at a Postgres at ${host}, which cannot be used: ${String(error)}. ` +
        'Remedy: start that server, correct the variable, or unset it for the embedded one.',
    );
  }
}

async function runMigrations({ dataDir, settings, built }: Surroundings): Promise<void> {
  const logFile = join(dataDir, 'logs', 'migrations.log');
  const env = { ...settings.appEnv, COUNTROOM_OWNER_DATABASE_URL: settings.ownerDatabaseUrl };
  const logFrom = sizeOf(logFile);
  const child = spawnPart(ours('migrations/main', [], env, built), logFile);
  const code = await new Promise<number | null>((done) => child.once('exit', done));
  if (code !== 0) throw new Sentence(`The migrations failed. ${endOfLog(logFile, logFrom)}`);
}

function describe(supervisor: Supervisor, { settings, secrets }: Surroundings): StackFile {
  const { apiUrl, temporalAddress, namespace, temporalUiUrl, databaseUrl, providers } = settings;
  const { clients, people } = secrets;
  const [temporal] = supervisor.pids('temporal');
  const [postgres] = supervisor.pids('postgres');
  const [simulator] = supervisor.pids('providers');
  const processes = {
    api: supervisor.pids('api'),
    workers: supervisor.pids('workers'),
    temporal,
    postgres,
    providers: simulator,
  };
  return {
    apiUrl,
    temporalAddress,
    namespace,
    temporalUiUrl,
    databaseUrl,
    providers,
    clients,
    people,
    processes,
  };
}
