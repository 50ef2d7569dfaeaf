import type { Origin } from '../contract/audit.ts';
import type { Refusal } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

/** What of a stake goes into a pot, or is won from it, in minor units of the stake's currency. */
export interface PotAmount {
  readonly potId: string;
  readonly amount: number;
}

/** A pot of a jackpot. Amounts are minor units. */
export interface Pot {
  readonly potId: string;
  readonly currency: string;
  readonly balance: bigint;
  /** The house puts it in when the pot is opened, and brings the pot back to it after a win. */
  readonly seed: bigint;
}

/** Opens a pot with its seed in it; the same again answers it as it is now. Refused: `idempotency_conflict`. */
export async function openPot(
  pool: Pool,
  { potId, currency, seed }: Omit<Pot, 'balance'>,
  origin: Origin,
): Promise<{ readonly pot: Pot } | { readonly refusal: Refusal }> {
  const { code, balance } = await callRow<{ code: 'idempotency_conflict' | null; balance: bigint }>(
    pool,
    'open_pot',
    `select code, balance, audit.record($4::jsonb, 'open', 'pot', $1::text, null, null,
              jsonb_strip_nulls(jsonb_build_object('currency', $2::text, 'seed', $3::bigint, 'refused', code))) as recorded
       from rounds.open_pot($1::text, $2::text, $3::bigint)`,
    // A PUT may come again: that is no other deed.
    [potId, currency, seed, JSON.stringify({ ...origin, key: `${currency} ${String(seed)}` })],
  );
  return code === null ? { pot: { potId, currency, balance, seed } } : { refusal: { code } };
}

export async function findPot(pool: Pool, potId: string): Promise<Pot | undefined> {
  const { rows } = await pool.query<Pot>({
    name: 'find_pot',
    text: `select pot_id as "potId", currency, rounds.in_pot(pot_id) as balance, seed from rounds.pots where pot_id = $1::text`,
    values: [potId],
  });
  return rows[0];
}
