import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { startApi, type Api } from './apiUnderTest.ts';

type Item = Record<string, unknown>;

describe('the ledger, read over HTTP', () => {
  let api: Api;
  const CASH = '/v1/ledger/accounts/player_cash:p:1:SEK';
  const moments: Date[] = [];

  before(async () => {
    api = await startApi();
    for (const [playerId, currencies] of [
      ['p:1', ['SEK', 'EUR']],
      ['p-2', ['SEK']],
    ] as const) {
      await api.call({
        method: 'PUT',
        path: `/v1/players/${playerId}`,
        as: 'cashier',
        body: { currencies, jurisdiction: 'MT' },
      });
    }
    for (let n = 1; n <= 7; n++) {
      // A moment has whole milliseconds: it must lie between two awards all the same.
      await sleep(3);
      moments.push(new Date());
      await sleep(3);
      const body = { awardId: `a-${String(n)}`, kind: 'promo', amount: n, currency: 'SEK' };
      assert.equal(
        (await api.call({ method: 'POST', path: '/v1/players/p:1/awards', as: 'otherGame', body })).status,
        201,
      );
    }
  });
  after(() => api.stop());

  const get = (path: string) => api.call({ path, as: 'support' });
  const items = async (path: string) => (await get(path)).json['items'] as Item[];

  it('is for people alone', async () => {
    for (const path of ['/v1/ledger/accounts', CASH, `${CASH}/entries`, '/v1/ledger/liability']) {
      assert.equal((await api.call({ path, as: 'game' })).status, 403);
      assert.equal((await api.call({ path, as: 'cashier' })).status, 403);
    }
  });

  it('shows an account whose owner has a colon in the name', async () => {
    const { json } = await get(CASH);
    assert.deepEqual(
      { ...json, at: '' },
      {
        accountId: 'player_cash:p:1:SEK',
        kind: 'player_cash',
        owner: 'p:1',
        currency: 'SEK',
        posted: 28,
        held: 0,
        available: 28,
        at: '',
      },
    );
    assert.match(String(json['at']), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  it('shows an account as it was at a moment, zero before its first entry', async () => {
    const posted = [];
    for (const at of [...moments, new Date()])
      posted.push((await get(`${CASH}?at=${at.toISOString()}`)).json['posted']);
    assert.deepEqual(posted, [0, 1, 3, 6, 10, 15, 21, 28]);
    assert.equal((await get(`${CASH}?at=0001-01-01T00:00:00Z`)).json['posted'], 0);
    const inTokyo = new Date(moments[3]!.getTime() + 9 * 3_600_000).toISOString().replace('Z', '%2B09:00');
    assert.equal((await get(`${CASH}?at=${inTokyo}`)).json['posted'], 6);
  });

  it('answers 404 for an account that is not there, now or then', async () => {
    for (const path of ['player_cash:nobody:SEK', 'no_such_kind:p:1:SEK', 'player_cash:p:1:SEK:SEK']) {
      assert.equal((await get(`/v1/ledger/accounts/${path}`)).status, 404);
      assert.equal((await get(`/v1/ledger/accounts/${path}?at=2026-01-01T00:00:00Z`)).status, 404);
      assert.equal((await get(`/v1/ledger/accounts/${path}/entries`)).status, 404);
    }
  });

  it('finds accounts by owner, kind and currency, page by page', async () => {
    assert.deepEqual(
      (await items('/v1/ledger/accounts?owner=p:1&currency=EUR')).map(({ kind }) => kind),
      ['player_cash', 'player_held', 'player_receivable'],
    );
    assert.deepEqual(
      (await items('/v1/ledger/accounts?kind=player_cash&currency=SEK')).map(({ owner }) => owner),
      ['p-2', 'p:1'],
    );
    const all = (await items('/v1/ledger/accounts?limit=200')).map(({ accountId }) => accountId);
    const paged: unknown[] = [];
    let cursor: string | null = '';
    do {
      const { json } = await get(`/v1/ledger/accounts?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`);
      paged.push(...(json['items'] as Item[]).map(({ accountId }) => accountId));
      cursor = json['nextCursor'] as string | null;
    } while (cursor !== null);
    assert.deepEqual(paged, all);
    assert.ok(all.includes('house_promotions:house:SEK'));
  });

  it('lists entries newest first, page by page, each with its balance after', async () => {
    const first = await get(`${CASH}/entries?limit=5`);
    const second = await get(`${CASH}/entries?limit=5&cursor=${String(first.json['nextCursor'])}`);
    const entries = [...(first.json['items'] as Item[]), ...(second.json['items'] as Item[])];
    assert.deepEqual(
      entries.map(({ amount, balanceAfter }) => [amount, balanceAfter]),
      [
        [7, 28],
        [6, 21],
        [5, 15],
        [4, 10],
        [3, 6],
        [2, 3],
        [1, 1],
      ],
    );
    assert.equal(second.json['nextCursor'], null);
    assert.deepEqual(Object.keys(entries[0]!), [
      'entryId',
      'transferId',
      'code',
      'amount',
      'balanceAfter',
      'businessId',
      'happenedAt',
      'writtenAt',
    ]);
    assert.equal(entries[0]!['businessId'], 'award/otherGame/a-7');
  });

  it('refuses a cursor that is none, or is of another list', async () => {
    const { json } = await get('/v1/ledger/accounts?limit=1');
    const forged = (key: unknown) => Buffer.from(JSON.stringify(key)).toString('base64url');
    for (const cursor of [
      'x',
      String(json['nextCursor']),
      forged([]),
      forged(['1', "'; drop table x"]),
      forged(['99999999999999999999', '1']),
      forged(['1', '\u0000']),
    ]) {
      const reply = await get(`${CASH}/entries?cursor=${cursor}`);
      assert.equal(reply.status, 400, cursor);
      assert.equal((reply.json['errors'] as Item[])[0]!['pointer'], '/cursor');
    }
  });

  it('says what is owed to the players', async () => {
    const { json } = await get('/v1/ledger/liability');
    const sek = (json['currencies'] as Item[]).find(({ currency }) => currency === 'SEK');
    assert.deepEqual(sek, {
      currency: 'SEK',
      cash: 28,
      inPlay: 0,
      pendingWithdrawals: 0,
      payoutsInFlight: 0,
      returned: 0,
      total: 28,
    });
  });
});
