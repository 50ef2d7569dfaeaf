import type Stripe from 'stripe';
import type { ProviderNews } from '../../contract/payments.ts';
import { exponentOf, type MoneyDto } from '../../money/index.ts';

/** Currencies that Stripe counts in other units than two decimals: docs.stripe.com/currencies. */
const ZERO = new Set([
  'BIF',
  'CLP',
  'DJF',
  'GNF',
  'JPY',
  'KMF',
  'KRW',
  'MGA',
  'PYG',
  'RWF',
  'VND',
  'VUV',
  'XAF',
  'XOF',
  'XPF',
]);
const THREE = new Set(['BHD', 'JOD', 'KWD', 'OMR', 'TND']);

const theirExponent = (currency: string) => (ZERO.has(currency) ? 0 : THREE.has(currency) ? 3 : 2);

/** Money as Stripe wants it; undefined where Stripe would round it: three decimals end in 0 there, and none has more. */
export function toStripe({ minor, currency }: MoneyDto): { amount: number; currency: string } | undefined {
  const shift = theirExponent(currency) - exponentOf(currency);
  if (shift < 0) return undefined;
  const amount = BigInt(minor) * 10n ** BigInt(shift);
  if (amount > BigInt(Number.MAX_SAFE_INTEGER) || (THREE.has(currency) && amount % 10n !== 0n))
    return undefined;
  return { amount: Number(amount), currency: currency.toLowerCase() };
}

export function fromStripe(amount: number, code: string): MoneyDto {
  const currency = code.toUpperCase();
  const shift = theirExponent(currency) - exponentOf(currency);
  return { minor: String(BigInt(amount) / 10n ** BigInt(Math.max(0, shift))), currency };
}

/** Where a payment intent stands; what Stripe adds one day is asked on. One whose first try failed is over: its player starts a new deposit. */
const INTENTS: Readonly<Record<Stripe.PaymentIntent.Status, ProviderNews['state']>> = {
  requires_payment_method: 'declined',
  requires_confirmation: 'pending',
  requires_action: 'pending',
  requires_capture: 'pending',
  processing: 'pending',
  succeeded: 'captured',
  canceled: 'declined',
};

type Said = Omit<ProviderNews, 'key' | 'via'>;

/** `latest_charge` tells of refunds and disputes, where it came along. */
export function intentSays(intent: Stripe.PaymentIntent): Said {
  const charge = typeof intent.latest_charge === 'object' ? intent.latest_charge : null;
  const captured = intent.status === 'succeeded';
  const state = captured && charge?.refunded === true ? 'refunded' : (INTENTS[intent.status] ?? 'pending');
  const { last_payment_error: failure, next_action: next } = intent;
  const redirectUrl = next?.redirect_to_url?.url;
  return {
    state,
    providerReference: intent.id,
    money: fromStripe(captured ? intent.amount_received : intent.amount, intent.currency),
    reason:
      state === 'declined' ? (failure?.decline_code ?? failure?.code ?? intent.cancellation_reason) : null,
    ...(redirectUrl == null ? {} : { redirectUrl }),
  };
}

/** A transfer has moved once it is made; reversed in full, it came back. */
export const transferSays = (transfer: Stripe.Transfer): Said => ({
  state: transfer.reversed ? 'returned' : 'paid',
  providerReference: transfer.id,
  money: fromStripe(transfer.amount, transfer.currency),
  reason: transfer.reversed ? 'reversed' : null,
});

/** What an event says of which object; undefined for the many that change nothing here. */
export function eventSays(
  event: Stripe.Event,
): { kind: 'deposit' | 'withdrawal'; metadata: Stripe.Metadata; said: Said } | undefined {
  switch (event.type) {
    case 'payment_intent.processing':
    case 'payment_intent.requires_action':
    case 'payment_intent.succeeded':
    case 'payment_intent.payment_failed':
    case 'payment_intent.canceled': {
      const intent = event.data.object;
      return { kind: 'deposit', metadata: intent.metadata, said: intentSays(intent) };
    }
    case 'charge.refunded': {
      const { refunded, metadata, payment_intent: intent, amount, currency } = event.data.object;
      // A part leaves it where it was.
      if (!refunded) return undefined;
      const said = { state: 'refunded', ...about(intent, amount, currency), reason: null } as const;
      return { kind: 'deposit', metadata, said };
    }
    case 'charge.dispute.funds_withdrawn': {
      const { payment_intent: intent, amount, currency, reason } = event.data.object;
      // A dispute has no metadata of the payment's: it is found by the payment's reference.
      return {
        kind: 'deposit',
        metadata: {},
        said: { state: 'charged_back', ...about(intent, amount, currency), reason },
      };
    }
    case 'transfer.created':
    case 'transfer.reversed': {
      const transfer = event.data.object;
      if (event.type === 'transfer.reversed' && !transfer.reversed) return undefined;
      return { kind: 'withdrawal', metadata: transfer.metadata, said: transferSays(transfer) };
    }
    default:
      return undefined;
  }
}

const about = (intent: string | Stripe.PaymentIntent | null, amount: number, currency: string) => ({
  providerReference: typeof intent === 'string' ? intent : (intent?.id ?? ''),
  money: fromStripe(amount, currency),
});
