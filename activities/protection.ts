import { ApplicationFailure } from '@temporalio/activity';
import type { RaiseInput } from '../contract/protection.ts';
import type { Pool } from '../ops/postgres.ts';
import { applyRaise } from '../players/index.ts';

export const createProtectionActivities = ({ pool }: { pool: Pool }) => ({
  /** Ends the wait of a raise. Our database keeps its own time: a timer that fired early tries again. */
  async applyRaise({ playerId, raiseId }: RaiseInput): Promise<'applied' | 'cancelled'> {
    const ended = await applyRaise(pool, playerId, raiseId);
    if (ended === 'early') throw ApplicationFailure.retryable('the time of this raise has not come', 'early');
    return ended;
  },
});

export type ProtectionActivities = ReturnType<typeof createProtectionActivities>;
