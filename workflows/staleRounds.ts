import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { StaleRoundsActivities } from '../activities/index.ts';
import { LONG_RUN } from './timeouts.ts';

const { findStaleRounds } = proxyActivities<StaleRoundsActivities>({
  ...LONG_RUN,
  summary: 'find rounds of which nothing was heard for too long',
});
const { resumeOperations } = proxyActivities<StaleRoundsActivities>({
  ...LONG_RUN,
  summary: 'see that operations which should have ended are worked on',
});

/** Sees to it that every round ends: docs/rounds.md, "A round without a sign". */
export async function staleRounds(): Promise<string> {
  const [stale, overdue] = [await findStaleRounds(), await resumeOperations()];
  const story = `${String(stale)} rounds are stale, ${String(overdue)} operations overdue.`;
  setCurrentDetails(story);
  return story;
}
