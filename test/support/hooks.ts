import { stopTestServer } from './postgres.ts';
import { stopTemporal } from './temporal.ts';

// At once: what a run has started is ended as its process exits. Mocha's own way out is cut short by a second signal.
process.once('SIGINT', () => process.exit(130));
process.once('SIGTERM', () => process.exit(143));

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await stopTemporal();
    await stopTestServer();
  },
};
