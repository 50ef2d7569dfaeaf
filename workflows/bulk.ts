import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { BulkActivities } from '../activities/index.ts';
import { LONG_RUN } from './timeouts.ts';

const { workBulk } = proxyActivities<BulkActivities>({
  ...LONG_RUN,
  summary: 'press on the next hundred withdrawals',
});

/** One action on up to 1,000 withdrawals; each has its verdict in our books as soon as it is known. */
export async function bulk(bulkId: string): Promise<string> {
  for (;;) {
    const { done, of } = await workBulk(bulkId);
    const story = `${String(done)} of ${String(of)} withdrawals have a verdict.`;
    setCurrentDetails(story);
    if (done === of) return story;
  }
}
