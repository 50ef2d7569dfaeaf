import { z } from 'zod';
import { parseAccountId, type AccountName } from '../../ledger/index.ts';
import { Problem } from '../problem.ts';

/** `<kind>:<owner>:<currency>`; an owner's id alone may have 128 characters. */
export const accountId = z
  .string()
  .regex(
    /^[a-z_]{1,40}:[\x21-\x7e]{1,128}:[A-Z]{3,5}$/,
    'must be <kind>:<owner>:<currency>, such as player_cash:p-42:SEK',
  )
  .meta({ description: '`<kind>:<owner>:<currency>`', example: 'player_cash:p-42:SEK' });

export const minor = z.int().meta({ description: 'Minor units; positive is a credit' });

export const unknownAccount = (id: string) => new Problem('not_found', `There is no account ${id}.`);

export function nameOf(id: string): AccountName {
  const name = parseAccountId(id);
  if (name === undefined) throw unknownAccount(id);
  return name;
}

/** A part of a cursor that holds a whole number, within what Postgres takes for one or for a time. */
export const isWhole = (text: string | undefined): text is string =>
  text !== undefined && /^-?\d{1,18}$/.test(text);

export const CSV = '`Accept: text/csv` answers all of it as CSV, at most 100,000 rows.';
