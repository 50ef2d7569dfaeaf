import { randomInt } from 'node:crypto';
import { playHistories } from './histories.ts';

const OPERATIONS = 10_000;
/** At once, each in a database of its own. */
const SEEDS = 2;

describe('any history of the ledger', () => {
  const first = randomInt(1_000_000_000);

  it(`has an order in which a ledger without concurrency answers the same (seeds from ${String(first)})`, async function () {
    this.timeout(600_000);
    const played = await Promise.allSettled(
      Array.from({ length: SEEDS }, (_, n) =>
        playHistories({ seed: first + n, operations: OPERATIONS / SEEDS }),
      ),
    );
    for (const one of played) if (one.status === 'rejected') throw one.reason;
  });
});
