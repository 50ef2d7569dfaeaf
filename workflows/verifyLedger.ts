import { proxyActivities, setCurrentDetails } from '@temporalio/workflow';
import type { LedgerActivities, Verified } from '../activities/index.ts';
import { LONG_RUN, OWN_BOOKS } from './timeouts.ts';

const { verifyLedger: verify } = proxyActivities<LedgerActivities>({
  ...LONG_RUN,
  summary: 'chain what is new, and verify a part of the ledger',
});
const { lastVerification } = proxyActivities<LedgerActivities>({
  ...OWN_BOOKS,
  summary: 'see how far the last verification came',
});

/**
 * Chains the ledger's transfers and verifies a part of it, from where the last run stopped. It fails where the ledger drifts;
 * the next run then looks at the same part again, so that the alert stays until somebody has mended it.
 */
export async function verifyLedger(): Promise<Verified> {
  const verified = await verify(await lastVerification());
  const { rows, chained, head, place } = verified;
  setCurrentDetails(
    `${String(rows)} rows hold, up to \`${place.pass} ${place.from}\`. ${String(chained)} transfers were chained. ` +
      (head === null ? 'There is no chain yet.' : `The chain ends at \`${head.number}:${head.hash}\`.`),
  );
  return verified;
}
