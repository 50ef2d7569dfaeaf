import assert from 'node:assert/strict';
import { aScene, soon, type Scene } from './parties.ts';

describe('simulator: faults', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  const fault = (body: object) => scene.provider.send('POST', '/sim/faults', { apiKey: '', body });

  it('answers 503 and does nothing while it is down, but still shows its books', async () => {
    assert.equal((await fault({ mode: 'down', forMs: 60_000 })).status, 200);
    for (const answer of [
      await scene.provider.pay('sim_captured'),
      await scene.provider.get('/payments?key=pay-1'),
    ]) {
      assert.deepEqual([answer.status, answer.body['code']], [503, 'unavailable']);
    }
    assert.deepEqual(await scene.provider.books(), []);
    await fault({ mode: 'ok' });
    assert.equal((await scene.provider.pay('sim_captured')).status, 201);
  });

  it('comes up again by itself when the time is over', async () => {
    await fault({ mode: 'down', forMs: 500 });
    assert.equal((await scene.provider.pay('sim_captured')).status, 503);
    await soon(async () => (await scene.provider.pay('sim_captured')).status === 201);
  });

  it('goes on capturing and telling while it is down', async () => {
    await scene.provider.pay('sim_captured');
    await fault({ mode: 'down', forMs: 60_000 });
    await soon(() => scene.merchant.states().includes('captured'));
  });

  it('takes a request first and answers it 5 s later while it is slow', async () => {
    const slower = await aScene({ timeScale: 5 });
    try {
      await slower.provider.send('POST', '/sim/faults', { body: { mode: 'slow', forMs: 60_000 } });
      const startedAt = Date.now();
      const answer = slower.provider.payOut('SIM-STUCK');
      await soon(async () => (await slower.provider.books('wd-1')).length === 1);
      assert.ok(Date.now() - startedAt < 5_000 / 5, 'taken before it is answered');
      assert.equal((await answer).status, 201);
      assert.ok(Date.now() - startedAt >= 5_000 / 5);
    } finally {
      await slower.end();
    }
  });

  it('refuses a fault it does not know', async () => {
    for (const body of [
      {},
      { mode: 'up', forMs: 1 },
      { mode: 'down' },
      { mode: 'slow', forMs: 0 },
      { mode: 'down', forMs: '5' },
    ]) {
      assert.equal((await fault(body)).status, 400, JSON.stringify(body));
    }
    assert.equal((await scene.provider.pay('sim_captured')).status, 201);
  });
});
