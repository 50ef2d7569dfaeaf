import assert from 'node:assert/strict';
import { fresh, has, someAggregators, type Aggregators } from './aggregators.ts';
import { backOf, betOf, ok, ONE, statusOf, winOf } from './aSingleCall.ts';

describe('an aggregator that sends calls', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  it('hears PENDING while another operation holds the round, and OK for the same call later', async function () {
    this.timeout(30_000);
    const player = await they.server.aPlayer();
    const bet = betOf(player);
    await they.calls('bet', bet);
    const { owner } = they.api.database;
    const claim = (id: string | null) =>
      owner.query('update rounds.rounds set claim_kind = $1, claim_id = $2 where round_id = $3', [
        id === null ? null : 'void',
        id,
        bet.roundId,
      ]);
    await claim('somebody');
    const win = winOf(bet, 2 * ONE);
    const pending = has(await they.calls('win', win, 'calls', undefined, { Prefer: 'wait=1' }), 200);
    assert.deepEqual([pending['status'], pending['retry']], ['PENDING', true]);
    await claim(null);
    for (let i = 0; i < 20 && statusOf(await they.calls('win', win)) === 'PENDING'; i += 1);
    ok(await they.calls('win', win), 1_100);
  });

  it('has a bet that was taken and comes again told as a duplicate where it wants that, and wins and rollbacks as OK', async () => {
    const player = await they.server.aPlayer(150);
    const [taken, refused, rolledBack] = [betOf(player), betOf(player), betOf(player)];
    const send = (call: 'bet' | 'win' | 'rollback', body: unknown) => they.calls(call, body, 'callsError');
    ok(await send('bet', taken), 50);
    for (let i = 0; i < 2; i += 1) {
      const { message, ...again } = has(await send('bet', taken), 200);
      assert.deepEqual(again, {
        status: 'ERROR_DUPLICATE_BET',
        retry: false,
        balance: 50_000,
        currency: 'SEK',
      });
      assert.ok(message !== undefined);
      assert.equal(statusOf(await send('bet', { ...taken, amount: 2 * ONE })), 'ERROR_ID_USED_BEFORE');
      assert.equal(statusOf(await send('bet', refused)), 'ERROR_NOT_ENOUGH_MONEY');
    }
    const win = winOf(taken, ONE);
    for (let i = 0; i < 2; i += 1) ok(await send('win', win), 150);
    const back = backOf(rolledBack);
    for (let i = 0; i < 2; i += 1) ok(await send('rollback', back), null);
    ok(await send('bet', rolledBack), 150);
    assert.equal(statusOf(await send('bet', rolledBack)), 'ERROR_DUPLICATE_BET');
    assert.equal(await they.cashOf(player), 150);
  });

  it('gets a bet back, before or after it came, and as often as it asks', async () => {
    const player = await they.server.aPlayer();
    const [bet, late] = [betOf(player), betOf(player)];
    ok(await they.calls('bet', bet), 900);
    const back = backOf(bet);
    for (let i = 0; i < 3; i += 1) ok(await they.calls('rollback', back), 1_000);
    ok(await they.calls('rollback', backOf(bet)), 1_000);
    assert.equal(statusOf(await they.calls('win', winOf(bet, ONE))), 'ERROR_BET_ROLLED_BACK');
    const early = backOf(late);
    for (let i = 0; i < 2; i += 1) ok(await they.calls('rollback', early), null);
    assert.equal(statusOf(await they.calls('win', winOf(late, ONE))), 'ERROR_BET_ROLLED_BACK');
    for (let i = 0; i < 2; i += 1) ok(await they.calls('bet', late), 1_000);
    assert.equal(statusOf(await they.calls('win', winOf(late, ONE))), 'ERROR_BET_ROLLED_BACK');
    ok(await they.calls('rollback', early), null);
    assert.equal(
      statusOf(await they.calls('rollback', { ...early, betId: bet.betId })),
      'ERROR_ID_USED_BEFORE',
    );
  });

  it('gets a bet back whole, whatever amount its rollback names', async () => {
    const bet = betOf(await they.server.aPlayer());
    ok(await they.calls('bet', bet), 900);
    ok(await they.calls('rollback', { ...backOf(bet), amount: 7, currency: 'EUR' }), 1_000);
  });

  it('may not have a settled bet back, and hears so each time', async () => {
    const player = await they.server.aPlayer();
    const bet = betOf(player);
    await they.calls('bet', bet);
    ok(await they.calls('win', winOf(bet, 0)), 900);
    const back = backOf(bet);
    for (let i = 0; i < 2; i += 1) {
      const { status, retry } = has(await they.calls('rollback', back), 200);
      assert.deepEqual([status, retry], ['ERROR_BET_SETTLED', false]);
    }
    assert.equal(await they.cashOf(player), 900);
  });

  it('loses nothing where thirty bets and their rollbacks race', async () => {
    const player = await they.server.aPlayer(10_000);
    const bets = Array.from({ length: 30 }, () => betOf(player));
    const replies = await Promise.all(
      bets.flatMap((bet) => [
        they.calls('bet', bet),
        they.calls('rollback', backOf(bet)),
        they.calls('bet', bet),
      ]),
    );
    assert.ok(replies.every((reply) => statusOf(reply) === 'OK'));
    assert.equal(await they.cashOf(player), 10_000);
  });

  it('may not send what the scale would round, nor a currency with more decimals than the scale', async () => {
    const player = await they.server.aPlayer();
    const before_ = await they.counts();
    for (const [amount, currency, multiple] of [
      [1, 'SEK', 1_000],
      [999, 'SEK', 1_000],
      [1_250_500, 'SEK', 1_000],
      [50_000, 'JPY', 100_000],
      [150, 'KWD', 100],
      [15, 'CLF', 10],
    ] as const) {
      const { status, errors } = has(await they.calls('bet', { ...betOf(player), amount, currency }), 200);
      assert.deepEqual(
        [status, errors],
        [
          'ERROR_REQUEST',
          [{ pointer: '/amount', detail: `must be a multiple of ${String(multiple)} for ${currency}` }],
        ],
      );
    }
    for (const amount of [-1_000, 0.5, 1e300, 9_007_199_254_740_992, '1000', null]) {
      assert.equal(statusOf(await they.calls('bet', { ...betOf(player), amount })), 'ERROR_REQUEST');
    }
    assert.equal(statusOf(await they.calls('bet', { ...betOf(player), currency: 'BTC' })), 'ERROR_CURRENCY');
    assert.equal(statusOf(await they.calls('bet', { ...betOf(player), currency: 'EUR' })), 'ERROR_CURRENCY');
    const { transfers } = (await they.counts()) as { transfers: bigint };
    assert.equal(transfers, (before_ as { transfers: bigint }).transfers);
  });

  it('hears no balance where a JSON number would not carry it at this scale', async () => {
    const rich = await they.server.aPlayer(9_007_199_254_741);
    const { status, balance } = has(await they.calls('bet', betOf(rich, 0)), 200);
    assert.deepEqual([status, balance], ['OK', null]);
    assert.equal(has(await they.calls('bet', betOf(rich)), 200)['balance'], 9_007_199_254_641_000);
  });

  it('may not have a win paid to another player, in another currency or round than its bet', async () => {
    const [player, other] = [await they.server.aPlayer(), await they.server.aPlayer()];
    const bet = betOf(player);
    await they.calls('bet', bet);
    await they.calls('bet', { ...betOf(player, 0), roundId: 'another-round' });
    for (const wrong of [{ playerId: other }, { currency: 'JPY' }, { roundId: 'another-round' }])
      assert.equal(statusOf(await they.calls('win', { ...winOf(bet, ONE), ...wrong })), 'ERROR_NOT_POSSIBLE');
    ok(await they.calls('win', winOf(bet, ONE)), 1_000);
  });

  it('hears of a player who is not known that it may send the same again', async () => {
    const { status, retry } = has(await they.calls('bet', betOf(fresh('nobody'))), 200);
    assert.deepEqual([status, retry], ['ERROR_PLAYER_UNKNOWN', true]);
  });
});
