import type { Origin } from '../contract/audit.ts';
import type { ProblemCode } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

export const LIMIT_KINDS = ['deposit', 'loss', 'wager'] as const;
export const LIMIT_PERIODS = ['day', 'week', 'month'] as const;
export const BLOCK_KINDS = ['self_exclusion', 'cooling_off', 'staff'] as const;
export type LimitKind = (typeof LIMIT_KINDS)[number];
export type LimitPeriod = (typeof LIMIT_PERIODS)[number];
export type BlockKind = (typeof BLOCK_KINDS)[number];

export interface LimitChange {
  readonly playerId: string;
  readonly currency: string;
  readonly kind: LimitKind;
  readonly period: LimitPeriod;
  /** Minor units; null removes the limit, which waits as a raise does. */
  readonly amount: bigint | null;
}

/** What became of a change: done at once, or a raise that waits. */
export interface LimitSet {
  readonly code: ProblemCode | null;
  readonly raiseId: string | null;
  readonly raiseAt: Date | null;
  /** Staff must contact the player. */
  readonly contact: boolean | null;
}

/** Sets a limit, lower at once. Refused: `player_unknown`, `currency_mismatch`. */
export const setLimit = (pool: Pool, l: LimitChange, origin: Origin): Promise<LimitSet> =>
  callRow<LimitSet>(
    pool,
    'set_limit',
    `select code, raise_id as "raiseId", raise_at as "raiseAt", contact,
            audit.record($6::jsonb, 'set-limit', 'player', $1::text, null,
              (select jsonb_build_object('amount', amount) from players.limits l
                where (l.player_id, l.currency, l.kind, l.period) = ($1::text, $2::text, $3::text, $4::text)),
              jsonb_strip_nulls(jsonb_build_object('kind', $3::text, 'period', $4::text, 'currency', $2::text, 'amount', $5::bigint,
                'from', raise_at, 'refused', code))) as recorded
       from players.set_limit($1::text, $2::text, $3::text, $4::text, $5::bigint)`,
    [l.playerId, l.currency, l.kind, l.period, l.amount, JSON.stringify(origin)],
  );

/** Ends the wait of a raise; `cancelled` where it was taken back. Safe to repeat. */
export async function applyRaise(
  pool: Pool,
  playerId: string,
  raiseId: string,
): Promise<'applied' | 'cancelled' | 'early'> {
  const { ended } = await callRow<{ ended: 'applied' | 'cancelled' | 'early' }>(
    pool,
    'apply_raise',
    'select players.apply_raise($1::text, $2::uuid) as ended',
    [playerId, raiseId],
  );
  return ended;
}

export interface Limit {
  readonly kind: LimitKind;
  readonly period: LimitPeriod;
  readonly currency: string;
  readonly amount: bigint;
  readonly used: bigint;
  /** When the period ends, or where it rolls, when the oldest use leaves it; null where nothing is used. */
  readonly resetsAt: Date | null;
  readonly raiseTo: bigint | null;
  readonly raiseAt: Date | null;
}

export async function limitsOf(pool: Pool, playerId: string): Promise<Limit[]> {
  const { rows } = await pool.query<Limit>({
    name: 'limits_of',
    text: `select kind, period, currency, amount, used, resets_at as "resetsAt", raise_to as "raiseTo", raise_at as "raiseAt"
             from players.limit_use($1::text, clock_timestamp(), array['deposit', 'loss', 'wager'])`,
    values: [playerId],
  });
  return rows;
}

export interface Block {
  readonly blockId: string;
  readonly kind: BlockKind;
  readonly from: Date;
  /** Null where it has no end. */
  readonly until: Date | null;
  readonly reason: string | null;
}

/** The blocks in force. */
export async function blocksOf(pool: Pool, playerId: string): Promise<Block[]> {
  const { rows } = await pool.query<Block>({
    name: 'blocks_of',
    text: `select block_id as "blockId", kind, starts as "from", until, reason from players.blocks
            where player_id = $1::text and lifted_at is null and (until is null or until > clock_timestamp()) order by starts, block_id`,
    values: [playerId],
  });
  return rows;
}

export interface BlockRequest {
  readonly blockId: string;
  readonly playerId: string;
  readonly kind: BlockKind;
  readonly until: string | null;
  readonly reason: string | null;
}

/** Blocks a player from staking and depositing, `from` when it was first asked for. Refused: `player_unknown`, `idempotency_conflict`. */
export async function block(
  pool: Pool,
  b: BlockRequest,
  origin: Origin,
): Promise<{ code: ProblemCode | null; replayed: boolean | null; from: Date | null }> {
  const { code, replayed, from } = await callRow<Awaited<ReturnType<typeof block>>>(
    pool,
    'block_player',
    `select code, replayed, started as "from",
            audit.record($7::jsonb, 'block', 'player', $2::text, $5::text, null, $6::jsonb || jsonb_strip_nulls(jsonb_build_object('refused', code))) as recorded
       from players.block($1::text, $2::text, $3::text, $4::timestamptz, $5::text, $6::jsonb)`,
    [
      ...[b.blockId, b.playerId, b.kind, b.until, b.reason, JSON.stringify(b)],
      JSON.stringify({ ...origin, key: `block ${b.blockId}` }),
    ],
  );
  return { code, replayed, from };
}

/** Lifts a staff block; `forbidden` for what the player asked for, until its end. */
export async function liftBlock(
  pool: Pool,
  playerId: string,
  blockId: string,
  origin: Origin,
): Promise<ProblemCode | undefined> {
  const { code } = await callRow<{ code: ProblemCode | null }>(
    pool,
    'lift_block',
    `select code, audit.record($3::jsonb, 'lift-block', 'player', $2::text, null, jsonb_build_object('blockId', $1::text),
              jsonb_strip_nulls(jsonb_build_object('refused', code))) as recorded
       from players.lift_block($1::text, $2::text) code`,
    [blockId, playerId, JSON.stringify(origin)],
  );
  return code ?? undefined;
}
