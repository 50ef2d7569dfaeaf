import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Sentence } from './sentence.ts';

/** Raised when a stack could no longer go on with the data of the one before. */
const FORMAT = 2;

const VERSION_FILE = 'version.json';
export const LOCK_FILE = 'supervisor.json';

/** Makes the folder where there is none, and sees that it can be written. */
export function makeDataFolder(folder: string): void {
  const probe = join(folder, '.writable');
  try {
    // Postgres, which as root runs as another user, has to pass through.
    mkdirSync(folder, { recursive: true, mode: 0o711 });
    writeFileSync(probe, '');
    rmSync(probe);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new Sentence(
      `The data folder ${folder} cannot be written (${code ?? String(error)}). ` +
        'Remedy: make it yours with chown, or set COUNTROOM_DATA to a folder you may write.',
    );
  }
}

/** Sees that the data is ours and of this version; `fresh` removes it and begins anew. Nobody else may be running on it. */
export function openDataFolder(folder: string, { fresh }: { fresh: boolean }): void {
  const versionFile = join(folder, VERSION_FILE);
  // COUNTROOM_DATA may name somebody's home by mistake, which --fresh must not remove, now or later.
  if (!existsSync(versionFile) && contents(folder).length > 0) {
    throw new Sentence(
      `${folder} holds files, but no data of Countroom. Remedy: set COUNTROOM_DATA to a new or empty folder.`,
    );
  }
  if (fresh) {
    for (const name of contents(folder)) rmSync(join(folder, name), { recursive: true, force: true });
    rmSync(versionFile, { force: true });
  }
  if (!existsSync(versionFile)) writeAtomically(versionFile, { format: FORMAT });
  mkdirSync(join(folder, 'logs'), { recursive: true });
  putLongLogsAside(join(folder, 'logs'));
  const format = (readJson(versionFile) as { format: number } | undefined)?.format;
  if (format === FORMAT) return;
  throw new Sentence(
    `The data in ${folder} is of another version of Countroom (format ${String(format)}, this one writes ${String(FORMAT)}). ` +
      'Remedy: `npm start -- --fresh` removes it and begins anew, or set COUNTROOM_DATA to another folder.',
  );
}

/** All but the two files that say whose folder it is: they go last, so that a removal that was cut off can be repeated. */
const contents = (folder: string) =>
  readdirSync(folder).filter((name) => name !== VERSION_FILE && name !== LOCK_FILE);

const LONG_LOG_BYTES = 32 * 1024 * 1024;

function putLongLogsAside(folder: string): void {
  for (const name of readdirSync(folder).filter((entry) => entry.endsWith('.log'))) {
    const file = join(folder, name);
    if (statSync(file).size > LONG_LOG_BYTES) renameSync(file, `${file}.old`);
  }
}

/** By rename, so that nobody reads half a file; for its owner alone, since it may hold secrets. */
export function writeAtomically(file: string, content: object): void {
  writeFileSync(`${file}.new`, `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });
  renameSync(`${file}.new`, file);
}

/** Undefined where there is no such file, or half of one. */
export function readJson(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return undefined;
  }
}
