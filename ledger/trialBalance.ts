import type { Pool, Tx } from '../ops/postgres.ts';

/** What all accounts of a kind hold together, per currency. Debits equal credits, or the ledger is broken. */
export interface TrialBalanceRow {
  readonly kind: string;
  readonly currency: string;
  readonly debit: bigint;
  readonly credit: bigint;
}

export async function trialBalance(db: Pool | Tx): Promise<TrialBalanceRow[]> {
  const { rows } = await db.query<TrialBalanceRow>(
    'select kind, currency, debit, credit from ledger.trial_balance()',
  );
  return rows;
}
