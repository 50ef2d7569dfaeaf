import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { Origin } from '../contract/audit.ts';
import type { Pool } from '../ops/postgres.ts';
import type { Dialect, DialectName } from './dialects/dialect.ts';
import { Problem } from './problem.ts';

export type Role = 'support' | 'finance' | 'finance-approver' | 'admin';
export type Who = 'game' | 'cashier' | Role;

export interface Client {
  readonly kind: 'client';
  readonly clientId: string;
  readonly client: 'game' | 'cashier';
  readonly settlement: 'workflow' | 'direct';
  readonly signed: boolean;
  readonly hmacSecret: string | null;
  /** The dialect of an aggregator it speaks, beside the API. */
  readonly dialect: DialectName | null;
  /** PEM; what the calls of the dialect `calls` are verified with. */
  readonly publicKey: string | null;
  /** How the dialect answers a bet that comes again and was taken. */
  readonly duplicates: 'replay' | 'error';
}

export interface Person {
  readonly kind: 'person';
  readonly personId: string;
  readonly name: string;
  readonly role: Role;
}

export type Caller = Client | Person;

/** For the audit trail: who asks, from where, in which request. */
export const originOf = (caller: Caller, address: string, traceId: string): Origin => ({
  actor: caller.kind === 'client' ? `client:${caller.clientId}` : caller.personId,
  role: whoIs(caller),
  address,
  traceId,
});

export const whoIs = (caller: Caller): Who => (caller.kind === 'client' ? caller.client : caller.role);

const CACHED_FOR_MS = 10_000;
const CACHE_SIZE = 10_000;
const CLOCK_SKEW_SECONDS = 300;

/**
 * Finds who a bearer credential belongs to. Credentials are long random strings, so their SHA-256 is looked up; what
 * was found is kept for ten seconds, so that a wager stays one round trip and a revoked key dies within ten seconds.
 */
export class Authenticator {
  readonly #cache = new Map<string, { caller: Promise<Caller | undefined>; until: number }>();
  readonly #pool: Pool;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  async authenticate(headers: IncomingHttpHeaders): Promise<Caller> {
    const bearer = /^Bearer ([\x21-\x7e]{8,4096})$/i.exec(headers.authorization ?? '')?.[1];
    if (bearer === undefined) {
      throw new Problem(
        'unauthenticated',
        'Send your API key or access token as `Authorization: Bearer …`.',
        challenge,
      );
    }
    const hash = createHash('sha256').update(bearer).digest();
    const caller = await this.#known(hash.toString('base64'), () => this.#look(hash));
    if (caller === undefined)
      throw new Problem('unauthenticated', 'The API key or access token is not known.', challenge);
    return caller;
  }

  /** The client an address of a dialect names. Whether it is the one who calls, its signature tells. */
  async clientOf({ name }: Dialect, clientId: string): Promise<Client> {
    const isPossible = /^[\x21-\x7e]{1,128}$/.test(clientId);
    const key = `dialect ${name} ${clientId}`;
    const client = isPossible ? await this.#known(key, () => this.#speaker(name, clientId)) : undefined;
    if (client?.kind !== 'client') throw badSignature();
    return client;
  }

  async #known(key: string, look: () => Promise<Caller | undefined>): Promise<Caller | undefined> {
    let known = this.#cache.get(key);
    if (known === undefined || known.until <= Date.now()) {
      // The promise is kept, not what it brings: requests that come together ask the database once.
      known = { caller: look(), until: Date.now() + CACHED_FOR_MS };
      if (this.#cache.size >= CACHE_SIZE) this.#cache.clear();
      this.#cache.set(key, known);
      known.caller.then(
        (caller) => caller ?? this.#cache.delete(key),
        () => this.#cache.delete(key),
      );
    }
    return await known.caller;
  }

  async #look(hash: Buffer): Promise<Caller | undefined> {
    return (await this.#client(hash)) ?? (await this.#person(hash));
  }

  async #client(hash: Buffer): Promise<Client | undefined> {
    const { rows } = await this.#pool.query<Client>(
      `select ${ofClient} from access.clients where api_key_hash = $1`,
      [hash],
    );
    return rows[0];
  }

  async #speaker(dialect: DialectName, clientId: string): Promise<Client | undefined> {
    const { rows } = await this.#pool.query<Client>(
      `select ${ofClient} from access.clients where client_id = $1 and dialect = $2`,
      [clientId, dialect],
    );
    return rows[0];
  }

  /** People come by OIDC one day: behind this same door. */
  async #person(hash: Buffer): Promise<Person | undefined> {
    const { rows } = await this.#pool.query<Person>(
      `select 'person' as kind, person_id as "personId", name, role from access.people where token_hash = $1`,
      [hash],
    );
    return rows[0];
  }
}

const ofClient = `'client' as kind, client_id as "clientId", kind as client, settlement, signed, hmac_secret as "hmacSecret",
  dialect, public_key as "publicKey", duplicates`;

const challenge = { headers: { 'WWW-Authenticate': 'Bearer' } };

/** The same of a client that nobody knows: who may call is not told to who may not. */
const badSignature = () =>
  new Problem('unauthenticated', 'The client is not known, or the signature does not fit the raw body.');

/** Checks the signature of a dialect over the bytes as they came. */
export function verifyDialect(
  dialect: Dialect,
  client: Client,
  headers: IncomingHttpHeaders,
  rawBody: Buffer,
): void {
  if (!dialect.isSigned(client, headers, rawBody)) throw badSignature();
}

/** Checks a client's signature over the bytes as they came. Does nothing for clients who need not sign. */
export function verifySignature(
  caller: Client,
  headers: IncomingHttpHeaders,
  method: string,
  url: string,
  rawBody: Buffer,
): void {
  if (!caller.signed) return;
  const timestamp = headers['x-timestamp'];
  const signature = headers['x-signature'];
  if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp)) {
    throw new Problem('unauthenticated', 'Send the time in seconds as `X-Timestamp`.');
  }
  if (Math.abs(Date.now() / 1000 - Number(timestamp)) > CLOCK_SKEW_SECONDS) {
    throw new Problem(
      'unauthenticated',
      '`X-Timestamp` is more than 300 seconds off. Check the clock, and sign anew.',
    );
  }
  const expected = createHmac('sha256', caller.hmacSecret ?? '')
    .update(`${timestamp}.${method}.${url}.`)
    .update(rawBody)
    .digest();
  const hex = typeof signature === 'string' ? /^v1=([0-9a-f]{64})$/.exec(signature)?.[1] : undefined;
  if (hex === undefined || !timingSafeEqual(Buffer.from(hex, 'hex'), expected)) {
    throw new Problem(
      'unauthenticated',
      'The signature does not fit. Sign `<timestamp>.<METHOD>.<path with query>.<raw body>` with HMAC-SHA256, send `X-Signature: v1=<hex>`.',
    );
  }
}
