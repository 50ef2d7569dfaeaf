import { heartbeat } from '@temporalio/activity';
import { dueHolds, expireHold } from '../ledger/index.ts';
import type { Pool } from '../ops/postgres.ts';

const AT_ONCE = 100;

/** What the ledger needs done from time to time. */
export const createLedgerActivities = ({ pool }: { pool: Pool }) => ({
  /** Gives back what holds have left whose time is over; answers how many there were. */
  async expireHolds(): Promise<number> {
    let expired = 0;
    for (;;) {
      const due = await dueHolds(pool, AT_ONCE);
      let ended = 0;
      // One by one: a hold that is captured at this moment waits for one of ours, not for a hundred.
      for (const { id, businessId } of due) {
        const deed = { id, code: 'withdrawal_release', businessId, happenedAt: new Date() };
        if ((await expireHold(pool, deed)).outcome === 'applied') ended += 1;
      }
      expired += ended;
      heartbeat(expired);
      // What the ledger refuses to give back is still due, and is tried again the next time.
      if (ended === 0 || due.length < AT_ONCE) return expired;
    }
  },
});

export type LedgerActivities = ReturnType<typeof createLedgerActivities>;
