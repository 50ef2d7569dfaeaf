import assert from 'node:assert/strict';
import type pg from 'pg';
import { CHECKS, type Check } from '../../ledger/verify/checks.ts';
import { describeDrift, findDrift } from '../../ledger/verify/findDrift.ts';

/**
 * Throws an AssertionError that names every row which breaks one of the ledger's invariants.
 *
 * @param more what else must hold, such as invariants of another room: each a statement that finds the rows breaking it
 */
export async function checkInvariants(owner: pg.Pool, more: readonly Check[] = []): Promise<void> {
  const drift = await findDrift(owner, [...CHECKS, ...more]);
  if (drift.length > 0)
    assert.fail(
      `the ledger drifts in ${String(drift.length)} rows:\n${drift
        .slice(0, 20)
        .map((row) => `  ${describeDrift(row)}`)
        .join('\n')}`,
    );
}
