import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProvider } from '../../dev/simulator/provider.ts';

export const API_KEY = 'key-of-the-provider';
export const WEBHOOK_SECRET = 'secret-of-the-provider';

export interface Told {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly raw: string;
  readonly body: Body;
}

export type Body = Readonly<Record<string, unknown>>;

/** Plays Countroom's end: takes webhooks, and answers what `status` says. */
export class Merchant {
  readonly told: Told[] = [];
  status: () => number = () => 200;
  url = '';
  readonly #server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const raw = Buffer.concat(chunks).toString('utf8');
      this.told.push({
        path: request.url ?? '',
        headers: request.headers,
        raw,
        body: JSON.parse(raw) as Body,
      });
      response.writeHead(this.status()).end();
    });
  });

  async open(): Promise<void> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  /** The states told so far, in the order they came. */
  states(): unknown[] {
    return this.told.map(({ body }) => body['state']);
  }
}

export interface Answer {
  readonly status: number;
  readonly body: Body & { readonly items?: readonly Body[] };
}

interface Sent {
  readonly key?: string;
  readonly body?: unknown;
  readonly apiKey?: string;
  readonly signal?: AbortSignal;
}

/** Calls a provider as a merchant does. */
export class Caller {
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  async send(
    method: string,
    path: string,
    { key, body, apiKey = API_KEY, signal }: Sent = {},
  ): Promise<Answer> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${apiKey}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      ...(signal === undefined ? {} : { signal }),
    });
    return { status: response.status, body: (await response.json()) as Answer['body'] };
  }

  get(path: string): Promise<Answer> {
    return this.send('GET', path);
  }

  pay(token: string, key = 'pay-1', more: Body = {}): Promise<Answer> {
    return this.send('POST', '/payments', { key, body: { ...aPayment(token), ...more } });
  }

  payOut(account: string, key = 'out-1', more: Body = {}): Promise<Answer> {
    return this.send('POST', '/payouts', { key, body: { ...aPayout(account), ...more } });
  }

  /** Sends a request that hangs, and hangs up after `ms`. */
  async hangsUpAfter(ms: number, path: string, sent: Sent): Promise<void> {
    await assert.rejects(this.send('POST', path, { ...sent, signal: AbortSignal.timeout(ms) }), {
      name: 'TimeoutError',
    });
  }

  /** The state by which a payment or payout is known under this key; undefined if it is not known. */
  async stateOf(kind: 'payments' | 'payouts', key: string): Promise<unknown> {
    const { body } = await this.get(`/${kind}?key=${key}`);
    return body.items?.[0]?.['state'];
  }

  async books(reference?: string): Promise<readonly Body[]> {
    const { body } = await this.get(`/sim/books${reference === undefined ? '' : `?reference=${reference}`}`);
    return body.items ?? [];
  }
}

export const aPayment = (token: string) => ({
  reference: 'dep-1',
  amount: 1_250,
  currency: 'SEK',
  method: { type: 'card', token },
  returnUrl: 'https://shop.example/back',
});

export const aPayout = (account: string) => ({
  reference: 'wd-1',
  amount: 5_000,
  currency: 'SEK',
  destination: { type: 'bank', account },
});

export interface Scene {
  readonly merchant: Merchant;
  readonly provider: Caller;
  readonly dataDir: string;
  /** Closes the provider and starts it again on the same books. */
  restart(): Promise<Caller>;
  end(): Promise<void>;
}

/** A provider with empty books and a merchant that takes its webhooks. */
export async function aScene({ name = 'nordpay', timeScale = 20 } = {}): Promise<Scene> {
  const merchant = new Merchant();
  await merchant.open();
  const dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
  const start = () =>
    startProvider({
      name,
      port: 0,
      apiKey: API_KEY,
      webhookSecret: WEBHOOK_SECRET,
      dataDir,
      webhookBaseUrl: merchant.url,
      timeScale,
    });
  let running = await start();
  return {
    merchant,
    provider: new Caller(running.url),
    dataDir,
    async restart() {
      await running.close();
      running = await start();
      return new Caller(running.url);
    },
    async end() {
      await running.close();
      merchant.close();
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until `found` answers something true, at most `withinMs`. */
export async function soon(found: () => unknown, withinMs = 3_000): Promise<void> {
  for (const giveUpAt = Date.now() + withinMs; ;) {
    if ((await found()) === true) return;
    assert.ok(
      Date.now() < giveUpAt,
      `this did not come true within ${String(withinMs)} ms: ${found.toString()}`,
    );
    await sleep(10);
  }
}
