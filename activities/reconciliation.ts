import { heartbeat } from '@temporalio/activity';
import type { PaymentsConfig } from '../config/index.ts';
import { alert, type Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';
import {
  createProviders,
  daysToReconcile,
  findReconciliation,
  reconcile,
  storeSettlementFile,
  takeLiabilitySnapshot,
} from '../payments/index.ts';

const HEARTBEAT_MS = 5_000;
const A_DAY_MS = 86_400_000;

/** What of a reconciliation its workflow tells. */
export interface Reconciled {
  readonly provider: string;
  readonly lines: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly open: number;
}

/** The provider's files against our books, and what we owe the players. All are safe to repeat. */
export const createReconciliationActivities = ({
  pool,
  config,
  log,
}: {
  pool: Pool;
  config: PaymentsConfig;
  log: Log;
}) => ({
  /** Fetches the files that are missing of the last week; answers the reconciliations to match. */
  async fetchSettlementFiles(): Promise<string[]> {
    const fetched: string[] = [];
    for (const provider of createProviders(config).values()) {
      if (provider.settlementFile === undefined) continue;
      for (const day of await daysToReconcile(pool, provider.name)) {
        heartbeat(`${provider.name} ${day}`);
        const from = `${day}T00:00:00Z`;
        const to = new Date(Date.parse(from) + A_DAY_MS).toISOString();
        try {
          const csv = await provider.settlementFile(day);
          const file = { provider: provider.name, from, to, by: 'countroom' };
          fetched.push((await storeSettlementFile(pool, file, csv)).reconciliationId);
        } catch (error) {
          // One provider's bad day is not another's: it is asked again the next time.
          alert(
            log,
            'reconciliation',
            { provider: provider.name, day, err: String(error) },
            'settlement file not fetched',
          );
        }
      }
    }
    return fetched;
  },

  /** Matches a stored file with the ledger. */
  async reconcile(reconciliationId: string): Promise<Reconciled> {
    const beat = setInterval(heartbeat, HEARTBEAT_MS);
    try {
      await reconcile(pool, reconciliationId);
    } finally {
      clearInterval(beat);
    }
    const found = await findReconciliation(pool, reconciliationId);
    if (found === undefined) throw new Error(`there is no reconciliation ${reconciliationId}`);
    const { provider, lines, open } = found;
    const counts = found.counts ?? {};
    if (open > 0)
      alert(
        log,
        'reconciliation',
        { reconciliationId, provider, ...counts },
        'the provider and our books differ',
      );
    return { provider, lines, counts, open };
  },

  async takeLiabilitySnapshot(at: string): Promise<void> {
    const beat = setInterval(heartbeat, HEARTBEAT_MS);
    try {
      await takeLiabilitySnapshot(pool, at);
    } finally {
      clearInterval(beat);
    }
  },
});

export type ReconciliationActivities = ReturnType<typeof createReconciliationActivities>;
