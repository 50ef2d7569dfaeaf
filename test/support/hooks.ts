import { stopTestServer } from './postgres.ts';
import { stopTemporal } from './temporal.ts';

process.once('SIGTERM', () => process.exit(143));

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await stopTemporal();
    await stopTestServer();
  },
};
