import assert from 'node:assert/strict';
import { award, register } from '../../players/index.ts';
import { openWithdrawal } from '../../payments/index.ts';
import { startApi, type Api } from './apiUnderTest.ts';

type Item = Record<string, unknown>;

describe('the queue of withdrawals, over HTTP', () => {
  let api: Api;
  const IDS = ['w-1', 'w-2', '=w-3', 'w-4', 'w-5'];

  before(async () => {
    api = await startApi();
    const { pool } = api.database;
    const playerId = 'p-1';
    await register(pool, { playerId, jurisdiction: 'MT', currencies: ['SEK'] });
    const gift = { clientId: 'game', awardId: 'a', playerId, currency: 'SEK', amount: 100_000n };
    await award(pool, { ...gift, request: {}, objection: null });
    const terms = {
      ...{ providers: ['nordpay'], fallback: 'off' as const, needsApproval: false },
      ...{ askFirstAfterMs: 1_000, askAtMostEveryMs: 1_000, overdueAfterMs: 1_000 },
    };
    for (const [nth, withdrawalId] of IDS.entries()) {
      const money = { minor: String((nth + 1) * 100), currency: 'SEK' };
      const destination = { type: 'bank', account: 'SIM-PAID' };
      const input = {
        withdrawalId,
        clientId: 'cashier',
        playerId,
        money,
        destination,
        request: { destination },
      };
      const opened = await openWithdrawal(pool, { ...input, objection: null }, `w/${withdrawalId}`, terms);
      assert.equal(opened.outcome, 'opened');
    }
  });
  after(() => api.stop());

  const get = (query: string, headers = {}) =>
    api.call({ path: `/v1/withdrawals${query}`, as: 'finance', headers });

  it('is read oldest first, page by page, each once', async () => {
    const seen: unknown[] = [];
    let page = (await get('?limit=2')).json;
    for (;;) {
      seen.push(...(page['items'] as Item[]).map(({ withdrawalId }) => withdrawalId));
      if (typeof page['nextCursor'] !== 'string') break;
      page = (await get(`?limit=2&cursor=${page['nextCursor']}`)).json;
    }
    assert.deepEqual(seen, IDS);
  });

  it('shows what its filters let through, and nothing where nothing is', async () => {
    const count = async (query: string) => ((await get(query)).json['items'] as Item[]).length;
    assert.equal(await count('?status=held&playerId=p-1&currency=SEK'), 5);
    for (const query of [
      '?status=paid',
      '?playerId=p-2',
      '?currency=EUR',
      '?provider=nordpay',
      '?minAge=3600',
    ])
      assert.equal(await count(query), 0, query);
  });

  it('is summed up by its age', async () => {
    const { owner } = api.database;
    await owner.query(
      `update payments.withdrawals set since = since - interval '2 days' where withdrawal_id in ('w-1', 'w-2')`,
    );
    await owner.query(`update payments.withdrawals set state = 'paid' where withdrawal_id = 'w-5'`);
    const { json } = await get('/ageing');
    const lines = (json['items'] as Item[]).map(({ oldestSince: _, ...line }) => line);
    assert.deepEqual(lines, [
      { status: 'held', currency: 'SEK', age: 'under_3d', count: 2, amount: 300 },
      { status: 'held', currency: 'SEK', age: 'under_1h', count: 2, amount: 700 },
    ]);
    const { text } = await get('/ageing', { Accept: 'text/csv' });
    assert.match(text, /^status,currency,age,count,amount,oldestSince\r\nheld,SEK,under_3d,2,300,/);
    await owner.query(`update payments.withdrawals set state = 'held'`);
  });

  it('comes as CSV, where no cell is run as a formula', async () => {
    const { headers, text } = await get('?status=held', { Accept: 'text/csv' });
    assert.match(headers['content-type'] ?? '', /^text\/csv/);
    const [head, ...rows] = text.trimEnd().split('\r\n');
    assert.match(head ?? '', /^withdrawalId,playerId,amount,currency,status,/);
    assert.deepEqual(
      rows.map((row) => row.split(',').slice(0, 5).join(',')),
      IDS.map((id, nth) => `${id.replace('=', "'=")},p-1,${String((nth + 1) * 100)},SEK,held`),
    );
  });
});
