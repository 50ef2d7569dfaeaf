import { START, verify } from '../../ledger/verify/findDrift.ts';
import type { Pool } from '../../ops/postgres.ts';
import { bar } from '../../ops/progress.ts';

/** What all that takes on disk, and how fast it is verified. Throws where the ledger does not hold. */
export async function aftermath(pool: Pool): Promise<{ bytes: number; verified: number }> {
  const { rows } = await pool.query<{ bytes: bigint; transfers: bigint }>(
    `select (select sum(pg_total_relation_size(relid))
               from (select 'ledger.outcomes'::regclass as relid union all select 'ledger.chain' union all
                     select relid from pg_partition_tree('ledger.transfers') union all
                     select relid from pg_partition_tree('ledger.entries')) parts)::bigint as bytes,
            (select count(*) from ledger.transfers) as transfers`,
  );
  const transfers = Number(rows[0]?.transfers);
  const started = performance.now();
  await mustHold(pool, transfers);
  const verified = (transfers / (performance.now() - started)) * 1_000;
  return { bytes: Number(rows[0]?.bytes) / transfers, verified };
}

/** Its entries, its transfers, its outcomes and its chain are looked at: five rows a transfer. */
export async function mustHold(pool: Pool, transfers: number): Promise<void> {
  const shown = bar('rows verified', transfers * 5, process.stderr);
  let seen = 0;
  for await (const { drift, size, next } of verify(pool, START)) {
    if (drift.length > 0) throw new Error(`the ledger drifts: ${JSON.stringify(drift[0])}`);
    shown.at((seen += size), next.pass);
  }
  shown.clear();
}
