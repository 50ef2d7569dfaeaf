import { callRow, type Pool, type Tx } from '../ops/postgres.ts';
import { ask, valuesOf, type Deed, type Verdict } from './post.ts';

export interface Hold extends Deed {
  readonly playerId: string;
  readonly currency: string;
  /** Minor units, above zero. */
  readonly amount: bigint;
  /** Where the money comes from; by default the player's cash. */
  readonly from?: { readonly kind: string; readonly owner: string };
  /** Nothing happens by itself at that time: it is the earliest at which `expireHold` ends the hold. */
  readonly expiresAt?: Date;
}

/**
 * Moves money to player_held, where it waits until it is captured, voided or expired. `id` names the hold and its transfer.
 *
 * @returns refused like `post`, or as `hold_already_voided` where a void overtook it
 * @see docs/ledger.md#two-phase — semantics follow TigerBeetle's pending transfers
 */
export async function placeHold(db: Pool | Tx, held: Hold): Promise<Verdict> {
  const { playerId, currency, amount, from, expiresAt } = held;
  return await ask(
    db,
    'ledger_hold',
    `ledger.hold($1::uuid, $2::text, $3::text, $4::timestamptz, $5::text, $6::text, $7::bigint, $8::text, $9::text, $10::timestamptz)`,
    [
      ...valuesOf(held),
      playerId,
      currency,
      amount,
      from?.kind ?? 'player_cash',
      from?.owner ?? null,
      expiresAt ?? null,
    ],
  );
}

export interface Capture extends Deed {
  readonly holdId: string;
  /** Minor units, above zero; without it all that is left. */
  readonly amount?: bigint;
  readonly to: { readonly kind: string; readonly owner: string };
  /** Whether the rest goes back to the player's cash in the same transfer (the default) or stays held for more. */
  readonly release?: boolean;
}

/**
 * Captures part or all of a hold.
 *
 * @returns refused as `hold_not_found` | `hold_already_captured` | `hold_already_voided` | `hold_already_expired` |
 *   `hold_exceeded`, or, where the rest does not fit the player's cash, `amount_too_large`
 */
export async function captureHold(db: Pool | Tx, captured: Capture): Promise<Verdict> {
  const { holdId, amount, to, release } = captured;
  return await ask(
    db,
    'ledger_capture',
    `ledger.capture($1::uuid, $5::uuid, $2::text, $3::text, $4::timestamptz, $6::bigint, $7::text, $8::text, $9::boolean)`,
    [...valuesOf(captured), holdId, amount ?? null, to.kind, to.owner, release ?? true],
  );
}

/**
 * Gives what is left of a hold back to the player's cash. The undo of `placeHold`: of an unknown id it leaves a tombstone, so
 * that a hold which arrives late is refused. Voiding twice is a replay.
 *
 * @param deed.id of the hold
 * @returns refused as `hold_already_captured` | `amount_too_large`, neither recorded
 */
export async function voidHold(db: Pool | Tx, deed: Deed): Promise<Verdict> {
  return await ask(
    db,
    'ledger_void',
    `ledger.void($1::uuid, $2::text, $3::text, $4::timestamptz)`,
    valuesOf(deed),
  );
}

/**
 * Voids a hold whose time is over.
 *
 * @param deed.id of the hold
 * @returns refused as `hold_not_found` | `hold_not_expired` | `hold_already_captured` | `amount_too_large`, none recorded
 */
export async function expireHold(db: Pool | Tx, deed: Deed): Promise<Verdict> {
  return await ask(
    db,
    'ledger_expire',
    `ledger.expire($1::uuid, $2::text, $3::text, $4::timestamptz)`,
    valuesOf(deed),
  );
}

/** Open holds whose time is over, the oldest first. */
export async function dueHolds(
  pool: Pool,
  limit: number,
): Promise<{ readonly id: string; readonly businessId: string }[]> {
  const { rows } = await pool.query<{ id: string; businessId: string }>({
    name: 'due_holds',
    text: `select id, business_id as "businessId" from ledger.holds
            where state = 'open' and expires_at <= clock_timestamp() order by expires_at limit $1::int`,
    values: [limit],
  });
  return rows;
}

export interface Reversal extends Deed {
  /** Of the transfer to undo. */
  readonly transferId: string;
  /** Minor units, above zero; without it all that is left. A part can be reversed of a transfer with two entries only. */
  readonly amount?: bigint;
}

/**
 * Undoes a posted transfer by a new one, whole or in parts, which together never exceed what it moved.
 *
 * @returns refused as `transfer_not_found` (not recorded) | `transfer_already_reversed` | `reversal_exceeded` |
 *   `amount_too_large` | `insufficient_funds`
 */
export async function reverse(db: Pool | Tx, reversal: Reversal): Promise<Verdict> {
  return await ask(
    db,
    'ledger_reverse',
    `ledger.reverse($1::uuid, $5::uuid, $2::text, $3::text, $4::timestamptz, $6::bigint)`,
    [...valuesOf(reversal), reversal.transferId, reversal.amount ?? null],
  );
}

/** Opens a player's accounts in one currency. Safe to repeat. */
export async function openPlayer(db: Pool | Tx, playerId: string, currency: string): Promise<void> {
  await callRow(db, 'ledger_open_player', 'select ledger.open_player($1::text, $2::text)', [
    playerId,
    currency,
  ]);
}
