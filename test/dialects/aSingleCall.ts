import assert from 'node:assert/strict';
import type { Reply } from '../api/apiUnderTest.ts';
import { fresh, has } from './aggregators.ts';

/** 1.00 SEK: a hundred minor units. */
export const ONE = 100_000;

export const betOf = (playerId: string, amount = ONE, betId = fresh('b')) => ({
  betId,
  playerId,
  gameId: 'dice',
  roundId: fresh('r'),
  amount,
  currency: 'SEK',
});
type Bet = ReturnType<typeof betOf>;
export const winOf = ({ betId, playerId, roundId, currency }: Bet, amount: number, roundClosed = false) => ({
  winId: fresh('win'),
  betId,
  playerId,
  roundId,
  amount,
  currency,
  roundClosed,
});
export const backOf = ({ betId }: Bet) => ({ rollbackId: fresh('rb'), betId });
/** The status of an answer, which is always a 200. */
export const statusOf = (reply: Reply) => String(has(reply, 200)['status']);
export const ok = (reply: Reply, balance: number | null) => {
  assert.deepEqual(has(reply, 200), {
    status: 'OK',
    balance: balance === null ? null : balance * 1_000,
    currency: balance === null ? null : 'SEK',
  });
};
