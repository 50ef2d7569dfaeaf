import { createdAt, present, type Item, type Refund } from './books.ts';

/** A payment or payout as the API answers it. */
export function itemView(item: Item, url: string): object {
  const { id, key, reference, amount, currency, type, token } = item;
  const { state, reason, at } = present(item);
  const common = { id, key, reference, state, reason, amount, currency };
  const times = { createdAt: createdAt(item), updatedAt: at };
  if (item.kind === 'payout')
    return { ...common, destination: { type, account: token }, attempt: item.attempt, ...times };
  const { refundedAmount } = item;
  return {
    ...common,
    method: { type, token },
    refundedAmount,
    redirectUrl: `${url}/checkout/${id}`,
    ...times,
  };
}

export function refundView(
  { id, key, paymentId, amount, createdAt }: Refund,
  payment: Item,
  url: string,
): object {
  const { reference, currency } = payment;
  const facts = { id, key, paymentId, reference, amount, currency, state: 'refunded', createdAt };
  return { ...facts, payment: itemView(payment, url) };
}

/** A line of the books, in which a cancelled payment is one that never came: declined. */
export function bookView(item: Item): object {
  const { id, kind, key, reference, amount, currency } = item;
  const { state } = present(item);
  return {
    id,
    kind,
    key,
    reference,
    amount,
    currency,
    state: state === 'cancelled' ? 'declined' : state,
    createdAt: createdAt(item),
  };
}
