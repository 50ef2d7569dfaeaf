import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aPayout, aScene, soon, type Scene } from './parties.ts';

describe('simulator: what becomes of a payout', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  const states = async () => (await scene.provider.books('wd-1')).map(({ state }) => state);

  for (const account of ['SIM-PAID', 'SE35 5000 0000'.replaceAll(' ', '')]) {
    it(`takes a payout to ${account} as pending, pays it and says so`, async () => {
      const { status, body } = await scene.provider.payOut(account);
      assert.equal(status, 201);
      const { id, createdAt, updatedAt, ...rest } = body;
      assert.match(String(id), /^nordpay-out-/);
      assert.equal(createdAt, updatedAt);
      assert.deepEqual(rest, {
        ...aPayout(account),
        key: 'out-1',
        state: 'pending',
        reason: null,
        attempt: 1,
      });
      await soon(() => scene.merchant.told.length === 1);
      const { eventId, at, ...event } = scene.merchant.told[0]!.body;
      assert.ok(eventId);
      assert.ok(at);
      const facts = { id, key: 'out-1', reference: 'wd-1', amount: 5_000, currency: 'SEK' };
      assert.deepEqual(event, { type: 'payout', ...facts, state: 'paid', reason: null });
      assert.deepEqual(await states(), ['paid']);
    });
  }

  it('refuses SIM-REFUSED for good, again for the same key, and keeps it in the books', async () => {
    for (const key of ['out-1', 'out-1', 'out-2']) {
      const { status, body } = await scene.provider.payOut('SIM-REFUSED', key);
      assert.equal(status, 422);
      assert.deepEqual([body['state'], body['reason'], body['key']], ['refused', 'account_closed', key]);
    }
    assert.deepEqual(await states(), ['refused', 'refused']);
    await sleep(100);
    assert.deepEqual(scene.merchant.told, []);
  });

  it('refuses SIM-REFUSED-NORDPAY at nordpay and pays it at eastpay', async () => {
    const eastpay = await aScene({ name: 'eastpay' });
    try {
      assert.equal((await scene.provider.payOut('SIM-REFUSED-NORDPAY')).status, 422);
      assert.equal(
        (await eastpay.provider.payOut('SIM-REFUSED-NORDPAY', 'out-2', { attempt: 2 })).status,
        201,
      );
      await soon(() => eastpay.merchant.states().includes('paid'));
      assert.equal(eastpay.merchant.told[0]!.path, '/v1/webhooks/eastpay');
    } finally {
      await eastpay.end();
    }
  });

  it('takes the first attempt of SIM-REFUSED-ONCE, refuses it by webhook, and pays the next', async () => {
    assert.equal((await scene.provider.payOut('SIM-REFUSED-ONCE')).status, 201);
    await soon(() => scene.merchant.told.length === 1);
    const { state, reason } = scene.merchant.told[0]!.body;
    assert.deepEqual({ state, reason }, { state: 'refused', reason: 'account_closed' });
    const repeat = await scene.provider.payOut('SIM-REFUSED-ONCE');
    assert.deepEqual([repeat.status, repeat.body['state']], [200, 'refused']);
    assert.equal((await scene.provider.payOut('SIM-REFUSED-ONCE', 'out-2')).status, 201);
    await soon(() => scene.merchant.told.length === 2);
    assert.deepEqual(await states(), ['refused', 'paid']);
  });

  it('pays a later attempt of SIM-REFUSED-ONCE whose first was elsewhere', async () => {
    await scene.provider.payOut('SIM-REFUSED-ONCE', 'out-2', { attempt: 2 });
    await soon(() => scene.merchant.states().includes('paid'));
  });

  it('pays SIM-NO-WEBHOOK without a word', async () => {
    await scene.provider.payOut('SIM-NO-WEBHOOK');
    await soon(async () => (await scene.provider.stateOf('payouts', 'out-1')) === 'paid');
    await sleep(100);
    assert.deepEqual(scene.merchant.told, []);
  });

  it('takes the first request of SIM-TIMEOUT-TAKEN, never answers it, and pays once', async () => {
    await scene.provider.hangsUpAfter(300, '/payouts', { key: 'out-1', body: aPayout('SIM-TIMEOUT-TAKEN') });
    assert.equal(await scene.provider.stateOf('payouts', 'out-1'), 'paid');
    const repeat = await scene.provider.payOut('SIM-TIMEOUT-TAKEN');
    assert.deepEqual([repeat.status, repeat.body['state']], [200, 'paid']);
    assert.deepEqual(await states(), ['paid']);
    assert.deepEqual(scene.merchant.told, []);
  });

  it('loses the first two requests of SIM-TIMEOUT-LOST and pays the third', async () => {
    for (const time of ['first', 'second']) {
      await scene.provider.hangsUpAfter(150, '/payouts', { key: 'out-1', body: aPayout('SIM-TIMEOUT-LOST') });
      assert.equal(await scene.provider.stateOf('payouts', 'out-1'), undefined, time);
      assert.deepEqual(await states(), [], time);
    }
    assert.equal((await scene.provider.payOut('SIM-TIMEOUT-LOST')).status, 201);
    await soon(() => scene.merchant.states().includes('paid'));
    assert.deepEqual(await states(), ['paid']);
  });

  it('answers SIM-503 with 503 three times, then takes and pays it', async () => {
    for (const time of ['first', 'second', 'third']) {
      const { status, body } = await scene.provider.payOut('SIM-503');
      assert.deepEqual([status, body['code']], [503, 'unavailable'], time);
      assert.deepEqual(await states(), [], time);
    }
    assert.equal((await scene.provider.payOut('SIM-503')).status, 201);
    await soon(() => scene.merchant.states().includes('paid'));
  });

  it('counts the lost requests of each payout for itself, and remembers them after a restart', async () => {
    for (const time of [1, 2, 3])
      assert.equal((await scene.provider.payOut('SIM-503')).status, 503, String(time));
    assert.equal((await scene.provider.payOut('SIM-503', 'out-9', { reference: 'wd-9' })).status, 503);
    const again = await scene.restart();
    assert.equal((await again.payOut('SIM-503')).status, 201);
  });

  it('returns SIM-RETURNED 2 s after it was paid', async () => {
    await scene.provider.payOut('SIM-RETURNED');
    await soon(() => scene.merchant.told.length === 2);
    assert.deepEqual(scene.merchant.states(), ['paid', 'returned']);
    const [paid, returned] = scene.merchant.told.map(({ body }) => Date.parse(String(body['at'])));
    assert.ok(returned! - paid! >= 2_000 / 20);
    assert.equal(scene.merchant.told[1]!.body['reason'], 'account_not_found');
    assert.deepEqual(await states(), ['returned']);
  });

  it('tells of SIM-DUPLICATE three times each, the end before the beginning', async () => {
    const slower = await aScene({ timeScale: 1 });
    try {
      await slower.provider.payOut('SIM-DUPLICATE');
      await soon(() => slower.merchant.told.length === 6);
      assert.equal(slower.merchant.states()[0], 'paid');
      assert.deepEqual(slower.merchant.states().toSorted(), [
        ...Array<string>(3).fill('paid'),
        ...Array<string>(3).fill('pending'),
      ]);
    } finally {
      await slower.end();
    }
  });

  it('leaves SIM-STUCK pending and SIM-LATE-PAID pending for 20 s, then pays the latter', async () => {
    await scene.provider.payOut('SIM-STUCK', 'stuck');
    await scene.provider.payOut('SIM-LATE-PAID', 'late');
    await sleep(500);
    assert.equal(await scene.provider.stateOf('payouts', 'late'), 'pending');
    assert.deepEqual(scene.merchant.told, []);
    await soon(() => scene.merchant.states().includes('paid'));
    assert.deepEqual(
      scene.merchant.told.map(({ body }) => body['key']),
      ['late'],
    );
    assert.equal(await scene.provider.stateOf('payouts', 'stuck'), 'pending');
  });
});
