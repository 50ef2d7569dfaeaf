import type { Pool, Tx } from '../ops/postgres.ts';
import type { Capture } from './holds.ts';
import {
  columnsOf,
  columnsOfDeeds,
  toVerdict,
  type Deed,
  type Net,
  type VerdictRow,
  type Verdict,
} from './post.ts';

/**
 * `captureHold` of many in one transaction, as one after the other: a verdict for each, in their order. A refusal is nothing
 * to the others; an id that comes twice is answered as a replay.
 *
 * @throws where one makes no sense: then none is captured
 */
export async function captureHolds(db: Pool | Tx, captures: readonly Capture[]): Promise<Verdict[]> {
  const { rows } = await db.query<VerdictRow>({
    name: 'ledger_capture_all',
    text: `select * from ledger.capture_all($1::uuid[], $5::uuid[], $2::text[], $3::text[], $4::timestamptz[], $6::bigint[],
      $7::text[], $8::text[], $9::boolean[])`,
    values: [
      ...columnsOfDeeds(captures),
      captures.map(({ holdId }) => holdId),
      captures.map(({ amount }) => amount ?? null),
      captures.map(({ to }) => to.kind),
      captures.map(({ to }) => to.owner),
      captures.map(({ release }) => release ?? true),
    ],
  });
  return rows.map(toVerdict);
}

/** `voidHold` of many in one transaction, as one after the other: see `captureHolds`. */
export async function voidHolds(db: Pool | Tx, deeds: readonly Deed[]): Promise<Verdict[]> {
  const { rows } = await db.query<VerdictRow>({
    name: 'ledger_void_all',
    text: 'select * from ledger.void_all($1::uuid[], $2::text[], $3::text[], $4::timestamptz[])',
    values: columnsOfDeeds(deeds),
  });
  return rows.map(toVerdict);
}

/** `postNet` of many in one transaction, as one after the other: see `captureHolds`. */
export async function postNets(
  db: Pool | Tx,
  nets: readonly Net[],
): Promise<{ verdict: Verdict; owed: bigint }[]> {
  const house = nets.flatMap((net, at) => net.house.map((leg) => ({ ...leg, at: at + 1 })));
  const { rows } = await db.query<VerdictRow & { owed: bigint }>({
    name: 'ledger_post_net_all',
    text: `select (p.verdict).*, p.owed from ledger.post_net_all(array(
        select row(n.id, n.code, n.business_id, n.happened_at, n.player, n.currency, n.amount, h.legs, n.repay)::ledger.net
          from unnest($1::uuid[], $2::text[], $3::text[], $4::timestamptz[], $5::text[], $6::text[], $7::bigint[], $8::boolean[]) with ordinality
            as n (id, code, business_id, happened_at, player, currency, amount, repay, at)
          left join (select net, array_agg(row(kind, owner, currency, amount, 0)::ledger.leg order by at) as legs
                       from unnest($9::int[], $10::text[], $11::text[], $12::text[], $13::bigint[]) with ordinality as l (net, kind, owner, currency, amount, at)
                      group by net) h on h.net = n.at
         order by n.at)) p`,
    values: [
      ...columnsOfDeeds(nets),
      nets.map(({ playerId }) => playerId),
      nets.map(({ currency }) => currency),
      nets.map(({ net }) => net),
      nets.map(({ repay }) => repay),
      house.map(({ at }) => at),
      ...columnsOf(house),
    ],
  });
  return rows.map((row) => ({ verdict: toVerdict(row), owed: row.owed }));
}
