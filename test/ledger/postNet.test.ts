import assert from 'node:assert/strict';
import { postNet, type Net } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, hundred, leg, MOST, refusal, violates } from './aLedger.ts';

describe('a netted transfer', () => {
  const ledger = aLedger();

  /** Pays from, or takes back into, the house's gaming account. */
  const net = (player: string, amount: bigint, { repay = true, ...deed }: Partial<Net> = {}) =>
    postNet(ledger.pool, {
      ...aDeed('settlement'),
      playerId: player,
      currency: 'SEK',
      net: amount,
      house: [leg('house_gaming', 'house', -amount)],
      repay,
      ...deed,
    });

  it('pays a win', async () => {
    const player = await ledger.player(100n);
    const { verdict, owed } = await net(player, 50n);
    assert(verdict.outcome === 'applied');
    assert.equal(verdict.balance, 150n);
    assert.equal(owed, 0n);
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      'house_gaming:house': -50n,
      [`player_cash:${player}`]: 50n,
    });
  });

  it('ends a lost stake, where nothing reaches the player, and still answers the cash, also when repeated', async () => {
    const player = await ledger.player(100n);
    await ledger.stake(player, 40n);
    const lost = {
      ...aDeed('settlement'),
      playerId: player,
      currency: 'SEK',
      net: 0n,
      house: [leg('stakes_in_play', 'house', -40n), leg('house_gaming', 'house', 40n)],
      repay: true,
    };
    const first = await applied(postNet(ledger.pool, lost).then(({ verdict }) => verdict));
    assert.equal(first.balance, 60n);
    await ledger.stake(player, 25n);
    const { verdict } = await postNet(ledger.pool, lost);
    assert.deepEqual(verdict, { ...first, replayed: true });
  });

  it('takes back the cash that is there and books the rest as owed', async () => {
    const player = await ledger.player(30n);
    const { verdict, owed } = await net(player, -100n);
    assert(verdict.outcome === 'applied');
    assert.equal(owed, 70n);
    assert.equal(verdict.balance, 0n);
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      'house_gaming:house': 100n,
      [`player_cash:${player}`]: -30n,
      [`player_receivable:${player}`]: -70n,
    });
  });

  it('books all as owed where there is no cash', async () => {
    const player = await ledger.player();
    assert.equal((await net(player, -100n)).owed, 100n);
    assert.equal(await ledger.owed(player), 100n);
  });

  it('repays what is owed from a win first, but not from a stake that comes back', async () => {
    const player = await ledger.player();
    await net(player, -100n);
    await net(player, 30n, { repay: false });
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [30n, 100n]);
    const win = await net(player, 60n);
    assert.equal(win.owed, 0n);
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [30n, 40n]);
    await net(player, 60n);
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [50n, 0n]);
  });

  it('answers a repeated claw-back with what was owed then, whatever was repaid since', async () => {
    const player = await ledger.player(30n);
    const deed = aDeed('resettlement');
    const first = await net(player, -100n, deed);
    await net(player, 500n);
    const again = await net(player, -100n, deed);
    assert.equal(again.owed, first.owed);
    assert.deepEqual(again.verdict, { ...first.verdict, replayed: true });
    assert.equal(
      await refusal(net(player, -101n, deed).then(({ verdict }) => verdict)),
      'idempotency_conflict',
    );
    assert.equal(
      await refusal(net(player, -100n, { ...deed, repay: false }).then(({ verdict }) => verdict)),
      'idempotency_conflict',
    );
  });

  it('refuses a win that would take the player past 2^53-1, counted after what it repays', async () => {
    const player = await ledger.player(MOST);
    assert.equal(await refusal(net(player, 1n).then(({ verdict }) => verdict)), 'amount_too_large');
    await net(player, -MOST);
    await net(player, -5n);
    assert.equal((await net(player, MOST)).verdict.outcome, 'applied');
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [MOST - 5n, 0n]);
  });

  it('finds no account of a player who has none, and opens none', async () => {
    for (const amount of [-10n, 10n]) {
      const { verdict, owed } = await net('nobody', amount);
      assert(verdict.outcome === 'refused');
      assert.equal(verdict.code, 'account_not_found');
      assert.equal(owed, 0n);
    }
  });

  it('cannot be written where the house legs do not meet it, or are the player’s', async () => {
    const player = await ledger.player(100n);
    const with_ = (house: ReturnType<typeof leg>[]) => net(player, 10n, { ...aDeed('settlement'), house });
    await assert.rejects(with_([leg('house_gaming', 'house', -9n)]), violates('entries_sum_to_zero'));
    await assert.rejects(with_([]), violates('entries_sum_to_zero'));
    await assert.rejects(with_([leg('player_cash', player, -10n)]), violates('legs_make_sense'));
    await assert.rejects(with_([leg('player_held', player, -10n)]), violates('legs_make_sense'));
    await assert.rejects(
      with_([leg('player_cash', await ledger.player(50n), -10n)]),
      violates('legs_make_sense'),
    );
  });

  it('takes no coin twice when a hundred claw-backs come at once', async () => {
    const player = await ledger.player(550n);
    const verdicts = await hundred(() => net(player, -10n));
    assert.equal(
      verdicts.reduce((sum, { owed }) => sum + owed, 0n),
      450n,
    );
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [0n, 450n]);
  });

  it('repays a debt once when a hundred wins come at once', async () => {
    const player = await ledger.player();
    await net(player, -450n);
    await hundred(() => net(player, 10n));
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [550n, 0n]);
  });
});
