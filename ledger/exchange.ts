import type { Pool, Tx } from '../ops/postgres.ts';
import { post, type Deed, type Verdict } from './post.ts';

export interface Money {
  readonly currency: string;
  /** Minor units of that currency, above zero. */
  readonly amount: bigint;
}

export interface Exchange extends Omit<Deed, 'code'> {
  readonly playerId: string;
  readonly gives: Money;
  readonly takes: Money;
}

/**
 * Exchanges a player's money: two legs, one in each currency, against the house's currency_exchange. Both amounts are given,
 * for the ledger knows no rates; what the house makes or loses of it is on currency_exchange, in each currency.
 *
 * @throws RangeError where an amount is not above zero, or both are of one currency
 * @returns refused like `post`; `balance` is null, for there are two
 */
export async function exchange(
  db: Pool | Tx,
  { playerId, gives, takes, ...deed }: Exchange,
): Promise<Verdict> {
  if (gives.amount <= 0n || takes.amount <= 0n || gives.currency === takes.currency)
    throw new RangeError('an exchange gives an amount of one currency and takes one of another');
  const legs = [
    { money: gives, sign: -1n },
    { money: takes, sign: 1n },
  ].flatMap(({ money: { currency, amount }, sign }) => [
    { kind: 'player_cash', owner: playerId, currency, amount: sign * amount },
    { kind: 'currency_exchange', owner: 'house', currency, amount: -sign * amount },
  ]);
  return await post(db, { ...deed, code: 'exchange', legs });
}
