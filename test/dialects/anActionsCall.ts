import { fresh } from './aggregators.ts';

export type Action = Record<string, unknown>;
export const bet = (amount = 100, actionId = fresh('a')) => ({ action: 'bet', actionId, amount });
export const win = (betId: string, amount: number, actionId = fresh('a')) => ({
  action: 'win',
  actionId,
  betId,
  amount,
});
export const refund = (betId: string, actionId = fresh('a')) => ({ action: 'refund', actionId, betId });

/** A call of the dialect `actions`, in a round of its own. */
export const callOf = (playerId: string, actions: Action[], more: object = {}) => ({
  callId: fresh('c'),
  playerId,
  gameId: 'dice',
  roundId: fresh('r'),
  currency: 'SEK',
  actions,
  ...more,
});

export const outcomes = (json: Action) =>
  (json['actions'] as { outcome: string }[]).map(({ outcome }) => outcome);
