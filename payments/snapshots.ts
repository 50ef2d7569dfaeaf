import { inTransaction, type Pool } from '../ops/postgres.ts';

/** What was owed to the players of a jurisdiction at a moment, in minor units, by where it stood. */
export interface LiabilitySnapshot {
  readonly at: Date;
  readonly jurisdiction: string;
  readonly currency: string;
  readonly cash: bigint;
  readonly inPlay: bigint;
  readonly pendingWithdrawals: bigint;
  readonly payoutsInFlight: bigint;
  readonly returned: bigint;
}

/** Sums every player. Safe to repeat: a moment has one snapshot. */
export async function takeLiabilitySnapshot(pool: Pool, at: string): Promise<void> {
  await inTransaction(pool, async (tx) => {
    await tx.query('set local statement_timeout = 0');
    await tx.query('select payments.take_liability_snapshot($1::timestamptz)', [at]);
  });
}

export async function listLiabilitySnapshots(
  pool: Pool,
  { from, to, limit }: { from: string; to: string; limit: number },
): Promise<LiabilitySnapshot[]> {
  const { rows } = await pool.query<LiabilitySnapshot>({
    name: 'list_liability_snapshots',
    text: `select at, jurisdiction, currency, cash, in_play as "inPlay", pending_withdrawals as "pendingWithdrawals",
                  payouts_in_flight as "payoutsInFlight", returned
             from payments.liability_snapshots where at >= $1::timestamptz and at < $2::timestamptz
            order by at desc, jurisdiction, currency limit $3::int`,
    values: [from, to, limit],
  });
  return rows;
}
