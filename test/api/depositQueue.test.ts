import assert from 'node:assert/strict';
import { openDeposit, stepDeposit } from '../../payments/index.ts';
import { register } from '../../players/index.ts';
import { terms } from '../payments/aWebhookQueue.ts';
import { startApi, type Api } from './apiUnderTest.ts';

type Item = Record<string, unknown>;

describe('the queue of deposits, over HTTP', () => {
  let api: Api;
  const IDS = ['d-1', 'd-2', '=d-3', 'd-4', 'd-5'];

  before(async () => {
    api = await startApi();
    const { pool } = api.database;
    const playerId = 'p-1';
    await register(pool, { playerId, jurisdiction: 'MT', currencies: ['SEK'] });
    for (const [nth, depositId] of IDS.entries()) {
      const money = { minor: String((nth + 1) * 100), currency: 'SEK' };
      const request = { method: { type: 'card', token: 't' }, returnUrl: 'https://x.example' };
      const input = { depositId, clientId: 'cashier', playerId, money, ...request, request, objection: null };
      await openDeposit(pool, { ...input, expiresInMs: 60_000 }, `deposit/${depositId}`, terms);
    }
    const captured = { seq: 1, event: 'captured', to: 'credited', provider: 'nordpay' } as const;
    await stepDeposit(pool, { depositId: 'd-2', ...captured });
  });
  after(() => api.stop());

  const get = (query: string, headers = {}, as: 'finance' | 'cashier' = 'finance') =>
    api.call({ path: `/v1/deposits${query}`, as, headers });
  const idsOf = (json: Item) => (json['items'] as Item[]).map(({ depositId }) => depositId);

  it('is read oldest first, page by page, each once', async () => {
    const seen: unknown[] = [];
    let page = (await get('?limit=2')).json;
    for (;;) {
      seen.push(...idsOf(page));
      if (typeof page['nextCursor'] !== 'string') break;
      page = (await get(`?limit=2&cursor=${page['nextCursor']}`)).json;
    }
    assert.deepEqual(seen, IDS);
  });

  it('shows what its filters let through, with what finance may do', async () => {
    const { json } = await get('?status=credited&provider=nordpay&playerId=p-1');
    assert.deepEqual(idsOf(json), ['d-2']);
    assert.deepEqual((json['items'] as Item[])[0]?.['allowedActions'], ['refund']);
    assert.deepEqual(idsOf((await get('?status=pending', {}, 'cashier')).json), [
      ...['d-1', '=d-3', 'd-4', 'd-5'],
    ]);
    for (const query of ['?status=failed', '?playerId=p-2', '?currency=EUR', '?minAge=3600'])
      assert.deepEqual(idsOf((await get(query)).json), [], query);
    assert.equal((await get('?status=paid')).status, 400);
  });

  it('comes as CSV, where no cell is run as a formula', async () => {
    const { headers, text } = await get('', { Accept: 'text/csv' });
    assert.match(headers['content-type'] ?? '', /^text\/csv/);
    const [head, ...rows] = text.trimEnd().split('\r\n');
    assert.match(head ?? '', /^depositId,playerId,amount,currency,status,/);
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 3).join(',')),
      IDS.map((id, nth) => `${id.replace('=', "'=")},p-1,${String((nth + 1) * 100)}`),
    );
  });
});
