import { inTransaction, type Pool } from '../../ops/postgres.ts';
import { CHECKS, type Check } from './checks.ts';

/** A row that breaks an invariant. */
export interface Drift {
  readonly check: string;
  readonly broken: string;
  readonly row: Readonly<Record<string, unknown>>;
}

/**
 * Recomputes the whole ledger and answers every row that does not hold. It repairs nothing. All checks see one
 * moment, so postings may go on meanwhile.
 */
export async function findDrift(pool: Pool, checks: readonly Check[] = CHECKS): Promise<Drift[]> {
  return await inTransaction(pool, async (tx) => {
    await tx.query('set transaction isolation level repeatable read, read only');
    await tx.query('set local statement_timeout = 0'); // it reads everything: minutes, for a grown ledger
    const found: Drift[] = [];
    for (const { name, broken, sql } of checks) {
      const { rows } = await tx.query<Record<string, unknown>>(sql);
      found.push(...rows.map((row) => ({ check: name, broken, row })));
    }
    return found;
  });
}

/** `held_is_the_sum_of_open_holds: what ... open holds: account player_held:p-1:SEK, posted 5, held 4` */
export function describeDrift({ check, broken, row }: Drift): string {
  const facts = Object.entries(row).map(([name, value]) => `${name} ${String(value)}`);
  return `${check}: ${broken}: ${facts.join(', ')}`;
}
