import type { IncomingHttpHeaders } from 'node:http';
import type { Readable } from 'node:stream';
import type { ProviderAnswer, ProviderNews } from '../contract/payments.ts';
import type { MoneyDto } from '../money/index.ts';

export interface PaymentRequest {
  /** The idempotency key: the same for every repeat. */
  readonly key: string;
  readonly reference: string;
  readonly money: MoneyDto;
  readonly method: { readonly type: string; readonly token: string };
  readonly returnUrl: string;
  readonly expiresAt: string;
}

export interface PayoutRequest {
  readonly key: string;
  readonly reference: string;
  readonly attempt: number;
  readonly money: MoneyDto;
  readonly destination: { readonly type: string; readonly account: string };
}

export interface RefundRequest {
  readonly key: string;
  /** The payment, as the provider names it. */
  readonly providerReference: string;
  readonly money: MoneyDto;
}

/** `not_found`: the provider does not know the key (yet); `silent`: it did not answer. */
export type Asked =
  | { readonly outcome: 'known'; readonly news: ProviderNews }
  | { readonly outcome: 'not_found' }
  | { readonly outcome: 'silent'; readonly reason: string };

/** A webhook that was verified. */
export interface WebhookEvent {
  readonly eventId: string;
  readonly kind: 'deposit' | 'withdrawal';
  readonly reference: string;
  /** Where a provider does not tell our key, it is empty: the payment is found by the provider's reference. */
  readonly news: ProviderNews;
}

/**
 * What Countroom needs of a payment provider. No call throws for what a provider does: silence, 5xx and nonsense are
 * `unknown`, and only a clear final no is `refused`.
 */
export interface PaymentProvider {
  readonly name: string;
  /** How long it knows a key again. A request with an older one might be taken for another, so none is sent any more. */
  readonly remembersKeysForMs: number;
  createPayment(request: PaymentRequest): Promise<ProviderAnswer>;
  /** Asks the provider to forget a payment that nobody finished; answers where the payment stands after that. */
  cancelPayment(key: string): Promise<Asked>;
  /**
   * Gives money of a captured payment back to the player, all or a part; `accepted` is final. The same key is the same
   * refund however late it is repeated: where a provider forgets keys, its adapter looks for the refund first.
   */
  refundPayment(request: RefundRequest): Promise<ProviderAnswer>;
  submitPayout(request: PayoutRequest): Promise<ProviderAnswer>;
  ask(kind: 'deposit' | 'withdrawal', key: string): Promise<Asked>;
  /** The same by our reference, which outlives the key: of all that it has under it, what was asked for with that key. */
  askByReference(kind: 'deposit' | 'withdrawal', reference: string, key: string): Promise<Asked>;
  /**
   * What moved on a day (`2026-11-24`, UTC), as CSV with the columns of docs/reconciliation.md, however long it is.
   * Left out by a provider that has no such file.
   * @throws where the provider cannot tell just now
   */
  settlementFile?(day: string): Promise<Readable>;
  /** `forged`: the signature or the time is wrong; `malformed`: signed, but not what this provider sends; `ignored`: it changes nothing here. */
  readWebhook(
    rawBody: Buffer,
    headers: IncomingHttpHeaders,
  ): WebhookEvent | 'forged' | 'malformed' | 'ignored';
}
