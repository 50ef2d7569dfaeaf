import type { Origin } from '../contract/audit.ts';
import type { ProblemCode } from '../contract/codes.ts';
import type { Verdict } from '../contract/reconciliation.ts';
import { callRow, inTransaction, type Pool } from '../ops/postgres.ts';

/** Of one currency, minor units: ours + late + differences − other = theirs. */
export interface Total {
  readonly currency: string;
  /** How our account with the provider moved in the file's time. */
  readonly ours: number;
  /** What of it belongs to no payment, such as a posting that resolved a difference. */
  readonly other: number;
  readonly late: number;
  readonly differences: number;
  /** How it moved by the file. */
  readonly theirs: number;
}

export interface Reconciliation {
  readonly reconciliationId: string;
  readonly provider: string;
  readonly from: Date;
  readonly to: Date;
  readonly lines: number;
  readonly createdAt: Date;
  readonly doneAt: Date | null;
  readonly counts: Readonly<Record<Verdict, number>> | null;
  readonly totals: readonly Total[] | null;
  /** Differences that nobody has resolved. */
  readonly open: number;
}

export interface Difference {
  readonly item: number;
  readonly verdict: Exclude<Verdict, 'matched'>;
  /** The payment, as the ledger names it: `deposit/…` or `withdrawal/…`. */
  readonly businessId: string;
  readonly currency: string;
  /** Where the payment leaves our account with the provider, as the provider sees it: negative where we are to get it. */
  readonly theirs: bigint | null;
  readonly ours: bigint;
  readonly difference: bigint;
  readonly theirLines: readonly object[];
  readonly resolution: 'note' | 'post' | null;
  readonly reason: string | null;
  readonly transferId: string | null;
  readonly resolvedBy: string | null;
  readonly resolvedAt: Date | null;
}

/** Matches a stored file with the ledger: as long as it takes. Safe to repeat. */
export async function reconcile(pool: Pool, reconciliationId: string): Promise<void> {
  await inTransaction(pool, async (tx) => {
    await tx.query('set local statement_timeout = 0');
    await tx.query('select payments.reconcile($1::uuid)', [reconciliationId]);
  });
}

export async function findReconciliation(
  pool: Pool,
  reconciliationId: string,
): Promise<Reconciliation | undefined> {
  const { rows } = await pool.query<Reconciliation>({
    name: 'find_reconciliation',
    text: `select reconciliation_id as "reconciliationId", provider, from_at as "from", to_at as "to", lines, created_at as "createdAt", done_at as "doneAt",
                  counts, totals, (select count(*)::int from payments.differences d
                                    where d.reconciliation_id = r.reconciliation_id and resolution is null and verdict <> 'late') as open
             from payments.reconciliations r where reconciliation_id = $1::uuid`,
    values: [reconciliationId],
  });
  return rows[0];
}

export async function listDifferences(
  pool: Pool,
  reconciliationId: string,
  after: number,
  limit: number,
): Promise<Difference[]> {
  const { rows } = await pool.query<Difference>({
    name: 'list_differences',
    text: `select item, verdict, business_id as "businessId", currency, theirs, ours, difference, their_lines as "theirLines", resolution, reason,
                  transfer_id as "transferId", resolved_by as "resolvedBy", resolved_at as "resolvedAt"
             from payments.differences where reconciliation_id = $1::uuid and item > $2::int order by item limit $3::int`,
    values: [reconciliationId, after, limit],
  });
  return rows;
}

/** A person's word on a difference. The same key is heard once. */
export async function resolveDifference(
  pool: Pool,
  d: { reconciliationId: string; item: number; resolution: 'note' | 'post'; reason: string; key: string },
  origin: Origin,
): Promise<ProblemCode | null> {
  const { code } = await callRow<{ code: ProblemCode | null }>(
    pool,
    'resolve_difference',
    'select code from payments.resolve_difference($1::uuid, $2::int, $3::text, $4::text, $5::text, $6::jsonb)',
    [d.reconciliationId, d.item, d.resolution, d.reason, d.key, JSON.stringify(origin)],
  );
  return code;
}

/** Of the last week, the days (UTC) for which no file of the provider was fetched; a day's file is there four hours after it. */
export async function daysToReconcile(pool: Pool, provider: string): Promise<string[]> {
  const { rows } = await pool.query<{ day: string }>(
    `select to_char(day, 'YYYY-MM-DD') as day
       from generate_series(date_trunc('day', (now() - interval '4 hours') at time zone 'UTC') - interval '7 days',
                            date_trunc('day', (now() - interval '4 hours') at time zone 'UTC') - interval '1 day', interval '1 day') day
      where not exists (select from payments.reconciliations r where r.provider = $1::text and r.asked_by = 'countroom'
                           and r.from_at = day at time zone 'UTC')
      order by day`,
    [provider],
  );
  return rows.map(({ day }) => day);
}
