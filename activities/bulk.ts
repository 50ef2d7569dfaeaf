import { getClient, heartbeat } from '@temporalio/activity';
import { WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { ACT } from '../contract/payments.ts';
import { rejectedOrGone, wasDropped } from '../ops/updates.ts';
import {
  bulkKey,
  decideItem,
  findBulk,
  findWithdrawal,
  openItems,
  pressWithdrawal,
  unknownItem,
  type Bulk,
  type BulkItem,
  type Desk,
  type TellSaga,
} from '../payments/index.ts';

const AT_ONCE = 5;
const A_PAGE = 100;
const LONGEST_UPDATE_MS = 10_000;

/** One action on many withdrawals. */
export const createBulkActivities = (desk: Desk) => ({
  /**
   * Presses on the next ones that have no verdict, and writes their verdicts down. One that was pressed and whose verdict
   * was not written, because the worker died, is pressed again with the same key: it acts once.
   */
  async workBulk(bulkId: string): Promise<{ done: number; of: number }> {
    const { pool } = desk;
    const bulk = await findBulk(pool, bulkId);
    if (bulk === undefined) throw new Error(`there is no bulk ${bulkId}`);
    const queue = await openItems(pool, bulkId, A_PAGE);
    let waiting = 0;
    const work = async () => {
      for (let id = queue.shift(); id !== undefined; id = queue.shift()) {
        const item = await pressOne(desk, bulk, id);
        if (item === undefined) waiting += 1;
        else await decideItem(pool, bulk, item);
        heartbeat();
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, work));
    if (waiting > 0) throw new Error(`${String(waiting)} withdrawals have not answered yet`);
    const { items, of } = (await findBulk(pool, bulkId)) ?? bulk;
    return { done: items.length, of };
  },
});

export type BulkActivities = ReturnType<typeof createBulkActivities>;

async function pressOne(desk: Desk, bulk: Bulk, withdrawalId: string): Promise<BulkItem | undefined> {
  const found = await findWithdrawal(desk.pool, withdrawalId);
  if (found === undefined || found.state === 'refused_at_once') return unknownItem(withdrawalId);
  const press = { ...bulk.content.press, idempotencyKey: bulkKey(bulk.bulkId) };
  const pressed = await pressWithdrawal(desk, found, bulk.origin, press, tell);
  if (pressed.outcome === 'not_known_yet') return undefined;
  if (pressed.outcome === 'done') return { withdrawalId, verdict: 'applied', code: null, detail: null };
  return { withdrawalId, verdict: 'refused', code: pressed.code, detail: pressed.detail };
}

const tell: TellSaga = async (workflowId, updateId, input) => {
  const client = getClient();
  try {
    await client.connection.withDeadline(Date.now() + LONGEST_UPDATE_MS, () =>
      client.workflow
        .getHandle(workflowId)
        .executeUpdate<null, [typeof input]>(ACT, { updateId, args: [input] }),
    );
    return { outcome: 'answered', result: null };
  } catch (error) {
    const outcome = rejectedOrGone(error);
    if (outcome !== undefined) return outcome;
    if (wasDropped(error) || error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
      return { outcome: 'running' };
    throw error;
  }
};
