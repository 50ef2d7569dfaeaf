import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { SimulatorProvider } from '../../payments/adapters/simulator.ts';
import { API_KEY, aScene, WEBHOOK_SECRET, type Scene } from '../simulator/parties.ts';
import { keepsTheContract } from './keepsTheContract.ts';

keepsTheContract('the simulator', async () => {
  const scene: Scene = await aScene();
  const adapter = (url: string) =>
    new SimulatorProvider({ name: 'nordpay', url, apiKey: API_KEY, webhookSecret: WEBHOOK_SECRET }, 150);
  return {
    provider: adapter(scene.provider.url),
    at: adapter,
    strike: (mode) => scene.provider.send('POST', '/sim/faults', { body: { mode, forMs: 3_000 } }),
    sign: (body, at) => ({
      'x-sim-timestamp': String(at),
      'x-sim-signature': `v1=${createHmac('sha256', WEBHOOK_SECRET)
        .update(`${String(at)}.${body}`)
        .digest('hex')}`,
    }),
    paidWord: '"paid"',
    spoilt: (raw) => raw.replace('"eventId":"', '"eventId":"\\u0000'),
    told: () => scene.merchant.told,
    close: () => scene.end(),
  };
});

describe('a provider that refuses the call itself', () => {
  it('says nothing of the payout, which stays unknown, and that it is for us to mend', async () => {
    for (const [status, ours] of [
      [400, true],
      [401, true],
      [403, true],
      [409, true],
      [404, undefined],
      [503, undefined],
    ] as const) {
      const server = createServer((request, response) => {
        request.resume();
        response.writeHead(status).end('{"code":"whatever"}');
      }).listen(0, '127.0.0.1');
      await new Promise((resolve) => server.once('listening', resolve));
      const url = `http://127.0.0.1:${String((server.address() as AddressInfo).port)}`;
      const provider = new SimulatorProvider(
        { name: 'nordpay', url, apiKey: API_KEY, webhookSecret: '' },
        500,
      );
      const answer = await provider.submitPayout({
        ...{ key: 'k', reference: 'wd', attempt: 1, money: { minor: '1', currency: 'SEK' } },
        destination: { type: 'bank', account: 'a' },
      });
      assert.equal(answer.outcome, 'unknown');
      assert.equal(answer.ours, ours, String(status));
      server.closeAllConnections();
      server.close();
    }
  });
});
