import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { must, send, type Body, type Credential } from '../../dev/demo/client.ts';
import { openDataFolder, readJson, writeAtomically } from '../../dev/stack/dataFolder.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { ownerUrl } from '../../dev/stack/postgres.ts';
import { DATABASE } from '../../dev/stack/settings.ts';
import { startStack, type RunningStack } from '../../dev/stack/stack.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';
import { build } from './build.ts';

/** A process that a drill may kill. */
export type Victim = 'rounds' | 'payments' | 'api' | 'providers' | 'temporal' | 'postgres';

export interface BookItem {
  readonly kind: 'payment' | 'payout';
  readonly key: string;
  readonly reference: string;
  readonly amount: number;
  readonly state: string;
  readonly createdAt: string;
}

/** The whole embedded stack, on data of its own, with a hand on every process of it. */
export class Stand {
  /** What each player should have, by the drills' own arithmetic. */
  readonly cash = new Map<string, number>();
  readonly owner: Pool;
  readonly #running: RunningStack;
  readonly #dataDir: string;
  readonly #story: string[];
  #lastId = 0;

  private constructor(running: RunningStack, dataDir: string, owner: Pool, story: string[]) {
    this.#running = running;
    this.#dataDir = dataDir;
    this.#story = story;
    this.owner = owner;
    process.once('exit', this.#leave);
  }

  static async start(): Promise<Stand> {
    await build();
    const dataDir = mkdtempSync(join(tmpdir(), 'countroom-drill-'));
    const [api, temporal, temporalUi, postgres, nordpay, eastpay] = await Promise.all(
      Array.from({ length: 6 }, freePort),
    );
    // As if it had had them before: another stack that starts takes none of them while its part is down.
    openDataFolder(dataDir, { fresh: false });
    writeAtomically(join(dataDir, 'ports.json'), { api, temporal, temporalUi, postgres, nordpay, eastpay });
    const story: string[] = [];
    const running = await startStack({
      dataDir,
      built: true,
      env: {
        // Sooner than by default, so that a drill takes seconds.
        COUNTROOM_PROVIDER_TIMEOUT_MS: '1500',
        COUNTROOM_ASK_FIRST_AFTER_MS: '1000',
        COUNTROOM_ASK_AT_MOST_EVERY_MS: '2000',
      },
      say: (line) => story.push(`${new Date().toISOString().slice(11, 23)} ${line}`),
    });
    const secrets = readJson(join(dataDir, 'secrets.json')) as { ownerPassword: string };
    const url = ownerUrl(postgres ?? 0, secrets.ownerPassword, DATABASE);
    // Its server is killed under it.
    const owner = createPool(url, { max: 2, onIdleError: () => undefined });
    owner.on('connect', (client) => client.on('error', () => undefined));
    return new Stand(running, dataDir, owner, story);
  }

  async stop(): Promise<void> {
    process.off('exit', this.#leave);
    await this.owner.end();
    await this.#running.stop();
    rmSync(this.#dataDir, { recursive: true, force: true });
  }

  /** A run that is told to end has no hook. */
  #leave = () =>
    (['api', 'workers', 'temporal', 'postgres', 'providers'] as const).forEach(this.#running.kill);

  /** SIGKILL. One that is just being started again is waited for: there must be something to kill. */
  async kill(victim: Victim): Promise<void> {
    for (const until = Date.now() + 30_000; ;) {
      try {
        process.kill(this.#pidOf(victim), 'SIGKILL');
        this.#story.push(`${new Date().toISOString().slice(11, 23)} the drill kills ${victim}`);
        return;
      } catch (error) {
        if (Date.now() > until) throw error;
        await sleep(20);
      }
    }
  }

  /** Whether a part that died is not back yet. */
  get isDown(): boolean {
    const said = (words: string) => this.#story.filter((line) => line.includes(words)).length;
    return said(' died (') > said(' is back after ');
  }

  /** A new id, the same for the same seed and order of drills. */
  id(what: string): string {
    this.#lastId += 1;
    return `${what}-${String(this.#lastId)}`;
  }

  /** As the game server, which signs; sends with the same id until the answer is final. */
  play(path: string, body: object): Promise<Body> {
    const { apiKey, hmacSecret } = this.#running.stack.clients.game;
    return this.#must({ bearer: apiKey, hmacSecret }, 'POST', path, body);
  }

  cashier(method: string, path: string, body?: object): Promise<Body> {
    return this.#must({ bearer: this.#running.stack.clients.cashier.apiKey }, method, path, body);
  }

  /** As a person, whatever comes of it; each press has a key of its own. */
  async press(
    who: 'finance' | 'finance2' | 'approver' | 'admin',
    path: string,
    body: object,
  ): Promise<number> {
    const bearer = this.#running.stack.people[who];
    const key = { 'idempotency-key': this.id('press') };
    return (await send(this.#running.stack, { bearer }, 'POST', path, { reason: 'a drill', ...body }, key))
      .status;
  }

  /** To the controls of every provider; one that is down just now does not hear it. */
  async tellProviders(path: string, body?: object): Promise<void> {
    for (const url of Object.values(this.#running.stack.providers))
      await fetch(`${url}/sim/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }).catch(() => undefined);
  }

  /** Matches today's settlement file of each provider; answers what did not match. */
  async differences(): Promise<unknown[]> {
    const bearer = this.#running.stack.people.finance;
    const day = new Date().toISOString().slice(0, 10);
    const to = new Date(Date.parse(day) + 86_400_000).toISOString();
    const found: unknown[] = [];
    for (const [provider, url] of Object.entries(this.#running.stack.providers)) {
      const file = await (await fetch(`${url}/settlement-file`)).text();
      const query = `provider=${provider}&from=${day}T00:00:00Z&to=${to}`;
      const response = await fetch(`${this.#running.stack.apiUrl}/v1/reconciliations?${query}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${bearer}`, 'content-type': 'text/csv' },
        body: file,
      });
      const { reconciliationId } = (await response.json()) as { reconciliationId: string };
      const report = await this.until(`the report of ${provider}`, async () => {
        const path = `/v1/reconciliations/${reconciliationId}?limit=200`;
        const body = await must(this.#running.stack, { bearer }, 'GET', path);
        return body.status === 'done' ? (body as { items?: unknown[] }) : undefined;
      });
      found.push(...(report.items ?? []));
    }
    return found;
  }

  /** Asks once more for what is known to be final; the status says whether it was a replay. */
  again(path: string, body: object) {
    const { apiKey, hmacSecret } = this.#running.stack.clients.game;
    return send(this.#running.stack, { bearer: apiKey, hmacSecret }, 'POST', path, body);
  }

  #must = (...[who, ...call]: [Credential, string, string, object?, Record<string, string>?]) =>
    must(this.#running.stack, who, ...call);

  async player(): Promise<string> {
    const playerId = this.id('player');
    this.cash.set(playerId, 0);
    await this.cashier('PUT', `/v1/players/${playerId}`, { currencies: ['SEK'], jurisdiction: 'MT' });
    return playerId;
  }

  /** A player with money that came without any saga. */
  async richPlayer(amount: number): Promise<string> {
    const playerId = await this.player();
    const award = { awardId: this.id('award'), kind: 'promo', amount, currency: 'SEK' };
    await this.play(`/v1/players/${playerId}/awards`, award);
    this.moved(playerId, amount);
    return playerId;
  }

  moved(playerId: string, by: number): void {
    this.cash.set(playerId, (this.cash.get(playerId) ?? 0) + by);
  }

  /** All that the providers know of, or of one deposit or withdrawal. A provider that is down is waited for. */
  async books(reference?: string): Promise<(BookItem & { provider: string })[]> {
    const query = reference === undefined ? '' : `?reference=${encodeURIComponent(reference)}`;
    const lists = Object.entries(this.#running.stack.providers).map(([provider, url]) =>
      this.until(`the answer of ${provider}`, async () => {
        const { items } = (await (await fetch(`${url}/sim/books${query}`)).json()) as { items: BookItem[] };
        return items.map((item) => ({ ...item, provider }));
      }),
    );
    return (await Promise.all(lists)).flat();
  }

  async rows<Row extends object>(sql: string, values: unknown[] = []): Promise<Row[]> {
    return (await this.owner.query<Row>(sql, values)).rows;
  }

  /** Tries until it is so; where it does not come to be, says what was the case, and what happened to the stack. */
  async until<T>(what: string, look: () => Promise<T | undefined>, withinMs = 90_000): Promise<T> {
    let last = '';
    for (const end = Date.now() + withinMs; ;) {
      const seen = await look().catch((error: unknown) => void (last = String(error)));
      if (seen !== undefined) return seen;
      if (Date.now() > end) {
        const why = last === '' ? '' : ` (${last})`;
        assert.fail(`${what} did not come to be${why}; the stack:\n${this.#story.slice(-20).join('\n')}`);
      }
      await sleep(100);
    }
  }

  /** Workflows that fit a query of the Temporal Web UI. */
  async workflows(query: string): Promise<string[]> {
    const connection = await Connection.connect({ address: this.#running.stack.temporalAddress });
    try {
      const client = new Client({ connection, namespace: this.#running.stack.namespace });
      const found: string[] = [];
      for await (const { workflowId } of client.workflow.list({ query })) found.push(workflowId);
      return found;
    } finally {
      await connection.close();
    }
  }

  #pidOf(victim: Victim): number {
    const { api, workers, temporal, postgres, providers } = this.#running.stack.processes;
    const [rounds, payments] = workers;
    const pid = { api: api[0], rounds, payments, temporal, postgres, providers }[victim];
    // -1 and 0 would be groups of processes.
    assert.ok(pid !== undefined && pid > 1, `there is no ${victim} to kill`);
    return pid;
  }
}
