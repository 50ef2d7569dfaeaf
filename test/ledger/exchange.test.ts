import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { exchange, openPlayer, post, postAll, reverse } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, leg, refusal, violates } from './aLedger.ts';

describe('an exchange of currencies', () => {
  const ledger = aLedger();
  const both = async (cash: bigint) => {
    const player = await ledger.player(cash);
    await openPlayer(ledger.pool, player, 'BTC');
    return player;
  };
  const swap = (playerId: string, gives: bigint, takes: bigint, id: string = randomUUID()) =>
    exchange(ledger.pool, {
      ...aDeed('exchange', id),
      playerId,
      gives: { currency: 'SEK', amount: gives },
      takes: { currency: 'BTC', amount: takes },
    });
  const money = async (player: string) => [
    await ledger.posted('player_cash', player, 'SEK'),
    await ledger.posted('player_cash', player, 'BTC'),
  ];

  it('takes one currency and gives the other, each against the house, once', async () => {
    const player = await both(1_000n);
    const id = randomUUID();
    const first = await applied(swap(player, 750n, 123_456_789n, id));
    assert.equal(first.balance, null);
    assert.deepEqual(await swap(player, 750n, 123_456_789n, id), { ...first, replayed: true });
    assert.equal(await refusal(swap(player, 750n, 123_456_788n, id)), 'idempotency_conflict');
    assert.deepEqual(await money(player), [250n, 123_456_789n]);
    assert.equal(await ledger.posted('currency_exchange', 'house', 'SEK'), 750n);
    assert.equal(await ledger.posted('currency_exchange', 'house', 'BTC'), -123_456_789n);
    await applied(reverse(ledger.pool, { ...aDeed('reversal'), transferId: first.transferId! }));
    assert.deepEqual(await money(player), [1_000n, 0n]);
  });

  it('is refused where the player has not so much, or no account in the other currency', async () => {
    const player = await both(100n);
    assert.equal(await refusal(swap(player, 101n, 1n)), 'insufficient_funds');
    assert.equal(await refusal(swap(await ledger.player(100n), 1n, 1n)), 'account_not_found');
    assert.deepEqual(await money(player), [100n, 0n]);
  });

  it('makes sense, and sums to zero in each of its currencies', async () => {
    const player = await both(100n);
    await assert.rejects(swap(player, 0n, 1n), RangeError);
    await assert.rejects(swap(player, 1n, -1n), RangeError);
    const crooked = [leg('player_cash', player, -10n), leg('currency_exchange', 'house', 10n, 'BTC')];
    for (const code of ['exchange', 'deposit'])
      await assert.rejects(
        post(ledger.pool, { ...aDeed(code), legs: crooked }),
        violates(code === 'exchange' ? 'entries_sum_to_zero' : 'legs_make_sense'),
      );
    await assert.rejects(
      postAll(ledger.pool, [{ ...aDeed('exchange'), legs: crooked }]),
      violates('entries_sum_to_zero'),
    );
  });
});
