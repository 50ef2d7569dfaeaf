import { Client, type Connection, ScheduleAlreadyRunning, ScheduleOverlapPolicy } from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';

/** What recurs. `workflowType` is the name of an export of workflows/index.ts. */
export const SCHEDULES = [
  {
    scheduleId: 'expire-holds',
    workflowType: 'expireHolds',
    every: '5m',
    note: 'Ends holds whose time is over, and gives their money back to the player.',
  },
  {
    scheduleId: 'stale-rounds',
    workflowType: 'staleRounds',
    every: '15m',
    note: 'Sees to rounds of which nothing was heard for too long, and to operations that should have ended.',
  },
  {
    scheduleId: 'verify-ledger',
    workflowType: 'verifyLedger',
    every: '5m',
    note: 'Chains new transfers and verifies a part of the ledger; fails where it drifts.',
  },
  {
    scheduleId: 'open-months',
    workflowType: 'openMonths',
    every: '1d',
    note: 'Makes partitions of the ledger for the months ahead.',
  },
  {
    scheduleId: 'reconcile-days',
    workflowType: 'reconcileDays',
    every: '1h',
    note: "Fetches each provider's settlement file of the days before, and matches it with our books.",
  },
  {
    scheduleId: 'liability-snapshot',
    workflowType: 'liabilitySnapshot',
    every: '1d',
    note: 'At midnight UTC: what is owed to the players, by jurisdiction and currency.',
  },
] as const;

/** Makes the schedules, or brings those that are there up to date; one that was paused by a person stays paused. */
export async function ensureSchedules(
  { connection, namespace }: { connection: NativeConnection; namespace: string },
  { schedules = SCHEDULES, taskQueue = 'ops' }: { schedules?: typeof SCHEDULES; taskQueue?: string } = {},
): Promise<void> {
  const client = new Client({ connection: connection as unknown as Connection, namespace });
  for (const { scheduleId, workflowType, every, note } of schedules) {
    const spec = { intervals: [{ every }] };
    const action = {
      type: 'startWorkflow',
      workflowType,
      workflowId: scheduleId,
      taskQueue,
      staticSummary: note,
    } as const;
    // One that takes longer than its interval is not joined by a second.
    const policies = { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '10m' } as const;
    try {
      await client.schedule.create({ scheduleId, spec, action, policies, state: { note } });
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      await client.schedule.getHandle(scheduleId).update((known) => ({ ...known, spec, action, policies }));
    }
  }
}
