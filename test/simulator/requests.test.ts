import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aPayment, aPayout, aScene, soon, type Answer, type Scene } from './parties.ts';

describe('simulator: what a merchant may ask', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  const code = ({ status, body }: Answer) => [status, body['code']];

  async function aCapturedPayment(): Promise<string> {
    const { body } = await scene.provider.pay('sim_captured');
    await soon(async () => (await scene.provider.stateOf('payments', 'pay-1')) === 'captured');
    return String(body['id']);
  }
  const refund = (id: string, key: string, amount: unknown) =>
    scene.provider.send('POST', `/payments/${id}/refund`, { key, body: { amount } });

  it('makes one payment of requests with one key, however many come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => scene.provider.pay('sim_captured')));
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [...Array<number>(9).fill(200), 201]);
    assert.equal(new Set(answers.map(({ body }) => body['id'])).size, 1);
    await soon(() => scene.merchant.told.length === 1);
    await sleep(100);
    assert.equal(scene.merchant.told.length, 1);
    assert.equal((await scene.provider.books('dep-1')).length, 1);
  });

  for (const [what, change] of Object.entries({
    amount: { amount: 1_251 },
    currency: { currency: 'EUR' },
    reference: { reference: 'dep-2' },
    method: { method: { type: 'card', token: 'sim_declined' } },
    returnUrl: { returnUrl: 'https://shop.example/other' },
    expiresAt: { expiresAt: '2030-01-01T00:00:00.000Z' },
  })) {
    it(`refuses a payment under a known key with another ${what}`, async () => {
      await scene.provider.pay('sim_captured');
      assert.deepEqual(code(await scene.provider.pay('sim_captured', 'pay-1', change)), [
        409,
        'idempotency_conflict',
      ]);
      assert.equal((await scene.provider.books()).length, 1);
    });
  }

  it('refuses a payout under a known key with another amount, account or attempt', async () => {
    await scene.provider.payOut('SIM-STUCK');
    for (const change of [
      { amount: 1 },
      { destination: { type: 'bank', account: 'SIM-PAID' } },
      { attempt: 2 },
    ]) {
      assert.deepEqual(code(await scene.provider.payOut('SIM-STUCK', 'out-1', change)), [
        409,
        'idempotency_conflict',
      ]);
    }
    assert.equal((await scene.provider.books()).length, 1);
  });

  it('keeps the keys of payments and payouts apart', async () => {
    assert.equal((await scene.provider.pay('sim_captured', 'same')).status, 201);
    assert.equal((await scene.provider.payOut('SIM-PAID', 'same')).status, 201);
  });

  it('finds payments and payouts by key, by reference and by id, and nothing by an unknown key', async () => {
    const first = await scene.provider.payOut('SIM-STUCK', 'out-1');
    const second = await scene.provider.payOut('SIM-STUCK', 'out-2');
    await scene.provider.pay('sim_abandoned', 'pay-1', { reference: 'wd-1' });
    const ids = async (query: string) => (await scene.provider.get(query)).body.items?.map(({ id }) => id);
    assert.deepEqual(await ids('/payouts?reference=wd-1'), [first.body['id'], second.body['id']]);
    assert.deepEqual(await ids('/payouts?key=out-2'), [second.body['id']]);
    assert.deepEqual(await ids('/payouts?key=out-2&reference=other'), []);
    assert.deepEqual(await ids('/payouts?key=pay-1'), []);
    assert.deepEqual(await ids('/payments?key=unknown'), []);
    assert.equal((await ids('/payments?reference=wd-1'))?.length, 1);
    assert.deepEqual((await scene.provider.get(`/payouts/${String(first.body['id'])}`)).body, first.body);
    assert.deepEqual(code(await scene.provider.get(`/payments/${String(first.body['id'])}`)), [
      404,
      'not_found',
    ]);
  });

  it('cancels a pending payment for good: it is never captured, and the books say declined', async () => {
    const slower = await aScene({ timeScale: 1 });
    try {
      const { body } = await slower.provider.pay('sim_captured');
      for (const time of ['first', 'second']) {
        const cancelled = await slower.provider.send('POST', `/payments/${String(body['id'])}/cancel`);
        assert.deepEqual([cancelled.status, cancelled.body['state']], [200, 'cancelled'], time);
      }
      await sleep(600);
      assert.equal(await slower.provider.stateOf('payments', 'pay-1'), 'cancelled');
      assert.deepEqual(
        (await slower.provider.books('dep-1')).map(({ state }) => state),
        ['declined'],
      );
      assert.deepEqual(slower.merchant.told, []);
    } finally {
      await slower.end();
    }
  });

  it('does not cancel a captured payment', async () => {
    const answer = await scene.provider.send('POST', `/payments/${await aCapturedPayment()}/cancel`);
    assert.deepEqual(code(answer), [409, 'not_cancellable']);
    assert.equal((answer.body['payment'] as { state: string }).state, 'captured');
  });

  it('refunds in parts, never more than was captured, and each key once', async () => {
    const id = await aCapturedPayment();
    const first = await refund(id, 'ref-1', 1_000);
    assert.equal(first.status, 201);
    const { payment, ...rest } = first.body as { payment: { state: string; refundedAmount: number } };
    assert.deepEqual([payment.state, payment.refundedAmount], ['captured', 1_000]);
    const repeat = await refund(id, 'ref-1', 1_000);
    assert.equal(repeat.status, 200);
    assert.equal(repeat.body['id'], (rest as { id?: string }).id);
    assert.deepEqual(code(await refund(id, 'ref-1', 250)), [409, 'idempotency_conflict']);
    assert.deepEqual(code(await refund(id, 'ref-2', 251)), [422, 'refund_exceeds_captured']);
    assert.equal((await refund(id, 'ref-2', 250)).status, 201);
    assert.deepEqual(code(await refund(id, 'ref-3', 1)), [422, 'not_refundable']);
    assert.deepEqual(
      (await scene.provider.books('dep-1')).map(({ state }) => state),
      ['refunded'],
    );
  });

  it('never refunds more than was captured when refunds come at once', async () => {
    const id = await aCapturedPayment();
    const answers = await Promise.all(
      Array.from({ length: 5 }, (_, index) => refund(id, `ref-${String(index)}`, 500)),
    );
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [201, 201, 422, 422, 422]);
  });

  it('does not refund a pending payment', async () => {
    const { body } = await scene.provider.pay('sim_abandoned');
    assert.deepEqual(code(await refund(String(body['id']), 'ref-1', 1)), [422, 'not_refundable']);
  });

  it('does not charge back what was refunded in full', async () => {
    const slower = await aScene({ timeScale: 4 });
    try {
      const { body } = await slower.provider.pay('sim_chargeback');
      await soon(() => slower.merchant.states().includes('captured'));
      const path = `/payments/${String(body['id'])}/refund`;
      assert.equal(
        (await slower.provider.send('POST', path, { key: 'ref-1', body: { amount: 1_250 } })).status,
        201,
      );
      await sleep(700);
      assert.equal(await slower.provider.stateOf('payments', 'pay-1'), 'refunded');
      assert.deepEqual(slower.merchant.states(), ['captured']);
    } finally {
      await slower.end();
    }
  });

  it('turns away a missing or wrong API key', async () => {
    for (const apiKey of ['', 'wrong', 'key-of-the-provider2']) {
      assert.deepEqual(code(await scene.provider.send('GET', '/payments?key=x', { apiKey })), [
        401,
        'unauthorized',
      ]);
      const request = { apiKey, key: 'pay-1', body: aPayment('sim_captured') };
      assert.deepEqual(code(await scene.provider.send('POST', '/payments', request)), [401, 'unauthorized']);
    }
    assert.deepEqual(await scene.provider.books(), []);
  });

  const nonsense: readonly (readonly [field: string, body: object])[] = [
    ...[0, -1, 1.5, '5', null, 2 ** 53, 1e300, true, undefined].map(
      (amount) => ['amount', { amount }] as const,
    ),
    ...['sek', 'SEKK', '', 7, null].map((currency) => ['currency', { currency }] as const),
    ...['', 'a b', 'é', 'x'.repeat(129), 7, null, {}].map(
      (reference) => ['reference', { reference }] as const,
    ),
    ...[null, 'card', [], 5].map((method) => ['method', { method }] as const),
    ...['', 7, null].map((token) => ['method.token', { method: { type: 'card', token } }] as const),
    ...['', 'no address', 'javascript:alert(1)', 7].map((returnUrl) => ['returnUrl', { returnUrl }] as const),
    ...['tomorrow', 7, null, '2026-13-01T00:00:00Z'].map(
      (expiresAt) => ['expiresAt', { expiresAt }] as const,
    ),
    ...['ftp://x', 7].map((webhookUrl) => ['webhookUrl', { webhookUrl }] as const),
  ];
  it(`names the member at fault of ${String(nonsense.length)} senseless payments and takes none`, async () => {
    for (const [field, change] of nonsense) {
      const body = JSON.stringify({ ...aPayment('sim_captured'), ...change });
      const answer = await scene.provider.send('POST', '/payments', { key: 'pay-1', body });
      assert.deepEqual(
        [answer.status, answer.body['code'], answer.body['field']],
        [400, 'invalid_request', field],
        body,
      );
    }
    assert.deepEqual(await scene.provider.books(), []);
  });

  it('answers 400 to a bad attempt, a missing or bad key, and a question without a subject', async () => {
    for (const attempt of [0, 1.5, '1', null]) {
      const answer = await scene.provider.payOut('SIM-PAID', 'out-1', { attempt });
      assert.deepEqual([answer.status, answer.body['field']], [400, 'attempt']);
    }
    for (const key of ['', 'a b', 'x'.repeat(256)]) {
      const answer = await scene.provider.send('POST', '/payouts', { key, body: aPayout('SIM-PAID') });
      assert.deepEqual([answer.status, answer.body['field']], [400, 'Idempotency-Key']);
    }
    for (const query of ['', '?key=a&key=b', '?key[a]=b']) {
      assert.deepEqual(code(await scene.provider.get(`/payouts${query}`)), [400, 'invalid_request'], query);
    }
  });

  it('answers every other nonsense with JSON and goes on', async () => {
    const post = (path: string, body: string) => scene.provider.send('POST', path, { key: 'k', body });
    for (const body of ['{', '', '[]', 'null', '"x"', '7', '{"amount": NaN}']) {
      assert.deepEqual(code(await post('/payments', body)), [400, 'invalid_request'], body);
    }
    assert.deepEqual(code(await post('/payments', `{"a": "${'x'.repeat(70_000)}"}`)), [
      413,
      'payload_too_large',
    ]);
    assert.deepEqual(code(await post('/payments/unknown/refund', '{"amount": 1}')), [404, 'not_found']);
    assert.deepEqual(code(await post('/payments/unknown/cancel', '{}')), [404, 'not_found']);
    assert.deepEqual(code(await post('/payments/%ZZ/cancel', '{}')), [400, 'invalid_request']);
    assert.deepEqual(code(await scene.provider.get('/nowhere')), [404, 'not_found']);
    assert.equal((await scene.provider.pay('sim_captured')).status, 201);
  });
});
