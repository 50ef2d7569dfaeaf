import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { Readable } from 'node:stream';
import { z } from 'zod';
import type { ProviderAnswer, ProviderNews } from '../../contract/payments.ts';
import type {
  Asked,
  PaymentProvider,
  PaymentRequest,
  PayoutRequest,
  RefundRequest,
  WebhookEvent,
} from '../provider.ts';

export interface SimulatorOptions {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
}

/** It says no to the call, not to the payment: our key, our address, our form, or a key of ours with other content. */
const OUR_FAULT = [400, 401, 403, 409];
const WEBHOOK_TOLERANCE_SECONDS = 300;

/** What Postgres can keep as text. */
const text = z
  .string()
  .max(500)
  .refine((value) => value.isWellFormed() && !value.includes('\0'));

const item = z.object({
  id: text,
  key: text,
  reference: text,
  // A payment we cancelled is one that never came.
  state: z
    .enum([
      'pending',
      'captured',
      'declined',
      'cancelled',
      'refunded',
      'charged_back',
      'paid',
      'refused',
      'returned',
    ])
    .transform((state) => (state === 'cancelled' ? 'declined' : state)),
  amount: z.int(),
  currency: text,
  reason: text.nullish(),
  redirectUrl: z.url().max(2_000).nullish(),
});

/** A refund that was made, or its final no; anything else may have been taken. */
const refund = z.union([
  z.object({ id: text, state: z.literal('refunded') }),
  z.object({ code: z.enum(['not_found', 'not_refundable', 'refund_exceeds_captured']), message: z.string() }),
]);

const webhook = item.extend({ eventId: text.min(1).max(200), type: z.enum(['payment', 'payout']) });

/** Speaks to the providers of dev/simulator as to real ones: over HTTP, with keys, time-outs and signed webhooks. */
export class SimulatorProvider implements PaymentProvider {
  readonly name: string;
  readonly remembersKeysForMs = 86_400_000;
  readonly #options: SimulatorOptions;
  readonly #timeoutMs: number;

  constructor(options: SimulatorOptions, timeoutMs: number) {
    this.name = options.name;
    this.#options = options;
    this.#timeoutMs = timeoutMs;
  }

  createPayment({
    key,
    reference,
    money,
    method,
    returnUrl,
    expiresAt,
  }: PaymentRequest): Promise<ProviderAnswer> {
    return this.#submit('/payments', key, {
      reference,
      amount: Number(money.minor),
      currency: money.currency,
      method,
      returnUrl,
      expiresAt,
    });
  }

  submitPayout({ key, reference, attempt, money, destination }: PayoutRequest): Promise<ProviderAnswer> {
    return this.#submit('/payouts', key, {
      reference,
      attempt,
      amount: Number(money.minor),
      currency: money.currency,
      destination,
    });
  }

  async cancelPayment(key: string): Promise<Asked> {
    const asked = await this.ask('deposit', key);
    if (asked.outcome !== 'known' || asked.news.state !== 'pending') return asked;
    const path = `/payments/${encodeURIComponent(asked.news.providerReference)}/cancel`;
    // Whatever it says to that: where the payment stands is asked for.
    await this.#request('POST', path).catch(() => undefined);
    return await this.ask('deposit', key);
  }

  async refundPayment({ key, providerReference, money }: RefundRequest): Promise<ProviderAnswer> {
    try {
      const path = `/payments/${encodeURIComponent(providerReference)}/refund`;
      const { body } = await this.#request('POST', path, key, { amount: Number(money.minor) });
      const parsed = refund.safeParse(body);
      if (!parsed.success) return { outcome: 'unknown', reason: 'no sense in its answer' };
      return 'code' in parsed.data
        ? { outcome: 'refused', reason: parsed.data.code }
        : { outcome: 'accepted', providerReference: parsed.data.id };
    } catch (error) {
      return { outcome: 'unknown', reason: words(error) };
    }
  }

  async settlementFile(day: string): Promise<Readable> {
    const { body, ok, status } = await fetch(`${this.#options.url}/settlement-file?day=${day}`, {
      headers: { authorization: `Bearer ${this.#options.apiKey}` },
    });
    if (!ok || body === null)
      throw new Error(`${this.name} gave no settlement file: status ${String(status)}`);
    return Readable.fromWeb(body);
  }

  ask(kind: 'deposit' | 'withdrawal', key: string): Promise<Asked> {
    return this.#find(kind, `key=${encodeURIComponent(key)}`, key);
  }

  askByReference(kind: 'deposit' | 'withdrawal', reference: string, key: string): Promise<Asked> {
    return this.#find(kind, `reference=${encodeURIComponent(reference)}`, key);
  }

  async #find(kind: 'deposit' | 'withdrawal', query: string, key: string): Promise<Asked> {
    const path = `${kind === 'deposit' ? '/payments' : '/payouts'}?${query}`;
    try {
      const { status, body } = await this.#request('GET', path);
      const parsed = z.object({ items: z.array(item) }).safeParse(body);
      if (status !== 200 || !parsed.success) return { outcome: 'silent', reason: `status ${String(status)}` };
      const found = parsed.data.items.find((one) => one.key === key);
      return found === undefined
        ? { outcome: 'not_found' }
        : { outcome: 'known', news: newsOf(found, 'asked') };
    } catch (error) {
      return { outcome: 'silent', reason: words(error) };
    }
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookEvent | 'forged' | 'malformed' {
    const timestamp = headers['x-sim-timestamp'];
    const signature = headers['x-sim-signature'];
    if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp) || typeof signature !== 'string')
      return 'forged';
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > WEBHOOK_TOLERANCE_SECONDS) return 'forged';
    const expected = createHmac('sha256', this.#options.webhookSecret)
      .update(`${timestamp}.`)
      .update(rawBody)
      .digest();
    const hex = /^v1=([0-9a-f]{64})$/.exec(signature)?.[1];
    if (hex === undefined || !timingSafeEqual(Buffer.from(hex, 'hex'), expected)) return 'forged';
    return parseEvent(rawBody);
  }

  async #submit(path: string, key: string, body: object): Promise<ProviderAnswer> {
    try {
      const answer = await this.#request('POST', path, key, body);
      const parsed = item.safeParse(answer.body);
      // Final is only what it says of this very payment, never a status alone: a proxy may have said that.
      if ((answer.status >= 300 && answer.status !== 422) || !parsed.success)
        return {
          outcome: 'unknown',
          reason: `status ${String(answer.status)}`,
          ...(OUR_FAULT.includes(answer.status) && { ours: true }),
        };
      const { id, state, redirectUrl, reason } = parsed.data;
      if (state === 'refused' || state === 'declined') return { outcome: 'refused', reason: reason ?? state };
      return { outcome: 'accepted', providerReference: id, ...(redirectUrl == null ? {} : { redirectUrl }) };
    } catch (error) {
      return { outcome: 'unknown', reason: words(error) };
    }
  }

  async #request(
    method: string,
    path: string,
    key?: string,
    body?: object,
  ): Promise<{ status: number; body: unknown }> {
    const response = await fetch(this.#options.url + path, {
      method,
      headers: {
        authorization: `Bearer ${this.#options.apiKey}`,
        ...(key === undefined ? {} : { 'idempotency-key': key }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(this.#timeoutMs),
    });
    return { status: response.status, body: await response.json() };
  }
}

const WORDS: Readonly<Record<string, string>> = {
  TimeoutError: 'no answer in time',
  SyntaxError: 'no sense in its answer',
};
const words = (error: unknown): string => (error instanceof Error && WORDS[error.name]) || 'not reached';

function parseEvent(rawBody: Buffer): WebhookEvent | 'malformed' {
  let body: unknown;
  try {
    body = JSON.parse(rawBody.toString('utf8'));
  } catch {
    return 'malformed';
  }
  const parsed = webhook.safeParse(body);
  if (!parsed.success) return 'malformed';
  const { eventId, type, reference } = parsed.data;
  return {
    eventId,
    kind: type === 'payment' ? 'deposit' : 'withdrawal',
    reference,
    news: newsOf(parsed.data, 'webhook'),
  };
}

const newsOf = (found: z.infer<typeof item>, via: ProviderNews['via']): ProviderNews => ({
  key: found.key,
  state: found.state,
  providerReference: found.id,
  money: { minor: String(found.amount), currency: found.currency },
  reason: found.reason ?? null,
  ...(found.redirectUrl == null ? {} : { redirectUrl: found.redirectUrl }),
  via,
});
