import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Head } from '../chain.ts';
import { CHECKS } from './checks.ts';
import { START, type Place } from './findDrift.ts';

export const HELP = `Recomputes the ledger and reports every row that drifts. It repairs nothing, and postings may go on meanwhile.

  npm run verify                    one line per drifting row, with a progress bar on a terminal; exit code 1 if there is any
  npm run verify -- --json          the same as one JSON object: {"holds", "checks", "counts", "head", "drift", "stoppedAt"}
  npm run verify -- --head N:HASH   compares also the chain with the head that was noted: it was cut off or written anew else
  npm run verify -- --from PLACE    goes on where a verification was stopped: Ctrl-C says the place (exit code 130)

It reads DATABASE_URL, or, where that is not set, asks the running stack (stack.json in the data folder: .countroom, or
what COUNTROOM_DATA names). Exit code 2: it could not look.

It checks:
${CHECKS.map(({ name }) => `  ${name}`).join('\n')}
  and each block of the chain: docs/ledger.md`;

/** Said as it is, without a stack: the person who runs this can do something about it. */
export class Sentence extends Error {}

export interface Options {
  readonly help: boolean;
  readonly json: boolean;
  readonly head: Head | undefined;
  readonly from: Place;
}

export function readOptions(args: readonly string[]): Options {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  try {
    const { values } = parseArgs({
      args: [...args],
      options: { json: flag, help: { ...flag, short: 'h' }, head: text, from: text },
    });
    const { json = false, help = false, head, from } = values;
    return {
      help,
      json,
      head: head === undefined ? undefined : readHead(head),
      from: from === undefined ? START : readPlace(from),
    };
  } catch (error) {
    throw error instanceof Sentence ? error : new Sentence(`${(error as Error).message}\n\n${HELP}`);
  }
}

function readHead(text: string): Head {
  const [, number, hash] = /^([1-9]\d{0,18}):([0-9a-f]{64})$/.exec(text) ?? [];
  if (number === undefined || hash === undefined)
    throw new Sentence(`--head is a number and 64 hexadecimal digits, such as 12:9f86d0..., not ${text}`);
  return { number: BigInt(number), hash };
}

/** What the place of each pass looks like. */
const PLACES: Record<Place['pass'], RegExp> = {
  accounts: /^-?\d{1,19}$/,
  transfers: /^(-infinity|\d{4,6}-\d\d-\d\dT[\d:.]+[+-][\d:]+)$/,
  outcomes: /^[0-9a-f-]{36}$/,
  chain: /^\d{1,19}$/,
  whole: /^$/,
  done: /^$/,
};

export const placeText = ({ pass, from }: Place) => `${pass}:${from}`;

function readPlace(text: string): Place {
  const [, pass, from = ''] = /^(\w+):(.*)$/s.exec(text) ?? [];
  const known = Object.keys(PLACES).find((name): name is Place['pass'] => name === pass);
  if (known === undefined || !PLACES[known].test(from))
    throw new Sentence(`--from is a place that a verification has said, such as chain:12, not ${text}`);
  return { pass: known, from };
}

export function databaseUrl(env: NodeJS.ProcessEnv): string {
  if (env['DATABASE_URL']) return env['DATABASE_URL'];
  const file = join(env['COUNTROOM_DATA'] ?? '.countroom', 'stack.json');
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { databaseUrl: string }).databaseUrl;
  } catch {
    throw new Sentence(
      `There is no ledger to verify: DATABASE_URL is not set, and no stack runs (no ${file}). Remedy: set it, or \`npm start\`.`,
    );
  }
}
