import { isUtf8 } from 'node:buffer';
import { Problem, type FieldError } from './problem.ts';

/** A number JSON.parse may round: with a fraction, an exponent, or 16 digits and more. */
const MAY_ROUND = /[[:,\s]-?(?:\d+[.eE]|\d{16})/;
/** The end of a member's name. A string may hold the same characters: then we look closer for nothing. */
const NAME_END = /"\s*:/g;
const TOKENS = /"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],]|-?\d[\d.eE+-]*/g;
const DEEPEST = 32;
const MOST_ERRORS = 20;

/**
 * Parses a body. JSON.parse takes 9007199254740991.4 and 0.99999999999999999999 for whole numbers, and of two members
 * with one name the last; money must not be rounded into shape, nor be a matter of which one was meant. So both are
 * refused. Two cheap searches spare ordinary bodies the closer look.
 */
export function parseJson(rawBody: Buffer): unknown {
  const text = rawBody.toString('utf8');
  const value = parse(isUtf8(rawBody) ? text : undefined);
  if (!MAY_ROUND.test(text) && (text.match(NAME_END)?.length ?? 0) === countMembers(value)) return value;
  const errors = lookCloser(text);
  if (errors.length === 0) return value;
  throw new Problem('invalid_request', 'The body does not fit; `errors` names each bad field.', { errors });
}

function parse(text: string | undefined): unknown {
  if (text === undefined)
    throw new Problem('invalid_request', 'The body is not UTF-8.', {
      errors: [{ pointer: '', detail: 'must be UTF-8' }],
    });
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Problem('invalid_request', 'The body is not valid JSON.', {
      errors: [{ pointer: '', detail: error instanceof Error ? error.message : 'not JSON' }],
    });
  }
}

/** By a list of its own, not by recursion: 64 KiB of brackets would overflow the stack. */
function countMembers(value: unknown): number {
  let count = 0;
  const left = [value];
  while (left.length > 0) {
    const next = left.pop();
    if (typeof next !== 'object' || next === null) continue;
    const parts: unknown[] = Object.values(next);
    if (!Array.isArray(next)) count += parts.length;
    for (const part of parts) if (typeof part === 'object') left.push(part);
  }
  return count;
}

/** An object or array we are inside of: where in it, and for an object the names so far. */
interface Container {
  at: string | number;
  readonly names?: Set<string>;
  nameIsNext: boolean;
}

/** Walks through valid JSON literal by literal, and names every number that is not exact and every name that came twice. */
function lookCloser(text: string): FieldError[] {
  const errors: FieldError[] = [];
  const inside: Container[] = [];
  const complain = (detail: string) =>
    errors.push({ pointer: inside.map(({ at }) => `/${escapePointer(at)}`).join(''), detail });
  for (const [token] of text.matchAll(TOKENS)) {
    const here = inside.at(-1);
    if (token === '{') inside.push({ at: '', names: new Set(), nameIsNext: true });
    else if (token === '[') inside.push({ at: 0, nameIsNext: false });
    else if (token === '}' || token === ']') inside.pop();
    else if (token === ',' && here !== undefined) {
      if (typeof here.at === 'number') here.at += 1;
      else here.nameIsNext = true;
    } else if (token.startsWith('"')) {
      if (here?.names === undefined || !here.nameIsNext) continue;
      here.at = JSON.parse(token) as string;
      here.nameIsNext = false;
      if (here.names.has(here.at)) complain('is there twice; send it once');
      here.names.add(here.at);
    } else if (!isExact(token)) complain(`must be a whole number within 2^53-1, not ${token.slice(0, 40)}`);
    if (inside.length > DEEPEST) complain(`is nested deeper than ${String(DEEPEST)} levels`);
    if (errors.length >= MOST_ERRORS || inside.length > DEEPEST) break;
  }
  return errors;
}

export const escapePointer = (part: PropertyKey) => String(part).replaceAll('~', '~0').replaceAll('/', '~1');

/** Whether a literal is, digit by digit, a whole number that a double holds: 1e3 and 10.0 are, 10.5 is not. */
function isExact(token: string): boolean {
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/.exec(token) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = digits.replace(/0+$/, '');
  if (significant === '') return true;
  const shift = Number(exponent) - fraction.length + (digits.length - significant.length);
  if (significant.length > 16 || shift < 0 || shift > 15) return false;
  const value = BigInt(sign + significant) * 10n ** BigInt(shift);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) && value >= BigInt(Number.MIN_SAFE_INTEGER);
}
