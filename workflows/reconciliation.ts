import {
  executeChild,
  proxyActivities,
  setCurrentDetails,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ReconciliationActivities } from '../activities/index.ts';
import { VERDICTS } from '../contract/reconciliation.ts';
import { SEARCH, workflowIds } from '../contract/names.ts';
import { LONG_RUN } from './timeouts.ts';

const does = (summary: string) => proxyActivities<ReconciliationActivities>({ ...LONG_RUN, summary });

/** Matches a provider's settlement file, stored already, with our books: docs/reconciliation.md. */
export async function reconciliation(reconciliationId: string): Promise<string> {
  const { provider, lines, counts, open } = await does(
    'match the file with our account with the provider',
  ).reconcile(reconciliationId);
  const differs = open > 0;
  upsertSearchAttributes([
    { key: SEARCH.provider, value: provider },
    { key: SEARCH.stage, value: differs ? 'differs' : 'matched' },
    ...(differs
      ? [
          { key: SEARCH.needsAttention, value: true },
          { key: SEARCH.reason, value: 'reconciliation_differences' },
        ]
      : []),
  ]);
  const found = VERDICTS.map((verdict) => `${verdict} ${String(counts[verdict] ?? 0)}`);
  const story = `${String(lines)} lines of ${provider}: ${found.join(', ')}.`;
  setCurrentDetails(
    differs ? `${story} Finance resolves them: docs/runbooks/reconciliation-differences.md.` : story,
  );
  return story;
}

/** Fetches what is missing of the last week's files, and matches each. */
export async function reconcileDays(): Promise<string> {
  const fetched = await does("fetch the settlement files of the last week's days").fetchSettlementFiles();
  const stories: string[] = [];
  for (const id of fetched)
    stories.push(
      await executeChild(reconciliation, { workflowId: workflowIds.reconciliation(id), args: [id] }),
    );
  const story = stories.length === 0 ? 'There was no new file.' : stories.join('\n\n');
  setCurrentDetails(story);
  return story;
}

/** Sums up what is owed to the players at the moment the Schedule names. */
export async function liabilitySnapshot(): Promise<string> {
  const at = workflowInfo().startTime.toISOString();
  await does('sum every player by jurisdiction').takeLiabilitySnapshot(at);
  return at;
}
