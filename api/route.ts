import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { Knex } from 'knex';
import type { z } from 'zod';
import type { Origin } from '../contract/audit.ts';
import type { Config } from '../config/index.ts';
import type { Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';
import type { GameDesk } from '../rounds/index.ts';
import type { Caller, Who } from './auth.ts';
import type { Dialect } from './dialects/dialect.ts';
import type { TemporalGateway, Wait } from './temporal.ts';

/** What a handler may use. */
export interface Services {
  readonly pool: Pool;
  /** Gathers the wagers, plays, rollbacks and direct settlements of all callers into batches. */
  readonly games: GameDesk;
  /** For the queries of lists, with their filters. */
  readonly read: Knex;
  readonly temporal: TemporalGateway;
  readonly config: Config;
  readonly log: Log;
}

export interface Request<P, Q, B, C extends Caller = Caller> {
  readonly caller: C;
  readonly params: P;
  readonly query: Q;
  readonly body: B;
  readonly rawBody: Buffer;
  readonly upload: Readable;
  readonly headers: IncomingHttpHeaders;
  readonly wait: Wait;
  readonly idempotencyKey: string;
  readonly traceId: string;
  /** Of the caller, for the audit trail. */
  readonly origin: Origin;
  readonly services: Services;
}

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** The same id was answered before: sets `Idempotency-Replayed: true`. */
  readonly replayed?: boolean;
}

export interface Route {
  readonly method: 'get' | 'post' | 'put' | 'delete';
  /** With OpenAPI's braces: `/v1/rounds/{roundId}/wagers`. */
  readonly path: string;
  readonly tag: string;
  readonly summary: string;
  readonly description?: string;
  /** Who may call it; `anyone` needs no credentials. */
  readonly allow: readonly Who[] | 'anyone';
  readonly params?: z.ZodType;
  readonly query?: z.ZodType;
  readonly body?: z.ZodType;
  /** In bytes; 64 KiB where it does not say. */
  readonly bodyLimit?: number;
  /** The handler reads the raw body itself: a webhook. */
  readonly raw?: boolean;
  /** The body is `text/csv`, and read as `upload` while it comes: it may be longer than memory. */
  readonly csv?: boolean;
  /** It is called by the client its `{clientId}` names, who signs and is told of problems in its own manner. */
  readonly dialect?: Dialect;
  /** Requires the header `Idempotency-Key`: an operator's action. */
  readonly idempotencyKey?: boolean;
  /** It may wait for a workflow: `Prefer` is understood. */
  readonly waits?: boolean;
  readonly answers: Readonly<Record<number, z.ZodType>>;
  readonly handle: (request: Request<never, never, never, never>) => Promise<Answer>;
}

type Output<T extends z.ZodType | undefined> = T extends z.ZodType ? z.output<T> : undefined;

type CallerOf<W extends readonly Who[] | 'anyone'> = W extends readonly (infer One)[]
  ? Exclude<One, 'game' | 'cashier'> extends never
    ? Extract<Caller, { kind: 'client' }>
    : Extract<One, 'game' | 'cashier'> extends never
      ? Extract<Caller, { kind: 'person' }>
      : Caller
  : Caller;

/** Declares one call: the server routes and validates by it, and the OpenAPI document is written from it. */
export function route<
  const W extends readonly Who[] | 'anyone',
  P extends z.ZodType | undefined = undefined,
  Q extends z.ZodType | undefined = undefined,
  B extends z.ZodType | undefined = undefined,
>(
  definition: Omit<Route, 'allow' | 'params' | 'query' | 'body' | 'handle'> & {
    allow: W;
    params?: P;
    query?: Q;
    body?: B;
    handle: (request: Request<Output<P>, Output<Q>, Output<B>, CallerOf<W>>) => Promise<Answer>;
  },
): Route {
  return definition as unknown as Route;
}
