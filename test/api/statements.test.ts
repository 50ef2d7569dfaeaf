import assert from 'node:assert/strict';
import { startApi, type Api } from './apiUnderTest.ts';

type Item = Record<string, unknown>;

describe('statements, over HTTP', () => {
  let api: Api;
  const PLAYER = '/v1/players/p-1/statement?currency=SEK';
  const HOUSE = '/v1/ledger/accounts/house_promotions:house:SEK/statement';

  before(async () => {
    api = await startApi();
    const player = { currencies: ['SEK', 'EUR'], jurisdiction: 'MT' };
    for (const playerId of ['p-1', 'p-2', 'p-3'])
      await api.call({ method: 'PUT', path: `/v1/players/${playerId}`, as: 'cashier', body: player });
    for (let n = 1; n <= 9; n++) {
      const body = { awardId: `a-${String(n)}`, kind: 'promo', amount: n, currency: 'SEK' };
      for (const playerId of n % 3 === 0 ? ['p-1', 'p-2', 'p-3'] : ['p-1']) {
        const award = { ...body, awardId: `${body.awardId}-${playerId}` };
        const path = `/v1/players/${playerId}/awards`;
        assert.equal((await api.call({ method: 'POST', path, as: 'game', body: award })).status, 201);
      }
    }
  });
  after(() => api.stop());

  const get = (path: string, headers = {}) => api.call({ path, as: 'finance', headers });
  const amounts = (items: unknown) => (items as Item[]).map(({ amount }) => amount);

  it('run from the opening to the closing balance, newest first', async () => {
    const { status, json } = await get(PLAYER);
    assert.equal(status, 200);
    assert.deepEqual([json['playerId'], json['opening'], json['closing']], ['p-1', 0, 45]);
    assert.deepEqual(amounts(json['items']), [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    const balances = (json['items'] as Item[]).map(({ balanceAfter }) => balanceAfter);
    assert.deepEqual(balances, [45, 36, 28, 21, 15, 10, 6, 3, 1]);
    assert.equal((json['items'] as Item[])[0]?.['code'], 'award');
  });

  it('open where the one before closed', async () => {
    const { json } = await get(PLAYER);
    const middle = (json['items'] as Item[])[4]?.['writtenAt'] as string;
    const [earlier, later] = [await get(`${PLAYER}&to=${middle}`), await get(`${PLAYER}&from=${middle}`)];
    assert.equal(earlier.json['closing'], later.json['opening']);
    const both = [...amounts(later.json['items']), ...amounts(earlier.json['items'])];
    assert.deepEqual(both, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
  });

  for (const path of [PLAYER, `${HOUSE}?`]) {
    it(`are read in pages forwards and back, each entry once: ${path}`, async () => {
      const whole = (await get(path)).json['items'] as Item[];
      const pages: Item[][] = [];
      let last = (await get(`${path}&limit=4`)).json;
      pages.push(last['items'] as Item[]);
      while (typeof last['nextCursor'] === 'string') {
        last = (await get(`${path}&limit=4&cursor=${last['nextCursor']}`)).json;
        pages.push(last['items'] as Item[]);
      }
      assert.deepEqual(pages.flat(), whole);
      const back = (await get(`${path}&limit=4&cursor=${String(last['previousCursor'])}`)).json;
      assert.deepEqual(back['items'], pages.at(-2));
    });
  }

  it('come as CSV in order of time, with the balances at both ends', async () => {
    const { headers, text } = await get(PLAYER, { Accept: 'text/csv' });
    assert.match(headers['content-type'] ?? '', /^text\/csv/);
    const [head, ...rows] = text.trim().split('\n');
    const at = (column: string) => (head ?? '').trim().split(',').indexOf(column);
    const column = (name: string) => rows.map((row) => row.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/)[at(name)]);
    assert.deepEqual(column('code'), ['opening', ...Array.from({ length: 9 }, () => 'award'), 'closing']);
    assert.deepEqual(column('balanceAfter'), ['0', '1', '3', '6', '10', '15', '21', '28', '36', '45', '45']);
  });

  it('of nothing are empty, and of nobody not found', async () => {
    const { json } = await get('/v1/players/p-1/statement?currency=EUR');
    assert.deepEqual([json['opening'], json['closing'], json['items'], json['nextCursor']], [0, 0, [], null]);
    assert.equal((await get('/v1/players/nobody/statement?currency=SEK')).status, 404);
    assert.equal((await get('/v1/ledger/accounts/player_cash:nobody:SEK/statement')).status, 404);
  });

  it('name what is wrong with the question', async () => {
    const times = 'from=2026-02-02T00:00:00Z&to=2026-02-01T00:00:00Z';
    for (const [query, pointer] of [
      ['from=yesterday', '/from'],
      ['to=2026-02-30T00:00:00Z', '/to'],
      [times, '/from'],
      ['cursor=nonsense', '/cursor'],
      ['limit=0', '/limit'],
    ]) {
      const { status, json } = await get(`${PLAYER}&${String(query)}`);
      assert.equal(status, 400, query);
      assert.equal((json['errors'] as Item[])[0]?.['pointer'], pointer, query);
    }
    assert.equal((await get('/v1/players/p-1/statement')).status, 400);
    assert.equal((await api.call({ path: PLAYER, as: 'game' })).status, 403);
    assert.equal((await api.call({ path: HOUSE, as: 'cashier' })).status, 403);
  });

  it('have their transfers, by business record and one by one', async () => {
    const businessId = ((await get(PLAYER)).json['items'] as Item[])[0]?.['businessId'] as string;
    const { json } = await get(`/v1/ledger/transfers?businessId=${businessId}`);
    const [transfer] = json['items'] as Item[];
    assert.equal(transfer?.['businessId'], businessId);
    const one = await get(`/v1/ledger/transfers/${String(transfer['transferId'])}`);
    assert.deepEqual(one.json, transfer);
    const missing = await get('/v1/ledger/transfers/00000000-0000-4000-8000-000000000000');
    assert.equal(missing.status, 404);
    assert.deepEqual((await get('/v1/ledger/transfers?businessId=nothing')).json['items'], []);
  });
});
