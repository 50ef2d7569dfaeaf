import type { IncomingHttpHeaders } from 'node:http';
import type { Client } from '../auth.ts';
import type { Problem } from '../problem.ts';
import type { Answer } from '../route.ts';

export type DialectName = 'actions' | 'calls';

/** The manners of an aggregator, where they are not ours: how its calls are signed, and how it is told of a problem. */
export interface Dialect {
  readonly name: DialectName;
  /** The header that carries the signature of the raw body, and what is in it. */
  readonly signature: { readonly header: string; readonly description: string };
  /** Whether these bytes are the client's own. */
  readonly isSigned: (client: Client, headers: IncomingHttpHeaders, rawBody: Buffer) => boolean;
  readonly tell: (problem: Problem) => Answer;
}

/** A header that came once. */
export const headerOf = (headers: IncomingHttpHeaders, name: string): string => {
  const value = headers[name.toLowerCase()];
  return typeof value === 'string' ? value : '';
};
