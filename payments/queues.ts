import { DEPOSIT, type DepositState } from '../contract/states/deposit.ts';
import { WITHDRAWAL, type WithdrawalState } from '../contract/states/withdrawal.ts';
import type { Pool } from '../ops/postgres.ts';
import { depositColumns, withdrawalColumns, type Deposit, type Withdrawal } from './read.ts';

export interface Filters<State> {
  readonly states?: readonly State[];
  readonly provider?: string;
  readonly playerId?: string;
  readonly clientId?: string;
  readonly currency?: string;
  readonly from?: string;
  readonly to?: string;
  /** Seconds in the present state. */
  readonly minAge?: number;
  /** The key of the last one of the page before: when it was made, and its id. */
  readonly after?: readonly [string, string];
  readonly limit: number;
}

/** What the filters let through of a table by its alias, oldest first; the parameters are those of `valuesOf`. */
const page = (t: string, id: string, state: string) => `
  ($1::text[] is null or ${t}.${state} = any ($1)) and ($2::text is null or ${t}.provider = $2)
    and ($3::text is null or ${t}.player_id = $3) and ($4::text is null or ${t}.client_id = $4) and ($5::text is null or ${t}.currency = $5)
    and ($6::timestamptz is null or ${t}.created_at >= $6) and ($7::timestamptz is null or ${t}.created_at < $7)
    and ($8::int is null or ${t}.since <= clock_timestamp() - $8 * interval '1 second')
    and ($9::timestamptz is null or (${t}.created_at, ${t}.${id}) > ($9, $10::text))
  order by ${t}.created_at, ${t}.${id} limit $11::int`;

const valuesOf = (f: Filters<string>) => [
  ...[f.states ?? null, f.provider ?? null, f.playerId ?? null, f.clientId ?? null, f.currency ?? null],
  ...[f.from ?? null, f.to ?? null, f.minAge ?? null, f.after?.[0] ?? null, f.after?.[1] ?? null, f.limit],
];

/** A page of the queue, oldest first. */
export async function listWithdrawals(pool: Pool, f: Filters<WithdrawalState>): Promise<Withdrawal[]> {
  const { rows } = await pool.query<Withdrawal>({
    name: 'list_withdrawals',
    text: `select ${withdrawalColumns} from payments.withdrawals w left join players.players p using (player_id)
            where w.state <> 'refused_at_once' and ${page('w', 'withdrawal_id', 'state')}`,
    values: valuesOf(f),
  });
  return rows;
}

/** A page of the queue, oldest first. */
export async function listDeposits(pool: Pool, f: Filters<DepositState>): Promise<Deposit[]> {
  const { rows } = await pool.query<Deposit>({
    name: 'list_deposits',
    text: `select ${depositColumns} from payments.deposits d where ${page('d', 'deposit_id', 'status')}`,
    values: valuesOf(f),
  });
  return rows;
}

export interface Ageing {
  readonly status: string;
  readonly currency: string;
  readonly age: 'under_1h' | 'under_24h' | 'under_3d' | 'over_3d';
  readonly count: number;
  readonly amount: bigint;
  readonly oldestSince: Date;
}

const ENDED: readonly string[] = [
  ...(['credited', 'failed', 'expired', 'refused', 'refunded', 'charged_back'] satisfies DepositState[]),
  ...(['paid', 'rejected', 'cancelled', 'refused_at_once'] satisfies WithdrawalState[]),
];

/** What is open, counted and summed by status, currency, and time in its state. It reads what is open only. */
export async function ageOfQueue(pool: Pool, kind: 'deposit' | 'withdrawal'): Promise<Ageing[]> {
  const open = Object.keys(kind === 'deposit' ? DEPOSIT : WITHDRAWAL).filter(
    (state) => !ENDED.includes(state),
  );
  const statusOf = (state: string) =>
    kind === 'deposit' ? state : String(WITHDRAWAL[state as WithdrawalState].status);
  const state = kind === 'deposit' ? 'status' : 'state';
  const { rows } = await pool.query<Ageing>({
    name: `age_of_${kind}s`,
    text: `select s.status, t.currency, b.age, count(*)::int as count, sum(t.amount)::bigint as amount, min(t.since) as "oldestSince"
             from unnest($1::text[], $2::text[]) as s (state, status)
             join payments.${kind}s t on t.${state} = s.state,
                  lateral (select case when t.since > clock_timestamp() - interval '1 hour' then 'under_1h'
                                       when t.since > clock_timestamp() - interval '24 hours' then 'under_24h'
                                       when t.since > clock_timestamp() - interval '3 days' then 'under_3d' else 'over_3d' end as age) b
            group by s.status, t.currency, b.age order by s.status, t.currency, min(t.since)`,
    values: [open, open.map(statusOf)],
  });
  return rows;
}
