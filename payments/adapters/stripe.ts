import type { IncomingHttpHeaders } from 'node:http';
import Stripe from 'stripe';
import type { ProviderAnswer, ProviderNews } from '../../contract/payments.ts';
import type {
  Asked,
  PaymentProvider,
  PaymentRequest,
  PayoutRequest,
  RefundRequest,
  WebhookEvent,
} from '../provider.ts';
import { eventSays, intentSays, toStripe, transferSays } from './stripeWords.ts';

export interface StripeOptions {
  readonly name: string;
  /** Where Stripe is, but for tests. */
  readonly url?: string | undefined;
  readonly apiKey: string;
  readonly webhookSecret: string;
}

const WEBHOOK_TOLERANCE_SECONDS = 300;
const NOT_COUNTED: ProviderAnswer = { outcome: 'refused', reason: 'amount_not_supported' };

/**
 * Deposits are payment intents, payouts are transfers to the player's connected account: docs/providers/stripe.md. Stripe
 * forgets idempotency keys after a day, so before a payout or a refund is made it is looked for by our key.
 */
export class StripeProvider implements PaymentProvider {
  readonly name: string;
  readonly remembersKeysForMs = 86_400_000;
  readonly #stripe: Stripe;
  readonly #webhookSecret: string;

  constructor({ name, url, apiKey, webhookSecret }: StripeOptions, timeoutMs: number) {
    this.name = name;
    this.#webhookSecret = webhookSecret;
    // It is repeated by the saga, which knows what it may mean.
    const calm = { maxNetworkRetries: 0, timeout: timeoutMs, telemetry: false };
    this.#stripe = new Stripe(apiKey, url === undefined ? calm : { ...calm, ...addressOf(url) });
  }

  createPayment(request: PaymentRequest): Promise<ProviderAnswer> {
    const { key, reference, money, method, returnUrl } = request;
    const counted = toStripe(money);
    if (counted === undefined) return Promise.resolve(NOT_COUNTED);
    return answering(async () => {
      const intent = await this.#stripe.paymentIntents.create(
        {
          ...counted,
          payment_method: method.token,
          confirm: true,
          return_url: returnUrl,
          automatic_payment_methods: { enabled: true },
          metadata: { key, reference },
        },
        { idempotencyKey: key },
      );
      const { state, reason, providerReference, redirectUrl } = intentSays(expect(intent, 'payment_intent'));
      if (state === 'declined') return { outcome: 'refused', reason: reason ?? 'declined' };
      return {
        outcome: 'accepted',
        providerReference,
        ...(redirectUrl === undefined ? {} : { redirectUrl }),
      };
    });
  }

  async cancelPayment(key: string): Promise<Asked> {
    const asked = await this.ask('deposit', key);
    if (asked.outcome !== 'known' || asked.news.state !== 'pending') return asked;
    const { providerReference: id } = asked.news;
    // Whatever it says to that: where the payment stands is asked for, by its id, for a search lags behind.
    await this.#stripe.paymentIntents.cancel(id).catch(() => undefined);
    return await asking(key, async () => {
      const intent = await this.#stripe.paymentIntents.retrieve(id, { expand: ['latest_charge'] });
      return intentSays(expect(intent, 'payment_intent'));
    });
  }

  refundPayment({ key, providerReference: intent, money }: RefundRequest): Promise<ProviderAnswer> {
    const counted = toStripe(money);
    if (counted === undefined) return Promise.resolve(NOT_COUNTED);
    return answering(async () => {
      const { refunds } = this.#stripe;
      const made = expect(await refunds.list({ payment_intent: intent, limit: 100 }), 'list').data;
      const refund =
        made.find(({ metadata }) => metadata?.['key'] === key) ??
        (await refunds.create(
          { payment_intent: intent, amount: counted.amount, metadata: { key } },
          { idempotencyKey: key },
        ));
      const { id, status, failure_reason: reason } = expect(refund, 'refund');
      return status === 'failed' || status === 'canceled'
        ? { outcome: 'refused', reason: reason ?? 'not_refundable' }
        : { outcome: 'accepted', providerReference: id };
    });
  }

  submitPayout({ key, reference, money, destination }: PayoutRequest): Promise<ProviderAnswer> {
    const counted = toStripe(money);
    if (counted === undefined) return Promise.resolve(NOT_COUNTED);
    return answering(async () => {
      const transfer =
        (await this.#transfer(key)) ??
        (await this.#stripe.transfers.create(
          { ...counted, destination: destination.account, transfer_group: key, metadata: { key, reference } },
          { idempotencyKey: key },
        ));
      return { outcome: 'accepted', providerReference: expect(transfer, 'transfer').id };
    });
  }

  ask(kind: 'deposit' | 'withdrawal', key: string): Promise<Asked> {
    return asking(key, async () => {
      if (kind === 'withdrawal') {
        const transfer = await this.#transfer(key);
        return transfer === undefined ? undefined : transferSays(transfer);
      }
      // What it does not find yet is created again with the same key, which is the same payment.
      return await this.#intent('key', key, key);
    });
  }

  askByReference(kind: 'deposit' | 'withdrawal', reference: string, key: string): Promise<Asked> {
    return kind === 'withdrawal'
      ? this.ask(kind, key)
      : asking(key, () => this.#intent('reference', reference, key));
  }

  readWebhook(
    rawBody: Buffer,
    headers: IncomingHttpHeaders,
  ): WebhookEvent | 'forged' | 'malformed' | 'ignored' {
    const signature = headers['stripe-signature'];
    if (typeof signature !== 'string') return 'forged';
    let event: Stripe.Event;
    try {
      event = this.#stripe.webhooks.constructEvent(
        rawBody,
        signature,
        this.#webhookSecret,
        WEBHOOK_TOLERANCE_SECONDS,
      );
    } catch (error) {
      return error instanceof Stripe.errors.StripeSignatureVerificationError ? 'forged' : 'malformed';
    }
    const signedAt = Number(/(?:^|,)t=(\d{1,12})(?:,|$)/.exec(signature)?.[1]);
    // The package looks for old ones alone.
    if (signedAt > Date.now() / 1_000 + WEBHOOK_TOLERANCE_SECONDS) return 'forged';
    return read(event);
  }

  async #intent(by: 'key' | 'reference', value: string, key: string) {
    const query = `metadata['${by}']:'${value.replaceAll(/['\\]/g, '\\$&')}'`;
    const found = await this.#stripe.paymentIntents.search({ query, expand: ['data.latest_charge'] });
    const intent = expect(found, 'search_result').data.find(({ metadata }) => metadata['key'] === key);
    return intent === undefined ? undefined : intentSays(expect(intent, 'payment_intent'));
  }

  /** By our key, which is its group: for as long as Stripe keeps transfers. */
  async #transfer(key: string): Promise<Stripe.Transfer | undefined> {
    const found = expect(await this.#stripe.transfers.list({ transfer_group: key, limit: 1 }), 'list');
    const [transfer] = found.data;
    return transfer === undefined ? undefined : expect(transfer, 'transfer');
  }
}

function read(event: Stripe.Event): WebhookEvent | 'malformed' | 'ignored' {
  try {
    if (typeof event.id !== 'string' || typeof event.type !== 'string') return 'malformed';
    const says = eventSays(event);
    if (says === undefined) return 'ignored';
    const { kind, metadata, said } = says;
    const { key = '', reference = '' } = metadata;
    if (key === '' && said.state !== 'charged_back') return 'ignored';
    const news: ProviderNews = { ...said, key, via: 'webhook' };
    // Postgres keeps no NUL in a text.
    if (JSON.stringify([event.id, news]).includes('\\u0000')) return 'malformed';
    return { eventId: event.id, kind, reference, news };
  } catch {
    return 'malformed';
  }
}

/** Something else may have answered in Stripe's place. */
function expect<T extends { readonly object: string }>(answer: T, object: T['object']): T {
  if ((answer as T | null)?.object !== object) throw new Error('no sense in its answer');
  return answer;
}

async function answering(ask: () => Promise<ProviderAnswer>): Promise<ProviderAnswer> {
  try {
    return await ask();
  } catch (error) {
    const reason = finalNo(error);
    return reason === undefined
      ? { outcome: 'unknown', reason: words(error), ...(isOurs(error) && { ours: true }) }
      : { outcome: 'refused', reason };
  }
}

async function asking(
  key: string,
  ask: () => Promise<Omit<ProviderNews, 'key' | 'via'> | undefined>,
): Promise<Asked> {
  try {
    const said = await ask();
    return said === undefined
      ? { outcome: 'not_found' }
      : { outcome: 'known', news: { ...said, key, via: 'asked' } };
  } catch (error) {
    return { outcome: 'silent', reason: words(error) };
  }
}

const OUR_WORDS: Readonly<Record<string, string>> = {
  charge_already_refunded: 'not_refundable',
  charge_disputed: 'not_refundable',
};

/** The reason of a final no: Stripe says it of this very request, and nothing was done. A status alone is none. */
function finalNo(error: unknown): string | undefined {
  if (!(error instanceof Stripe.errors.StripeError)) return undefined;
  const { rawType, code, decline_code: declined, param, statusCode } = error;
  if (rawType === 'card_error') return declined ?? code ?? 'declined';
  if (rawType !== 'invalid_request_error' || (statusCode !== 400 && statusCode !== 404)) return undefined;
  if (code === undefined && param === 'amount') return 'refund_exceeds_captured';
  return OUR_WORDS[code ?? ''] ?? code ?? 'invalid_request';
}

const isOurs = (error: unknown) =>
  error instanceof Stripe.errors.StripeAuthenticationError ||
  error instanceof Stripe.errors.StripePermissionError ||
  error instanceof Stripe.errors.StripeIdempotencyError;

const words = (error: unknown): string =>
  error instanceof Stripe.errors.StripeError
    ? `${error.type} ${String(error.statusCode ?? '')}`.trim()
    : 'no sense in its answer';

function addressOf(url: string) {
  const { hostname, port, protocol } = new URL(url);
  const https = protocol === 'https:';
  return {
    host: hostname,
    port: port === '' ? (https ? 443 : 80) : Number(port),
    protocol: https ? 'https' : 'http',
  } as const;
}
