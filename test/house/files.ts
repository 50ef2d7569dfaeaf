import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));

export const ROOMS = [
  'activities', 'api', 'bench', 'config', 'contract', 'desk', 'dev', 'ledger', 'migrations', 'money', 'ops', 'payments', 'players',
  'rounds', 'test', 'workers', 'workflows',
]; // prettier-ignore

export interface SourceFile {
  /** From the root of the repository, with slashes. */
  readonly path: string;
  readonly text: string;
}

/** Our own files below these folders that end like this. */
export function filesOf(folders: readonly string[], ending: RegExp): SourceFile[] {
  return folders
    .flatMap((folder) => list(folder))
    .filter((path) => ending.test(path))
    .map((path) => ({ path, text: readFileSync(join(root, path), 'utf8') }));
}

export const readText = (path: string): string => readFileSync(join(root, path), 'utf8');

/** Code alone: a rule about code says nothing of a comment, nor of the words in a string. */
export const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|[^:'"`])\/\/.*$/gm, '$1');

/** `ledger/post.ts:12: const x = Number(y)`, for each line a pattern is found in. */
export function linesWith(files: readonly SourceFile[], pattern: RegExp): string[] {
  return files.flatMap(({ path, text }) =>
    withoutComments(text)
      .split('\n')
      .flatMap((line, index) => (pattern.test(line) ? [`${path}:${String(index + 1)}: ${line.trim()}`] : [])),
  );
}

function list(folder: string): string[] {
  try {
    return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && !entry.parentPath.includes('node_modules'))
      .map((entry) => join(entry.parentPath, entry.name).slice(root.length).replaceAll('\\', '/'));
  } catch {
    return []; // a room that is not built yet
  }
}
