import { createHmac } from 'node:crypto';
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
