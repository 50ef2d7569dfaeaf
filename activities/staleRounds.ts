import { getClient, heartbeat } from '@temporalio/activity';
import { TypedSearchAttributes } from '@temporalio/common';
import { SEARCH, workflowIds } from '../contract/names.ts';
import { OPERATION_WORKFLOWS, type StaleRoundInput } from '../contract/rounds.ts';
import type { Pool } from '../ops/postgres.ts';
import { overdueOperations, staleRounds, type StaleRound } from '../rounds/index.ts';

const A_PAGE = 100;
const MOST_RESUMED = 1_000;

/** What sees to it that every round ends. */
export const createStaleRoundsActivities = ({
  pool,
  taskQueue = 'rounds',
}: {
  pool: Pool;
  taskQueue?: string;
}) => ({
  /** Starts a workflow for each stale round, unless it has one; answers how many are stale. */
  async findStaleRounds(): Promise<number> {
    let found = 0;
    let last: StaleRound | undefined;
    do {
      const page = await staleRounds(pool, last, A_PAGE);
      for (const { clientId, roundId, policy } of page)
        await getClient().workflow.start('staleRound', {
          workflowId: workflowIds.staleRound(clientId, roundId),
          workflowIdConflictPolicy: 'USE_EXISTING',
          taskQueue,
          args: [{ clientId, roundId, policy } satisfies StaleRoundInput],
          typedSearchAttributes: attributes(clientId, roundId),
          staticSummary: `Round ${roundId}, of which nothing is heard any more`,
        });
      found += page.length;
      last = page.length === A_PAGE ? page.at(-1) : undefined;
      heartbeat(found);
    } while (last !== undefined);
    return found;
  },

  /** Starts the workflow of operations anew that should have ended: no-one's where it still runs, and else it goes on. */
  async resumeOperations(): Promise<number> {
    const overdue = await overdueOperations(pool, MOST_RESUMED);
    for (const { workflowId, ...operation } of overdue) {
      await getClient().workflow.start(OPERATION_WORKFLOWS[operation.kind], {
        workflowId,
        workflowIdConflictPolicy: 'USE_EXISTING',
        workflowIdReusePolicy: 'ALLOW_DUPLICATE',
        taskQueue,
        args: [operation],
        typedSearchAttributes: attributes(operation.clientId, operation.roundId),
      });
      heartbeat(operation.operationId);
    }
    return overdue.length;
  },
});

export type StaleRoundsActivities = ReturnType<typeof createStaleRoundsActivities>;

const attributes = (clientId: string, roundId: string) =>
  new TypedSearchAttributes([
    { key: SEARCH.clientId, value: clientId },
    { key: SEARCH.roundId, value: roundId },
  ]);
