/** The states of a payment and of a payout, as the provider says them. */
export type State =
  | 'pending'
  | 'captured'
  | 'declined'
  | 'cancelled'
  | 'refunded'
  | 'charged_back'
  | 'paid'
  | 'refused'
  | 'returned';
export type Kind = 'payment' | 'payout';

/** A change of state that comes by itself, `delayMs` after the one before it (the first: after the request). */
export interface Step {
  readonly state: State;
  readonly reason: string | null;
  readonly delayMs: number;
  /** `shuffled`: three deliveries each of this change and of the pending before it, out of order. */
  readonly webhook: 'once' | 'none' | 'shuffled';
}

/**
 * What the provider does with the first request of a payment or payout; repeats find it in the books. Or the first
 * few requests of a reference are lost, and the next is taken.
 */
export type Arrival =
  'take' | 'take_and_hang' | 'refuse' | { readonly lost: 'hang' | 'unavailable'; readonly times: number };

export interface Behaviour {
  readonly arrival: Arrival;
  readonly steps: readonly Step[];
  /** The player is at the bank and may finish after all: the first step counts from the payment's expiry. */
  readonly late?: true;
}

export const ACCOUNT_CLOSED = 'account_closed';
const SOON_MS = 400;

const step = (state: State, delayMs = SOON_MS, more: Partial<Step> = {}): Step => ({
  state,
  reason: null,
  delayMs,
  webhook: 'once',
  ...more,
});

const captured: Behaviour = { arrival: 'take', steps: [step('captured')] };
const chargedBack = step('charged_back', 2_000, { reason: 'cardholder_dispute' });
const deposits: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['sim_captured', captured],
  ['sim_declined', { arrival: 'take', steps: [step('declined', SOON_MS, { reason: 'declined_by_issuer' })] }],
  ['sim_abandoned', { arrival: 'take', steps: [] }],
  ['sim_late', { arrival: 'take', steps: [step('captured', 1_500)], late: true }],
  ['sim_no_webhook', { arrival: 'take', steps: [step('captured', SOON_MS, { webhook: 'none' })] }],
  ['sim_duplicate', { arrival: 'take', steps: [step('captured', SOON_MS, { webhook: 'shuffled' })] }],
  ['sim_chargeback', { arrival: 'take', steps: [step('captured'), chargedBack] }],
  ['sim_timeout', { arrival: 'take_and_hang', steps: [step('captured', SOON_MS, { webhook: 'none' })] }],
]);

const paid: Behaviour = { arrival: 'take', steps: [step('paid')] };
const refused: Behaviour = { arrival: 'refuse', steps: [] };
const refusedSoon: Behaviour = { arrival: 'take', steps: [step('refused', 300, { reason: ACCOUNT_CLOSED })] };
const returned = step('returned', 2_000, { reason: 'account_not_found' });
const withdrawals: ReadonlyMap<string, Behaviour> = new Map<string, Behaviour>([
  ['SIM-PAID', paid],
  ['SIM-REFUSED', refused],
  ['SIM-NO-WEBHOOK', { arrival: 'take', steps: [step('paid', SOON_MS, { webhook: 'none' })] }],
  ['SIM-TIMEOUT-TAKEN', { arrival: 'take_and_hang', steps: [step('paid', SOON_MS, { webhook: 'none' })] }],
  ['SIM-TIMEOUT-LOST', { arrival: { lost: 'hang', times: 2 }, steps: paid.steps }],
  ['SIM-503', { arrival: { lost: 'unavailable', times: 3 }, steps: paid.steps }],
  ['SIM-RETURNED', { arrival: 'take', steps: [step('paid'), returned] }],
  ['SIM-DUPLICATE', { arrival: 'take', steps: [step('paid', SOON_MS, { webhook: 'shuffled' })] }],
  ['SIM-STUCK', { arrival: 'take', steps: [] }],
  ['SIM-LATE-PAID', { arrival: 'take', steps: [step('paid', 20_000)] }],
]);

export const depositBehaviour = (token: string): Behaviour => deposits.get(token) ?? captured;

/** @param first whether this is the first attempt of its withdrawal, here or elsewhere */
export function withdrawalBehaviour(account: string, provider: string, first: boolean): Behaviour {
  if (account === 'SIM-REFUSED-NORDPAY') return provider === 'nordpay' ? refused : paid;
  if (account === 'SIM-REFUSED-ONCE') return first ? refusedSoon : paid;
  return withdrawals.get(account) ?? paid;
}
