import type { Decision } from '../contract/adjustments.ts';
import type { Origin } from '../contract/audit.ts';
import type { ProblemCode } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

export type AdjustmentStatus = 'awaiting_approval' | 'applied' | 'rejected';

export interface Adjustment {
  readonly adjustmentId: string;
  readonly playerId: string;
  /** Minor units, negative where it takes. */
  readonly amount: bigint;
  readonly currency: string;
  readonly reason: string;
  readonly status: AdjustmentStatus;
  readonly askedBy: string;
  readonly decidedBy: string | null;
  readonly decidedKey: string | null;
  readonly transferId: string | null;
  readonly createdAt: Date;
  /** The same to the microsecond, for the key of a page. */
  readonly createdKey: string;
}

export interface NewAdjustment {
  readonly adjustmentId: string;
  readonly playerId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly reason: string;
  /** What the player does not have is owed. */
  readonly allowDebt: boolean;
  readonly needsApproval: boolean;
  /** The validated content, to tell a repeat from a conflict. */
  readonly request: object;
  readonly objection: ProblemCode | null;
}

interface Verdict {
  readonly code: ProblemCode | null;
  readonly facts: Readonly<Record<string, unknown>> | null;
}

/** Asks for a correction: made at once, or waiting for approval. Safe to repeat; a refusal is kept. */
export const askAdjustment = (
  pool: Pool,
  a: NewAdjustment,
  origin: Origin,
): Promise<Verdict & { readonly replayed: boolean }> =>
  callRow(
    pool,
    'ask_adjustment',
    `select code, facts, replayed from payments.ask_adjustment($1::text, $2::text, $3::bigint, $4::text, $5::text, $6::boolean, $7::boolean,
       $8::jsonb, $9::jsonb, $10::text)`,
    [
      ...[a.adjustmentId, a.playerId, a.amount, a.currency, a.reason, a.allowDebt, a.needsApproval],
      ...[JSON.stringify(a.request), JSON.stringify(origin), a.objection],
    ],
  );

/** A second person's decision, with its money. Safe to repeat. Answers why it was refused, or null. */
export async function decideAdjustment(
  pool: Pool,
  adjustmentId: string,
  { decision, reason, key, origin }: Decision,
): Promise<{ code: ProblemCode; facts: Verdict['facts'] } | null> {
  const { code, facts } = await callRow<Verdict>(
    pool,
    'decide_adjustment',
    'select code, facts from payments.decide_adjustment($1::text, $2::text, $3::text, $4::text, $5::jsonb)',
    [adjustmentId, decision, reason, key, JSON.stringify({ ...origin, key })],
  );
  return code === null ? null : { code, facts };
}

const columns = `adjustment_id as "adjustmentId", player_id as "playerId", amount, currency, reason, status, asked_by as "askedBy", decided_by as "decidedBy",
  decided_key as "decidedKey", transfer_id as "transferId", created_at as "createdAt", created_at::text as "createdKey"`;

export async function findAdjustment(pool: Pool, adjustmentId: string): Promise<Adjustment | undefined> {
  const { rows } = await pool.query<Adjustment>({
    name: 'find_adjustment',
    text: `select ${columns} from payments.adjustments where adjustment_id = $1::text and status <> 'refused'`,
    values: [adjustmentId],
  });
  return rows[0];
}

/** A page of the queue, oldest first. */
export async function listAdjustments(
  pool: Pool,
  filter: {
    status?: AdjustmentStatus | undefined;
    playerId?: string | undefined;
    after?: readonly string[] | undefined;
    limit: number;
  },
): Promise<Adjustment[]> {
  const { rows } = await pool.query<Adjustment>({
    name: 'list_adjustments',
    text: `select ${columns} from payments.adjustments
            where status <> 'refused' and ($1::text is null or status = $1) and ($2::text is null or player_id = $2)
              and ($3::timestamptz is null or (created_at, adjustment_id) > ($3, $4::text))
            order by created_at, adjustment_id limit $5::int`,
    values: [filter.status, filter.playerId, filter.after?.[0], filter.after?.[1], filter.limit],
  });
  return rows;
}
