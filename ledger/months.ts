import { callRow, type Pool } from '../ops/postgres.ts';

export interface Months {
  /** How many were opened now. */
  readonly opened: number;
  /** Whether something is written beyond the last of them: it has its place, and somebody should look why none was open. */
  readonly beyond: boolean;
}

/** Opens the partitions of this month and of the three ahead. Safe to repeat, and to run while postings come. */
export async function openMonths(pool: Pool): Promise<Months> {
  const beyond = 'exists (select from ledger.transfers_later) or exists (select from ledger.entries_later)';
  // Asked first: opening a month empties what waited for it.
  const { rows } = await pool.query<{ beyond: boolean }>(`select ${beyond} as beyond`);
  const { opened } = await callRow<{ opened: number }>(
    pool,
    'ledger_open_months',
    'select ledger.open_months() as opened',
    [],
  );
  return { opened, beyond: rows[0]?.beyond ?? false };
}
