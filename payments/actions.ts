import type { Origin } from '../contract/audit.ts';
import type { Pool } from '../ops/postgres.ts';

/** What a person pressed, with the Idempotency-Key it was sent with. */
export interface Pressing {
  readonly origin: Origin;
  readonly key: string;
  readonly kind: 'deposit' | 'withdrawal' | 'adjustment';
  readonly id: string;
  /** The action and what came with it, to tell a repeat from a conflict. */
  readonly content: { readonly action: string; readonly reason: string | null };
}

export interface SavedAction {
  readonly status: number;
  readonly answer: unknown;
  /** Whether it is what is pressed now. */
  readonly same: boolean;
}

/** What the person was answered for this key, if anything. */
export async function findAction(pool: Pool, p: Pressing): Promise<SavedAction | undefined> {
  const { rows } = await pool.query<SavedAction>({
    name: 'find_action',
    text: `select status, answer, (kind, id, content) = ($3::text, $4::text, $5::jsonb) as same
             from payments.actions where person_id = $1::text and idempotency_key = $2::text`,
    values: valuesOf(p),
  });
  return rows[0];
}

/** Keeps the answer. What the press changed is in the audit trail with its step; what it did not change, with this. */
export async function saveAction(pool: Pool, p: Pressing, status: number, answer: object): Promise<void> {
  await pool.query({
    name: 'save_action',
    text: `with saved as (
             insert into payments.actions (person_id, idempotency_key, kind, id, content, status, answer)
             values ($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::int, $7::jsonb) on conflict do nothing returning *)
           select audit.record($8::jsonb, content ->> 'action', kind, id, content ->> 'reason', null,
                    case when status = 200 then null else jsonb_build_object('refused', answer -> 'code') end) from saved`,
    values: [...valuesOf(p), status, JSON.stringify(answer), JSON.stringify({ ...p.origin, key: p.key })],
  });
}

const valuesOf = ({ origin, key, kind, id, content }: Pressing) => [
  ...[origin.actor, key, kind, id, JSON.stringify(content)],
];

/** Whether what a person pressed is in the timeline, whoever was told of it. */
export async function wasDone(
  pool: Pool,
  { kind, id, origin, key }: Omit<Pressing, 'content'>,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'was_done',
    text: `select from payments.events where kind = $1::text and id = $2::text and by = $3::text and facts ->> 'idempotencyKey' = $4::text and refused is null`,
    values: [kind, id, origin.actor, key],
  });
  return rowCount !== 0;
}
