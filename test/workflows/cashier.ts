import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import {
  createBulkActivities,
  createPaymentsActivities,
  type BulkActivities,
  type PaymentsActivities,
} from '../../activities/index.ts';
import type { Config } from '../../config/index.ts';
import type { Log } from '../../ops/log.ts';
import { award, register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import type { TestDatabase } from '../support/postgres.ts';

export type Step = keyof PaymentsActivities | keyof BulkActivities;
/** What a test does around a step of one payment; `run` is the step itself. */
type Meddle = (step: Step, attempt: number, run: () => Promise<unknown>) => Promise<unknown>;
type Person = 'finance' | 'finance2' | 'approver' | 'admin';

type Pressed = Record<string, unknown> & { key?: string };

export const PROVIDERS = ['nordpay', 'eastpay'] as const;
export const keyOf = (who: string) => `the-key-of-${who}`;

export interface Reply {
  status: number;
  replayed: boolean;
  body: Record<string, unknown> & {
    status?: string;
    allowedActions?: string[];
    attempts?: { status: string; provider: string }[];
    code?: string;
  };
}

/** The cashier's desk: the real API, sagas, providers and books, with a worker whose steps a test may meddle with. */
export class Cashier {
  readonly db: TestDatabase;
  readonly env: TestWorkflowEnvironment;
  readonly url: string;
  /** Their addresses, by name. */
  readonly providers: Record<string, string>;
  readonly #meddling = new Map<string, Meddle>();
  readonly #attempts = new Map<string, number>();
  readonly #closers: (() => Promise<unknown>)[] = [];

  constructor(
    db: TestDatabase,
    env: TestWorkflowEnvironment,
    url: string,
    providers: Record<string, string>,
  ) {
    this.db = db;
    this.env = env;
    this.url = url;
    this.providers = providers;
  }

  onClose(close: () => Promise<unknown>): void {
    this.#closers.unshift(close);
  }

  /** Everything stops; what still waits is ended, so that no later suite picks it up. The books must hold. */
  async close(): Promise<void> {
    for await (const { workflowId } of this.env.client.workflow.list({
      query: `TaskQueue = 'payments' and ExecutionStatus = 'Running'`,
    })) {
      await this.env.client.workflow
        .getHandle(workflowId)
        .terminate()
        .catch(() => undefined);
    }
    for (const one of this.#closers) await one();
    await checkInvariants(this.db.owner);
    await this.db.drop();
  }

  activities(config: Config, log: Log): object {
    const { pool } = this.db;
    const real = {
      ...createPaymentsActivities({ pool, config: config.payments, log }),
      ...createBulkActivities({ pool, config: config.payments }),
    };
    return Object.fromEntries(
      Object.entries(real).map(([name, step]) => [
        name,
        (...args: unknown[]) =>
          this.#perform(name as Step, args, () => (step as (...all: unknown[]) => Promise<unknown>)(...args)),
      ]),
    );
  }

  /** The payment's id is in the first argument of every step, alone or as a member. */
  async #perform(step: Step, [first]: unknown[], run: () => Promise<unknown>): Promise<unknown> {
    const input = first as string | { depositId?: string; withdrawalId?: string };
    const id = typeof input === 'string' ? input : (input.withdrawalId ?? input.depositId ?? '');
    const key = `${id} ${step}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    const meddle = this.#meddling.get(id) ?? this.#meddling.get(step);
    return await (meddle === undefined ? run() : meddle(step, attempt, run));
  }

  /** Around the steps of one payment by its id, or around every step of a name. */
  meddle(idOrStep: string, meddle: Meddle): void {
    this.#meddling.set(idOrStep, meddle);
  }

  async player({
    cash = 0,
    jurisdiction = 'MT',
  }: { cash?: number; jurisdiction?: 'MT' | 'GB' | 'NJ' } = {}): Promise<string> {
    const playerId = fresh('p');
    await register(this.db.pool, { playerId, jurisdiction, currencies: ['SEK'] });
    if (cash > 0) {
      const gift = { clientId: 'game', awardId: fresh('a'), playerId, currency: 'SEK', amount: BigInt(cash) };
      await award(this.db.pool, { ...gift, request: {}, objection: null });
    }
    return playerId;
  }

  async call(
    method: string,
    path: string,
    {
      as = 'cashier',
      body,
      headers = {},
    }: { as?: string; body?: unknown; headers?: Record<string, string> } = {},
  ): Promise<Reply> {
    const response = await fetch(this.url + path, {
      method,
      headers: {
        authorization: `Bearer ${keyOf(as)}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      replayed: response.headers.get('idempotency-replayed') === 'true',
      body: (await response.json()) as Reply['body'],
    };
  }

  deposit(
    playerId: string,
    token: string,
    more: { depositId?: string; amount?: number; expiresIn?: number } = {},
  ): Promise<Reply> {
    const { depositId = fresh('d'), amount = 10_000, ...rest } = more;
    const method = { type: 'card', token };
    return this.call('POST', '/v1/deposits', {
      body: {
        depositId,
        playerId,
        amount,
        currency: 'SEK',
        method,
        returnUrl: 'https://casino.example',
        ...rest,
      },
    });
  }

  withdraw(
    playerId: string,
    account: string,
    more: { withdrawalId?: string; amount?: number } = {},
  ): Promise<Reply> {
    const { withdrawalId = fresh('wd'), amount = 10_000 } = more;
    return this.call('POST', '/v1/withdrawals', {
      body: { withdrawalId, playerId, amount, currency: 'SEK', destination: { type: 'bank', account } },
    });
  }

  act(id: string, action: string, as: Person | 'cashier', more: Pressed = {}): Promise<Reply> {
    return this.#press(`/v1/withdrawals/${id}/${action}`, as, more);
  }

  actOnDeposit(id: string, action: string, more: Pressed = {}): Promise<Reply> {
    return this.#press(`/v1/deposits/${id}/${action}`, 'finance', more);
  }

  #press(path: string, as: string, { key = fresh('key'), ...more }: Pressed): Promise<Reply> {
    const headers = { 'idempotency-key': key };
    return this.call('POST', path, { as, body: { reason: 'a test', ...more }, headers });
  }

  /** Reads a deposit or withdrawal until it has one of the states. */
  async until(kind: 'deposits' | 'withdrawals', id: string, ...states: string[]): Promise<Reply['body']> {
    const deadline = Date.now() + 25_000;
    for (;;) {
      const { body } = await this.call('GET', `/v1/${kind}/${id}`, { as: 'finance' });
      if (states.includes(body.status ?? '')) return body;
      assert.ok(
        Date.now() < deadline,
        `${id} is ${String(body.status)} (${String(body['reason'])}), not ${states.join(' or ')}`,
      );
      await sleep(40);
    }
  }

  async cash(playerId: string): Promise<{ cash: number; pendingWithdrawals: number; owed: number }> {
    const { body } = await this.call('GET', `/v1/players/${playerId}/balance`, { as: 'finance' });
    const [{ cash, pendingWithdrawals, owed }] = body['balances'] as [
      { cash: number; pendingWithdrawals: number; owed: number },
    ];
    return { cash, pendingWithdrawals, owed };
  }

  /** What both providers have in their books for one payment of ours. */
  async theirBooks(
    reference: string,
  ): Promise<{ provider: string; state: string; amount: number; key: string }[]> {
    const items = await Promise.all(
      PROVIDERS.map(async (provider) => {
        const response = await fetch(`${String(this.providers[provider])}/sim/books?reference=${reference}`);
        const { items } = (await response.json()) as {
          items: { state: string; amount: number; key: string }[];
        };
        return items.map(({ state, amount, key }) => ({ provider, state, amount, key }));
      }),
    );
    return items.flat();
  }

  /** Both providers answer 503, or slowly, for a while. */
  async breakProviders(mode: 'down' | 'slow', forMs: number): Promise<void> {
    for (const provider of PROVIDERS) {
      const body = JSON.stringify({ mode, forMs });
      await fetch(`${String(this.providers[provider])}/sim/faults`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
    }
  }

  async historyLength(workflowId: string): Promise<number> {
    const handle = this.env.client.workflow.getHandle(workflowId);
    await handle.result();
    return (await handle.fetchHistory()).events?.length ?? 0;
  }
}

let made = 0;
export const fresh = (kind: string) => `${kind}-${process.pid.toString(36)}-${String((made += 1))}`;
