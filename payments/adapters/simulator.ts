import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { ProviderAnswer, ProviderNews } from '../../contract/payments.ts';
import type { Asked, PaymentProvider, PaymentRequest, PayoutRequest, WebhookEvent } from '../provider.ts';

export interface SimulatorOptions {
  readonly name: string;
  readonly url: string;
  readonly apiKey: string;
  readonly webhookSecret: string;
}

const WEBHOOK_TOLERANCE_SECONDS = 300;

const item = z.object({
  id: z.string(),
  key: z.string(),
  reference: z.string(),
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
  currency: z.string(),
  reason: z.string().nullish(),
  redirectUrl: z.string().nullish(),
});

const webhook = item.extend({ eventId: z.string().min(1).max(200), type: z.enum(['payment', 'payout']) });

/** Speaks to the providers of dev/simulator as to real ones: over HTTP, with keys, time-outs and signed webhooks. */
export class SimulatorProvider implements PaymentProvider {
  readonly name: string;
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

  async cancelPayment(key: string): Promise<void> {
    const asked = await this.ask('deposit', key);
    if (asked.outcome === 'known')
      await this.#request(
        'POST',
        `/payments/${asked.news.providerReference}/cancel`,
        `${key}:cancel`,
        {},
      ).catch(() => undefined);
  }

  async ask(kind: 'deposit' | 'withdrawal', key: string): Promise<Asked> {
    const path = `${kind === 'deposit' ? '/payments' : '/payouts'}?key=${encodeURIComponent(key)}`;
    try {
      const { status, body } = await this.#request('GET', path);
      const parsed = z.object({ items: z.array(item) }).safeParse(body);
      if (status !== 200 || !parsed.success) return { outcome: 'silent', reason: `status ${String(status)}` };
      const [found] = parsed.data.items;
      return found === undefined
        ? { outcome: 'not_found' }
        : { outcome: 'known', news: newsOf(found, 'asked') };
    } catch (error) {
      return { outcome: 'silent', reason: words(error) };
    }
  }

  readWebhook(rawBody: Buffer, headers: IncomingHttpHeaders): WebhookEvent | undefined {
    const timestamp = headers['x-sim-timestamp'];
    const signature = headers['x-sim-signature'];
    if (typeof timestamp !== 'string' || !/^\d{1,12}$/.test(timestamp) || typeof signature !== 'string')
      return undefined;
    if (Math.abs(Date.now() / 1000 - Number(timestamp)) > WEBHOOK_TOLERANCE_SECONDS) return undefined;
    const expected = createHmac('sha256', this.#options.webhookSecret)
      .update(`${timestamp}.`)
      .update(rawBody)
      .digest();
    const hex = /^v1=([0-9a-f]{64})$/.exec(signature)?.[1];
    if (hex === undefined || !timingSafeEqual(Buffer.from(hex, 'hex'), expected)) return undefined;
    return parseEvent(rawBody);
  }

  async #submit(path: string, key: string, body: object): Promise<ProviderAnswer> {
    try {
      const answer = await this.#request('POST', path, key, body);
      if (answer.status === 422) return { outcome: 'refused', reason: reasonOf(answer.body) };
      const parsed = item.safeParse(answer.body);
      if (answer.status >= 300 || !parsed.success)
        return { outcome: 'unknown', reason: `status ${String(answer.status)}` };
      const { id, state, redirectUrl } = parsed.data;
      if (state === 'refused' || state === 'declined')
        return { outcome: 'refused', reason: reasonOf(answer.body) };
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

const reasonOf = (body: unknown): string =>
  z.object({ reason: z.string().max(200) }).safeParse(body).data?.reason ?? 'refused';

const words = (error: unknown): string =>
  error instanceof Error && error.name === 'TimeoutError' ? 'no answer in time' : 'not reached';

function parseEvent(rawBody: Buffer): WebhookEvent | undefined {
  let body: unknown;
  try {
    body = JSON.parse(rawBody.toString('utf8'));
  } catch {
    return undefined;
  }
  const parsed = webhook.safeParse(body);
  if (!parsed.success) return undefined;
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
  via,
});
