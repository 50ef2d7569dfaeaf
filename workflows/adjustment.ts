import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  defineUpdate,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { DECIDE, type AdjustmentInput, type Decision } from '../contract/adjustments.ts';
import { SEARCH } from '../contract/names.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';

const { decideAdjustment } = proxyLocalActivities<PaymentsActivities>({
  ...OWN_BOOKS,
  summary: 'approve or reject the adjustment, with its money',
});

const decideUpdate = defineUpdate<null, [Decision]>(DECIDE);

/** An adjustment above the tier waits here for a second person, for as long as it takes. */
export async function adjustment(input: AdjustmentInput): Promise<string> {
  const { adjustmentId, playerId, money, reason, askedBy } = input;
  const what = `Adjustment of ${format(money)} for player ${playerId}, asked for by ${askedBy}: ${reason}`;
  let ended: string | undefined;
  setHandler(
    decideUpdate,
    async (decision) => {
      const refused = await decideAdjustment(adjustmentId, decision);
      // It ended before, and this run was started by a late decision: it must not wait for another.
      if (refused?.code === 'invalid_state') ended = 'It was decided before.';
      if (refused !== null) throw ApplicationFailure.nonRetryable(refused.code, refused.code, refused.facts);
      ended = `${decision.decision === 'approve' ? 'Approved' : 'Rejected'} by ${decision.origin.actor}.`;
      return null;
    },
    {
      validator: ({ decision, origin }: Decision) => {
        if (decision === 'approve' && origin.actor === askedBy)
          throw ApplicationFailure.nonRetryable('nobody approves what they asked for', 'forbidden');
      },
    },
  );
  upsertSearchAttributes([
    { key: SEARCH.stage, value: 'awaiting_approval' },
    { key: SEARCH.needsAttention, value: true },
    { key: SEARCH.reason, value: 'awaiting_approval' },
  ]);
  setCurrentDetails(`${what}. It waits for an approver other than ${askedBy}.`);
  await condition(() => ended !== undefined && allHandlersFinished());
  upsertSearchAttributes([
    { key: SEARCH.stage, value: 'decided' },
    { key: SEARCH.needsAttention, value: false },
  ]);
  setCurrentDetails(`${what}. ${String(ended)}`);
  return String(ended);
}
