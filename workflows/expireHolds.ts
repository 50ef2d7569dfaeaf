import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { LedgerActivities } from '../activities/index.ts';
import { LONG_RUN } from './timeouts.ts';

const { expireHolds: expire } = proxyActivities<LedgerActivities>({
  ...LONG_RUN,
  summary: 'give back what is left of holds whose time is over',
});

/** Ends holds whose time is over. Nothing happens to them by themselves: their money is where their state says. */
export async function expireHolds(): Promise<string> {
  const expired = await expire();
  const story = expired === 0 ? 'No hold was due.' : `${String(expired)} holds were due and have ended.`;
  setCurrentDetails(story);
  return story;
}
