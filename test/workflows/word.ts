import { attemptKey, type ProviderNews } from '../../contract/payments.ts';

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
