import type { Origin } from '../contract/audit.ts';
import type { BulkAction } from '../contract/payments.ts';
import type { Pool } from '../ops/postgres.ts';
import { wouldRefuse, type Desk } from './press.ts';
import { findWithdrawals } from './read.ts';

/** What came of one withdrawal of many; `code` and `detail` where it was refused. */
export interface BulkItem {
  readonly withdrawalId: string;
  readonly verdict: 'would_apply' | 'applied' | 'refused';
  readonly code: string | null;
  readonly detail: string | null;
}

export interface Bulk {
  readonly bulkId: string;
  readonly origin: Origin;
  readonly content: { readonly press: BulkAction; readonly on: object };
  readonly of: number;
  readonly items: readonly BulkItem[];
}

interface NewBulk {
  readonly origin: Origin;
  readonly key: string;
  readonly content: Bulk['content'];
}

/** The bulk of this key, which may have been asked before; `same`: with the same content. */
export async function findBulkOfKey(pool: Pool, { origin, key, content }: NewBulk) {
  const { rows } = await pool.query<{ bulkId: string; same: boolean }>(
    `select bulk_id as "bulkId", content = $3::jsonb as same from payments.bulks where person_id = $1::text and idempotency_key = $2::text`,
    [origin.actor, key, JSON.stringify(content)],
  );
  return rows[0];
}

/** Writes down what is to be done, before any of it is. Of two with the same key at once, one is written. */
export async function saveBulk(pool: Pool, bulk: NewBulk, ids: readonly string[]): Promise<void> {
  const { origin, key, content } = bulk;
  await pool.query(
    `with asked as (
       insert into payments.bulks (person_id, idempotency_key, origin, content) values ($1::text, $2::text, $3::jsonb, $4::jsonb)
       on conflict do nothing returning bulk_id)
     insert into payments.bulk_items (bulk_id, position, withdrawal_id)
     select bulk_id, position, id from asked, unnest($5::text[]) with ordinality as given (id, position)`,
    [origin.actor, key, JSON.stringify(origin), JSON.stringify(content), ids],
  );
}

/** A bulk with the verdicts so far. */
export async function findBulk(pool: Pool, bulkId: string): Promise<Bulk | undefined> {
  const { rows } = await pool.query<Bulk>(
    `select b.bulk_id as "bulkId", b.origin, b.content,
            (select count(*)::int from payments.bulk_items i where i.bulk_id = b.bulk_id) as of,
            (select coalesce(jsonb_agg(jsonb_build_object('withdrawalId', i.withdrawal_id, 'verdict', i.verdict, 'code', i.code, 'detail', i.detail)
                                       order by i.position), '[]')
               from payments.bulk_items i where i.bulk_id = b.bulk_id and i.verdict is not null) as items
       from payments.bulks b where b.bulk_id = $1::uuid`,
    [bulkId],
  );
  return rows[0];
}

/** The next ones without a verdict. */
export async function openItems(pool: Pool, bulkId: string, limit: number): Promise<string[]> {
  const { rows } = await pool.query<{ id: string }>(
    `select withdrawal_id as id from payments.bulk_items where bulk_id = $1::uuid and verdict is null order by position limit $2::int`,
    [bulkId, limit],
  );
  return rows.map(({ id }) => id);
}

/** Writes a verdict down. What was done is in the audit trail with its step; what was refused, with this. */
export async function decideItem(
  pool: Pool,
  { bulkId, origin, content }: Bulk,
  item: BulkItem,
): Promise<void> {
  const { action, reason } = content.press;
  const recorded = { ...origin, key: bulkKey(bulkId) };
  await pool.query({
    name: 'decide_item',
    text: `with decided as (
             update payments.bulk_items set verdict = $3::text, code = $4::text, detail = $5::text, decided_at = clock_timestamp()
              where bulk_id = $1::uuid and withdrawal_id = $2::text and verdict is null returning *)
           select audit.record($6::jsonb, $7::text, 'withdrawal', withdrawal_id, $8::text, null, jsonb_build_object('refused', code))
             from decided where verdict = 'refused'`,
    values: [
      ...[bulkId, item.withdrawalId, item.verdict, item.code, item.detail],
      ...[JSON.stringify(recorded), action, reason],
    ],
  });
}

/** The key each of its presses has: each withdrawal hears it once. */
export const bulkKey = (bulkId: string): string => `bulk:${bulkId}`;

/** What would come of each by our books; nothing is asked, and nothing moves. */
export async function dryRun(
  { pool, config }: Desk,
  origin: Origin,
  press: BulkAction,
  ids: readonly string[],
): Promise<BulkItem[]> {
  const found = new Map((await findWithdrawals(pool, ids)).map((item) => [item.withdrawalId, item]));
  return ids.map((withdrawalId) => {
    const withdrawal = found.get(withdrawalId);
    if (withdrawal === undefined) return unknownItem(withdrawalId);
    const refusal = wouldRefuse(config, withdrawal, origin, press);
    if (refusal === undefined) return { withdrawalId, verdict: 'would_apply', code: null, detail: null };
    return { withdrawalId, verdict: 'refused', code: refusal.code, detail: refusal.detail };
  });
}

export const unknownItem = (withdrawalId: string): BulkItem => ({
  withdrawalId,
  verdict: 'refused',
  code: 'not_found',
  detail: `There is no withdrawal ${withdrawalId}.`,
});
