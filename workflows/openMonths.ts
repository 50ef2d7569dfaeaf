import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { LedgerActivities } from '../activities/index.ts';
import { LONG_RUN } from './timeouts.ts';

const { openMonths: open } = proxyActivities<LedgerActivities>({
  ...LONG_RUN,
  summary: 'make partitions for the months ahead',
});

/** Opens the ledger's partitions for the months ahead. */
export async function openMonths(): Promise<string> {
  const { opened, beyond } = await open();
  const story =
    (opened === 0 ? 'All months ahead are open.' : `${String(opened)} months were opened.`) +
    (beyond ? ' Transfers had been written beyond the last one: docs/running.md, "Months".' : '');
  setCurrentDetails(story);
  return story;
}
