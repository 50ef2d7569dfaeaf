import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aPayment, aScene, soon, type Scene } from './parties.ts';

describe('simulator: what becomes of a payment', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  it('takes a payment as pending, with an address for the player', async () => {
    const { status, body } = await scene.provider.pay('sim_captured');
    assert.equal(status, 201);
    const { id, createdAt, updatedAt, ...rest } = body;
    assert.match(String(id), /^nordpay-pay-/);
    assert.equal(createdAt, updatedAt);
    const redirectUrl = `${scene.provider.url}/checkout/${String(id)}`;
    const { returnUrl, ...request } = aPayment('sim_captured');
    assert.deepEqual(rest, {
      ...request,
      key: 'pay-1',
      state: 'pending',
      reason: null,
      refundedAmount: 0,
      redirectUrl,
    });
    const page = await fetch(redirectUrl);
    assert.equal(page.status, 200);
    assert.ok((await page.text()).includes(returnUrl));
  });

  for (const token of ['sim_captured', 'some_other_token']) {
    it(`captures ${token} and says so`, async () => {
      const { body } = await scene.provider.pay(token);
      await soon(() => scene.merchant.told.length === 1);
      const { eventId, at, ...event } = scene.merchant.told[0]!.body;
      assert.match(String(eventId), /^evt_/);
      assert.ok(Date.parse(String(at)) >= Date.parse(String(body['createdAt'])));
      const facts = { id: body['id'], key: 'pay-1', reference: 'dep-1', amount: 1_250, currency: 'SEK' };
      assert.deepEqual(event, { type: 'payment', ...facts, state: 'captured', reason: null });
      assert.equal(await scene.provider.stateOf('payments', 'pay-1'), 'captured');
    });
  }

  it('captures within a second at the speed of the contract', async () => {
    const real = await aScene({ timeScale: 1 });
    try {
      await real.provider.pay('sim_captured');
      assert.equal(await real.provider.stateOf('payments', 'pay-1'), 'pending');
      await soon(() => real.merchant.states().includes('captured'), 1_000);
    } finally {
      await real.end();
    }
  });

  it('declines sim_declined with a reason', async () => {
    await scene.provider.pay('sim_declined');
    await soon(() => scene.merchant.told.length === 1);
    const { state, reason } = scene.merchant.told[0]!.body;
    assert.deepEqual({ state, reason }, { state: 'declined', reason: 'declined_by_issuer' });
  });

  it('leaves sim_abandoned pending and says nothing', async () => {
    await scene.provider.pay('sim_abandoned');
    await sleep(200);
    assert.equal(await scene.provider.stateOf('payments', 'pay-1'), 'pending');
    assert.deepEqual(scene.merchant.told, []);
  });

  it('captures sim_late only after the payment has expired, and cannot cancel it', async () => {
    const expiresAt = new Date(Date.now() + 700).toISOString();
    const { body } = await scene.provider.pay('sim_late', 'pay-1', { expiresAt });
    const cancel = await scene.provider.send('POST', `/payments/${String(body['id'])}/cancel`);
    assert.equal(cancel.status, 409);
    assert.equal(cancel.body['code'], 'not_cancellable');
    await soon(() => scene.merchant.states().includes('captured'));
    assert.ok(Date.parse(String(scene.merchant.told[0]!.body['at'])) >= Date.parse(expiresAt) + 1_500 / 20);
  });

  it('captures sim_no_webhook without a word', async () => {
    await scene.provider.pay('sim_no_webhook');
    await soon(async () => (await scene.provider.stateOf('payments', 'pay-1')) === 'captured');
    await sleep(100);
    assert.deepEqual(scene.merchant.told, []);
  });

  it('tells of sim_duplicate three times each, the end before the beginning', async () => {
    const slower = await aScene({ timeScale: 1 });
    try {
      await slower.provider.pay('sim_duplicate');
      await soon(() => slower.merchant.told.length === 6);
      await sleep(100);
      assert.equal(slower.merchant.states()[0], 'captured');
      assert.deepEqual(slower.merchant.states().toSorted(), [
        ...Array<string>(3).fill('captured'),
        ...Array<string>(3).fill('pending'),
      ]);
      const ids = slower.merchant.told.map(
        ({ body }) => `${String(body['state'])} ${String(body['eventId'])}`,
      );
      assert.equal(new Set(ids).size, 2);
      assert.equal(await slower.provider.stateOf('payments', 'pay-1'), 'captured');
    } finally {
      await slower.end();
    }
  });

  it('charges sim_chargeback back 2 s after the capture', async () => {
    await scene.provider.pay('sim_chargeback');
    await soon(() => scene.merchant.told.length === 2);
    assert.deepEqual(scene.merchant.states(), ['captured', 'charged_back']);
    const [captured, back] = scene.merchant.told.map(({ body }) => Date.parse(String(body['at'])));
    assert.ok(back! - captured! >= 2_000 / 20, `${String(back! - captured!)} ms`);
    assert.deepEqual(
      (await scene.provider.books('dep-1')).map(({ state }) => state),
      ['charged_back'],
    );
  });

  it('takes the first request of sim_timeout, never answers it, and captures', async () => {
    await scene.provider.hangsUpAfter(300, '/payments', { key: 'pay-1', body: aPayment('sim_timeout') });
    assert.equal(await scene.provider.stateOf('payments', 'pay-1'), 'captured');
    const repeat = await scene.provider.pay('sim_timeout');
    assert.equal(repeat.status, 200);
    assert.equal(repeat.body['state'], 'captured');
    assert.ok(repeat.body['redirectUrl']);
    assert.equal((await scene.provider.books('dep-1')).length, 1);
    assert.deepEqual(scene.merchant.told, []);
  });

  it('hangs up on a request it does not answer after 60 s', async () => {
    const faster = await aScene({ timeScale: 300 });
    try {
      const startedAt = Date.now();
      await assert.rejects(faster.provider.pay('sim_timeout'), { name: 'TypeError' });
      assert.ok(Date.now() - startedAt >= 60_000 / 300);
    } finally {
      await faster.end();
    }
  });
});
