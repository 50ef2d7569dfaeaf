import assert from 'node:assert/strict';
import { startApi, type Api, type Who } from './apiUnderTest.ts';

describe('players', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const register = (playerId: string, currencies: string[], jurisdiction = 'MT', as: Who = 'cashier') =>
    api.call({ method: 'PUT', path: `/v1/players/${playerId}`, as, body: { currencies, jurisdiction } });
  const award = (playerId: string, body: object, as: Who = 'otherGame') =>
    api.call({
      method: 'POST',
      path: `/v1/players/${playerId}/awards`,
      as,
      body: { kind: 'promo', currency: 'SEK', ...body },
    });
  const balances = async (playerId: string) =>
    (await api.call({ path: `/v1/players/${playerId}/balance`, as: 'game' })).json['balances'];
  const inSek = (cash: number, owed = 0) => [
    { currency: 'SEK', cash, inPlay: 0, pendingWithdrawals: 0, owed },
  ];

  it('are registered by the cashier, in every jurisdiction we know, and read by the staff', async () => {
    for (const jurisdiction of ['MT', 'SE', 'GB', 'NJ', 'DK']) {
      const reply = await register('p-1', ['SEK', 'EUR', 'SEK'], jurisdiction);
      assert.equal(reply.status, 200);
      assert.deepEqual(reply.json, {
        playerId: 'p-1',
        jurisdiction,
        currencies: ['EUR', 'SEK'],
        limits: [],
        blocks: [],
      });
    }
    for (const as of ['cashier', 'support', 'finance', 'finance-approver', 'admin'] as const) {
      assert.equal((await api.call({ path: '/v1/players/p-1', as })).json['jurisdiction'], 'DK');
    }
    assert.equal((await register('p-2', ['SEK'], 'MT', 'game')).status, 403);
    assert.equal((await register('p-2', ['SEK'], 'XX')).status, 400);
    assert.equal((await register('p-2', ['SEK', 'XTS'])).json['code'], 'unknown_currency');
    assert.equal((await api.call({ path: '/v1/players/p-2', as: 'cashier' })).status, 404);
  });

  it('may be registered by two at once', async () => {
    const replies = await Promise.all(
      Array.from({ length: 8 }, () => register('p-twice', ['SEK', 'EUR', 'GBP'])),
    );
    assert.deepEqual(new Set(replies.map(({ status }) => status)), new Set([200]));
  });

  it('keep a currency while it holds money', async () => {
    await register('p-money', ['SEK', 'EUR']);
    await award('p-money', { awardId: 'a-money', amount: 100 });
    const reply = await register('p-money', ['EUR']);
    assert.equal(reply.status, 409);
    assert.equal(reply.json['code'], 'invalid_state');
    assert.match(String(reply.json['detail']), /still holds money/);
    assert.deepEqual((await api.call({ path: '/v1/players/p-money', as: 'cashier' })).json['currencies'], [
      'EUR',
      'SEK',
    ]);
    assert.deepEqual((await register('p-money', ['SEK'])).json['currencies'], ['SEK']);
  });

  it('have an id of any 128 visible characters, percent-encoded in the path', async () => {
    const playerId = `a/b?c#d%e:"'\\${'~'.repeat(115)}`;
    const reply = await register(encodeURIComponent(playerId), ['SEK']);
    assert.equal(reply.json['playerId'], playerId);
    assert.deepEqual(await balances(encodeURIComponent(playerId)), inSek(0));
    assert.equal((await register(encodeURIComponent(`${playerId}x`), ['SEK'])).status, 400);
  });

  describe('awards', () => {
    it('are a win without a wager, once, and answer the same again with the balance as it was then', async () => {
      await register('p-award', ['SEK']);
      const first = await award('p-award', { awardId: 'a-1', amount: 500, gameId: 'g' });
      assert.equal(first.status, 201);
      assert.deepEqual(
        { ...first.json, transferId: undefined },
        { awardId: 'a-1', outcome: 'applied', balance: 500, transferId: undefined },
      );
      assert.equal((await award('p-award', { awardId: 'a-2', amount: 70 })).json['balance'], 570);
      const again = await award('p-award', { awardId: 'a-1', amount: 500, gameId: 'g' });
      assert.equal(again.status, 201);
      assert.deepEqual(again.json, first.json);
      assert.equal(again.headers['idempotency-replayed'], 'true');
      assert.deepEqual(await balances('p-award'), inSek(570));
    });

    it('come once when they are sent twenty times together', async () => {
      await register('p-many', ['SEK']);
      const replies = await Promise.all(
        Array.from({ length: 20 }, () => award('p-many', { awardId: 'a-many', amount: 10 })),
      );
      assert.deepEqual(new Set(replies.map(({ text }) => text)).size, 1);
      assert.deepEqual(await balances('p-many'), inSek(10));
    });

    it('with other content under the same id are a conflict, whatever the other content is', async () => {
      await register('p-conflict', ['SEK']);
      await award('p-conflict', { awardId: 'a-conflict', amount: 10 });
      for (const change of [{ amount: 11 }, { kind: 'tournament' }, { gameId: 'g' }, { currency: 'XTS' }]) {
        const reply = await award('p-conflict', { awardId: 'a-conflict', amount: 10, ...change });
        assert.equal(reply.json['code'], 'idempotency_conflict', JSON.stringify(change));
      }
      assert.deepEqual(await balances('p-conflict'), inSek(10));
    });

    it('of two clients may have the same id', async () => {
      await register('p-two', ['SEK']);
      assert.equal((await award('p-two', { awardId: 'a-two', amount: 1 }, 'game')).json['balance'], 1);
      assert.equal((await award('p-two', { awardId: 'a-two', amount: 2 }, 'otherGame')).json['balance'], 3);
    });

    it('are refused for good where the currency is not configured or not the player’s', async () => {
      for (const [currency, code] of [
        ['XTS', 'unknown_currency'],
        ['EUR', 'currency_mismatch'],
      ] as const) {
        await register('p-refused', ['SEK']);
        const first = await award('p-refused', { awardId: `a-${currency}`, amount: 1, currency });
        assert.equal(first.status, 422);
        assert.equal(first.json['code'], code);
        await register('p-refused', ['SEK', 'EUR']);
        const again = await award('p-refused', { awardId: `a-${currency}`, amount: 1, currency });
        assert.equal(again.json['code'], code);
        assert.equal(again.headers['idempotency-replayed'], 'true');
      }
      assert.equal(
        (await award('p-refused', { awardId: 'a-XTS', amount: 1 })).json['code'],
        'idempotency_conflict',
      );
    });

    it('of a player not there yet are 404, and applied once the player is', async () => {
      assert.equal((await award('p-later', { awardId: 'a-later', amount: 5 })).status, 404);
      assert.equal((await award('p-later', { awardId: 'a-later', amount: 5, currency: 'XTS' })).status, 404);
      await register('p-later', ['SEK']);
      assert.equal((await award('p-later', { awardId: 'a-later', amount: 5 })).status, 201);
    });

    it('past 2^53-1 are too large, and change nothing', async () => {
      await register('p-rich', ['SEK']);
      assert.equal(
        (await award('p-rich', { awardId: 'a-rich', amount: 9_007_199_254_740_991 })).json['balance'],
        9_007_199_254_740_991,
      );
      assert.equal(
        (await award('p-rich', { awardId: 'a-richer', amount: 1 })).json['code'],
        'amount_too_large',
      );
      assert.deepEqual(await balances('p-rich'), inSek(9_007_199_254_740_991));
    });
  });

  describe('balances', () => {
    it('of an unknown player are 404', async () => {
      assert.equal((await api.call({ path: '/v1/players/nobody/balance', as: 'game' })).status, 404);
    });

    it('count stakes in play', async () => {
      await register('p-stake', ['SEK']);
      await award('p-stake', { awardId: 'a-stake', amount: 500 });
      const wager = { wagerId: 'w-stake', playerId: 'p-stake', gameId: 'g', amount: 120, currency: 'SEK' };
      assert.equal(
        (await api.call({ method: 'POST', path: '/v1/rounds/r-stake/wagers', as: 'game', body: wager }))
          .status,
        201,
      );
      assert.deepEqual(await balances('p-stake'), [
        { currency: 'SEK', cash: 380, inPlay: 120, pendingWithdrawals: 0, owed: 0 },
      ]);
    });
  });
});
