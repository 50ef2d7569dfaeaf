import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import Stripe from 'stripe';
import { freePort } from '../../dev/stack/ports.ts';

export const SECRET = 'whsec_of_the_test';
type Thing = Record<string, unknown> & { id: string; amount: number };
interface Call {
  readonly path: string;
  readonly id: string;
  readonly action: string;
  readonly params: URLSearchParams;
  readonly key: string;
}
class Refused extends Error {}

/**
 * Stripe, as far as a test has it: every request is judged by the real stripe-mock, which knows Stripe's OpenAPI document
 * and answers the shape of each object, but remembers nothing. What is remembered stands here, in front of it.
 */
export class AStripe {
  readonly told: { raw: string; headers: Record<string, string> }[] = [];
  /** What stripe-mock refused: a request that Stripe would not understand. */
  readonly misunderstood: string[] = [];
  mode: 'ok' | 'down' | 'slow' = 'ok';
  url = '';
  readonly #byKey = new Map<string, Thing>();
  readonly #things = new Map<string, Thing>();
  readonly #hanging = new Set<ServerResponse>();
  readonly #server = createServer((request, response) => void this.#answer(request, response));
  #mock: { url: string; stop: () => void } | undefined;

  async open(path: string): Promise<this> {
    const port = await freePort();
    const child = spawn(path, ['-http-port', String(port)], { stdio: 'ignore' });
    this.#mock = { url: `http://127.0.0.1:${String(port)}`, stop: () => child.kill('SIGKILL') };
    while (
      !(await fetch(this.#mock.url).then(
        () => true,
        () => false,
      ))
    )
      await sleep(20);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    this.url = `http://127.0.0.1:${String((this.#server.address() as AddressInfo).port)}`;
    return this;
  }

  close(): Promise<void> {
    this.#mock?.stop();
    this.#server.close();
    this.#server.closeAllConnections();
    return Promise.resolve();
  }

  sign(payload: string, timestamp: number): Record<string, string> {
    const header = Stripe.webhooks.generateTestHeaderString({ payload, secret: SECRET, timestamp });
    return { 'stripe-signature': header };
  }

  tell(type: string, object: object): void {
    const id = `evt_${String(this.told.length)}`;
    const raw = JSON.stringify({ id, object: 'event', type, data: { object } });
    this.told.push({ raw, headers: this.sign(raw, Math.floor(Date.now() / 1_000)) });
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const say = (status: number, thing: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(thing));
    if (this.mode === 'down') return void say(503, { error: { type: 'api_error' } });
    if (this.mode === 'slow') return void this.#hanging.add(response);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    const judged = await this.#judge(request, body);
    if (judged.status >= 400) {
      this.misunderstood.push(`${String(request.method)} ${String(request.url)} ${body}: ${judged.text}`);
      return void say(judged.status, JSON.parse(judged.text));
    }
    const [, , kind = '', id = '', action = ''] = pathname.split('/');
    const posted = request.method === 'POST';
    const params = posted ? new URLSearchParams(body) : searchParams;
    const call = { path: kind, id, action, params, key: String(request.headers['idempotency-key'] ?? '') };
    try {
      const found = posted ? this.#post(call, JSON.parse(judged.text) as Thing) : this.#get(call);
      if (found === undefined) this.#hanging.add(response);
      else say(200, found);
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      say(400, { error: { type: 'invalid_request_error', ...(JSON.parse(error.message) as object) } });
    }
  }

  async #judge({ method = '', url = '', headers }: IncomingMessage, body: string) {
    const { authorization = '', 'content-type': type = 'application/x-www-form-urlencoded' } = headers;
    const answer = await fetch(`${String(this.#mock?.url)}${url}`, {
      method,
      headers: { authorization, 'content-type': type },
      ...(method === 'POST' ? { body } : {}),
    });
    return { status: answer.status, text: await answer.text() };
  }

  /** Undefined: it hangs. */
  #post({ path, id, action, params, key }: Call, shape: Thing): Thing | undefined {
    if (action === 'cancel') return Object.assign(this.#things.get(id) ?? shape, { status: 'canceled' });
    const known = this.#byKey.get(key);
    if (known !== undefined) return known;
    const metadata = Object.fromEntries(
      [...params].flatMap(([name, value]) => {
        const [, member] = /^metadata\[(\w+)\]$/.exec(name) ?? [];
        return member === undefined ? [] : [[member, value]];
      }),
    );
    const [amount, currency] = [Number(params.get('amount')), params.get('currency')];
    const made: Thing = { ...shape, id: `${path}_${String(this.#things.size)}`, amount, currency, metadata };
    if (path === 'payment_intents') this.#pay(made, params.get('payment_method') ?? '');
    if (path === 'refunds') this.#refund(made, params.get('payment_intent') ?? '');
    if (path === 'transfers' && !this.#transfer(made, params)) return undefined;
    this.#things.set(made.id, made);
    this.#byKey.set(key, made);
    return params.get('destination') === 'SIM-TIMEOUT-TAKEN' ? undefined : made;
  }

  #pay(intent: Thing, token: string): void {
    const redirect = { redirect_to_url: { url: 'https://hooks.stripe.example/3ds' } };
    Object.assign(intent, {
      status: token === 'sim_captured' ? 'processing' : 'requires_action',
      amount_received: 0,
      last_payment_error: null,
      next_action: token === 'sim_captured' ? null : redirect,
      latest_charge: { id: 'ch_1', object: 'charge', refunded: false },
    });
    if (token !== 'sim_captured') return;
    setTimeout(() => {
      Object.assign(intent, { status: 'succeeded', amount_received: intent.amount });
      this.tell('payment_intent.succeeded', intent);
    }, 100);
  }

  #refund(refund: Thing, intentId: string): void {
    const intent = this.#things.get(intentId);
    const left = Number(intent?.['amount_received']) - this.#refunded(intentId);
    if (left === 0) throw new Refused(JSON.stringify({ code: 'charge_already_refunded' }));
    if (refund.amount > left) throw new Refused(JSON.stringify({ param: 'amount' }));
    Object.assign(refund, { status: 'succeeded', payment_intent: intentId, failure_reason: null });
    if (refund.amount === left) Object.assign(intent?.['latest_charge'] as object, { refunded: true });
  }

  #refunded = (intentId: string) =>
    this.#of('payment_intent', intentId).reduce((sum, { amount }) => sum + amount, 0);

  #of = (member: string, value: string) =>
    [...this.#things.values()].filter((thing) => thing[member] === value);

  #transfer(transfer: Thing, params: URLSearchParams): boolean {
    const destination = params.get('destination');
    if (destination === 'SIM-REFUSED') throw new Refused(JSON.stringify({ code: 'account_closed' }));
    if (destination === 'SIM-TIMEOUT-LOST') return false;
    Object.assign(transfer, {
      transfer_group: params.get('transfer_group'),
      reversed: false,
      amount_reversed: 0,
    });
    this.tell('transfer.created', transfer);
    return true;
  }

  #get({ path, id, params }: Call): object {
    if (path === 'transfers')
      return list('list', this.#of('transfer_group', params.get('transfer_group') ?? ''));
    if (path === 'refunds')
      return list('list', this.#of('payment_intent', params.get('payment_intent') ?? ''));
    if (id !== 'search') return this.#things.get(id) ?? {};
    const [, member = '', value] = /^metadata\['(\w+)'\]:'(.*)'$/.exec(params.get('query') ?? '') ?? [];
    const found = [...this.#things.values()].filter(
      (thing) => (thing['metadata'] as Record<string, unknown>)[member] === value,
    );
    return list('search_result', found);
  }
}

const list = (object: string, data: readonly Thing[]) => ({ object, data, has_more: false, url: '/v1' });
