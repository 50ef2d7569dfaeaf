import type { Pool } from '../ops/postgres.ts';
import { timestamp, type Moment } from './moments.ts';

export interface Transfer {
  readonly transferId: string;
  readonly code: string;
  readonly businessId: string;
  readonly happenedAt: Date;
  readonly writtenAt: Date;
  /** The transfer this one undoes. */
  readonly reverses: string | null;
  readonly entries: readonly { readonly accountId: string; readonly amount: bigint }[];
}

/** The place of a transfer among those of its business record. */
export interface TransferKey {
  readonly at: Moment;
  readonly transferId: string;
}

interface Row extends Omit<Transfer, 'entries'>, TransferKey {
  readonly accounts: string[];
  readonly amounts: string[];
}

const SELECT = `
  select t.id as "transferId", t.code, t.business_id as "businessId", t.happened_at as "happenedAt", t.written_at as "writtenAt",
         t.reverses, (extract(epoch from t.written_at) * 1000000)::bigint as at, e.accounts, e.amounts`;
/** Amounts as text: the driver would read an array of them as doubles. */
const ENTRIES = `
  cross join lateral (
    select array_agg(a.kind || ':' || a.owner || ':' || a.currency order by e.account_id) as accounts,
           array_agg(e.amount::text order by e.account_id) as amounts
      from (select * from ledger.entries where written_at = t.written_at and transfer_id = t.id offset 0) e
     cross join lateral (select kind, owner, currency from ledger.accounts where id = e.account_id limit 1) a) e`;

/** What a business record did to the ledger, newest first. */
export async function listTransfers(
  pool: Pool,
  businessId: string,
  { before, limit }: { before?: TransferKey | undefined; limit: number },
): Promise<(Transfer & TransferKey)[]> {
  const { rows } = await pool.query<Row>(
    `${SELECT}
       from (select * from ledger.transfers
              where business_id = $1::text
                and ($2::bigint is null or (written_at, id) < (${timestamp('$2')}, $3::uuid))
              order by written_at desc, id desc limit $4::int) t
      ${ENTRIES} order by t.written_at desc, t.id desc`,
    [businessId, before?.at, before?.transferId, limit],
  );
  return rows.map(transferOf);
}

export async function findTransfer(
  pool: Pool,
  transferId: string,
): Promise<(Transfer & TransferKey) | undefined> {
  const { rows } = await pool.query<Row>(
    `${SELECT} from (select t.* from (select id, decided_at from ledger.outcomes where id = $1::uuid limit 1) o
                       cross join lateral (select * from ledger.transfers where written_at = o.decided_at and id = o.id limit 1) t) t ${ENTRIES}`,
    [transferId],
  );
  return rows.map(transferOf)[0];
}

const transferOf = ({ accounts, amounts, ...transfer }: Row) => ({
  ...transfer,
  entries: accounts.map((accountId, at) => ({ accountId, amount: BigInt(amounts[at] ?? 0) })),
});
