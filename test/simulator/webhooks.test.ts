import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { aScene, Merchant, soon, WEBHOOK_SECRET, type Scene, type Told } from './parties.ts';

const signatureOf = ({ headers, raw }: Told, secret = WEBHOOK_SECRET) =>
  `v1=${createHmac('sha256', secret)
    .update(`${String(headers['x-sim-timestamp'])}.${raw}`)
    .digest('hex')}`;

describe('simulator: webhooks', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  it('signs each webhook over its second and its raw body', async () => {
    await scene.provider.pay('sim_captured');
    await soon(() => scene.merchant.told.length === 1);
    const told = scene.merchant.told[0]!;
    assert.equal(told.path, '/v1/webhooks/nordpay');
    assert.match(String(told.headers['x-sim-timestamp']), /^\d{10}$/);
    assert.ok(Math.abs(Number(told.headers['x-sim-timestamp']) - Date.now() / 1000) < 5);
    assert.equal(told.headers['x-sim-signature'], signatureOf(told));
    assert.notEqual(told.headers['x-sim-signature'], signatureOf(told, 'another secret'));
  });

  it('tries again until the receiver takes it, signing afresh, and then no more', async () => {
    let tries = 0;
    scene.merchant.status = () => ((tries += 1) < 5 ? 503 : 204);
    await scene.provider.pay('sim_captured');
    await soon(() => tries === 5);
    await sleep(150);
    assert.equal(tries, 5);
    assert.equal(new Set(scene.merchant.told.map(({ body }) => body['eventId'])).size, 1);
    for (const told of scene.merchant.told) assert.equal(told.headers['x-sim-signature'], signatureOf(told));
  });

  it('takes a fresh timestamp for a try in a later second', async () => {
    const slower = await aScene({ timeScale: 1 });
    try {
      const startedAt = Date.now();
      slower.merchant.status = () => (Date.now() - startedAt > 2_000 ? 200 : 500);
      await slower.provider.pay('sim_captured');
      await soon(() => slower.merchant.told.length >= 5, 5_000);
      const { told } = slower.merchant;
      assert.notEqual(told[0]!.headers['x-sim-timestamp'], told.at(-1)!.headers['x-sim-timestamp']);
      for (const one of told) assert.equal(one.headers['x-sim-signature'], signatureOf(one));
    } finally {
      await slower.end();
    }
  });

  it('gives up after 10 minutes', async () => {
    const faster = await aScene({ timeScale: 1_000 });
    try {
      faster.merchant.status = () => 500;
      await faster.provider.pay('sim_captured');
      await soon(() => faster.merchant.told.length > 3);
      await sleep(800);
      const tries = faster.merchant.told.length;
      await sleep(200);
      assert.equal(faster.merchant.told.length, tries);
      await faster.restart();
      await sleep(100);
      assert.equal(faster.merchant.told.length, tries);
    } finally {
      await faster.end();
    }
  });

  it('delivers after a restart what nobody took before, as the same event', async () => {
    scene.merchant.status = () => 500;
    await scene.provider.pay('sim_captured');
    await soon(() => scene.merchant.told.length >= 1);
    const again = await scene.restart();
    scene.merchant.status = () => 200;
    scene.merchant.told.splice(1);
    await soon(() => scene.merchant.told.length === 2);
    const [before, after] = scene.merchant.told.map(({ raw }) => raw);
    assert.equal(after, before);
    await again.get('/sim/books');
    await scene.restart();
    await sleep(150);
    assert.equal(scene.merchant.told.length, 2);
  });

  it('sends the webhooks of one payment again when asked, as the same events', async () => {
    await scene.provider.pay('sim_chargeback');
    await scene.provider.pay('sim_captured', 'pay-2', { reference: 'dep-2' });
    await soon(() => scene.merchant.told.length === 3);
    const first = scene.merchant.told
      .filter(({ body }) => body['reference'] === 'dep-1')
      .map(({ raw }) => raw);
    const answer = await scene.provider.send('POST', '/sim/webhooks/resend?reference=dep-1', { apiKey: '' });
    assert.deepEqual([answer.status, answer.body], [202, { resent: 2 }]);
    await soon(() => scene.merchant.told.length === 5);
    const again = scene.merchant.told.slice(3).map(({ raw }) => raw);
    assert.deepEqual(again.toSorted(), first.toSorted());
  });

  it('answers 404 to a resend of the unknown and 400 to one of nothing', async () => {
    assert.equal((await scene.provider.send('POST', '/sim/webhooks/resend?reference=unknown')).status, 404);
    assert.equal((await scene.provider.send('POST', '/sim/webhooks/resend')).status, 400);
  });

  it('sends to the address of the request where it names one', async () => {
    const other = new Merchant();
    await other.open();
    try {
      await scene.provider.payOut('SIM-PAID', 'out-1', { webhookUrl: `${other.url}/hooks` });
      await soon(() => other.told.length === 1);
      assert.equal(other.told[0]!.path, '/hooks');
      assert.deepEqual(scene.merchant.told, []);
    } finally {
      other.close();
    }
  });
});
