import { attemptKey, type ProviderNews } from '../../contract/payments.ts';
import { storeWebhook } from '../../payments/index.ts';
import { fresh, type Cashier } from './cashier.ts';

/** What a provider says of an attempt to pay out, as its webhook would. */
export const word = (
  withdrawalId: string,
  attempt: number,
  state: ProviderNews['state'],
  minor = 10_000,
): ProviderNews => ({
  key: attemptKey(withdrawalId, attempt),
  state,
  providerReference: 'x',
  money: { minor: String(minor), currency: 'SEK' },
  reason: null,
  via: 'webhook',
});

/** Has the provider say so, by a webhook. */
export const tell = (desk: Cashier, ...said: Parameters<typeof word>): Promise<void> =>
  storeWebhook(desk.db.pool, 'nordpay', {
    ...{ eventId: fresh('evt'), kind: 'withdrawal', reference: said[0] },
    news: word(...said),
  });
