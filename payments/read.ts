import type { DepositState } from '../contract/states/deposit.ts';
import type { WithdrawalState } from '../contract/states/withdrawal.ts';
import type { Pool } from '../ops/postgres.ts';

export interface TimelineItem {
  readonly at: string;
  readonly event: string;
  readonly by: string;
  readonly facts: Record<string, unknown>;
}

export interface Deposit {
  readonly depositId: string;
  readonly clientId: string;
  readonly playerId: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly provider: string | null;
  readonly providerReference: string | null;
  readonly redirectUrl: string | null;
  readonly status: DepositState;
  readonly reason: string | null;
  readonly request: unknown;
  readonly workflowId: string;
  readonly expiresAt: Date;
  readonly createdAt: Date;
  readonly since: Date;
  /** The provider has taken longer than it may. */
  readonly overdue: boolean;
  readonly timeline: readonly TimelineItem[];
}

export interface Attempt {
  readonly attempt: number;
  readonly provider: string;
  readonly key: string;
  readonly status: string;
  readonly reason: string | null;
  readonly startedAt: string;
  readonly endedAt: string | null;
}

export interface Withdrawal {
  readonly withdrawalId: string;
  readonly clientId: string;
  readonly playerId: string;
  readonly jurisdiction: string;
  readonly amount: bigint;
  readonly currency: string;
  readonly provider: string | null;
  readonly state: WithdrawalState;
  readonly reason: string | null;
  readonly request: unknown;
  readonly workflowId: string;
  readonly createdAt: Date;
  /** The same to the microsecond, for the key of a page. */
  readonly createdKey: string;
  readonly since: Date;
  /** The provider has taken longer than it may. */
  readonly overdue: boolean;
  readonly attempts: readonly Attempt[];
  readonly timeline: readonly TimelineItem[];
}

const timeline = (kind: 'deposit' | 'withdrawal', id: string) => `(
  select coalesce(jsonb_agg(jsonb_build_object('at', ${iso('e.at')}, 'event', e.event, 'by', e.by, 'facts', e.facts) order by e.seq), '[]')
    from payments.events e where e.kind = '${kind}' and e.id = ${id}) as timeline`;

function iso(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

export async function findDeposit(pool: Pool, depositId: string): Promise<Deposit | undefined> {
  const { rows } = await pool.query<Deposit>({
    name: 'find_deposit',
    text: `select deposit_id as "depositId", client_id as "clientId", player_id as "playerId", amount, currency, provider,
                  provider_reference as "providerReference", redirect_url as "redirectUrl", status, reason, request, workflow_id as "workflowId",
                  expires_at as "expiresAt", created_at as "createdAt", since,
                  status in ('pending', 'needs_attention') and since < clock_timestamp() - overdue_after_ms * interval '1 millisecond' as overdue, ${timeline('deposit', 'd.deposit_id')}
             from payments.deposits d where deposit_id = $1::text`,
    values: [depositId],
  });
  return rows[0];
}

/** Everything of a withdrawal that the API tells. A list reads the same columns through its filters: `withdrawalColumns`. */
export const withdrawalColumns = `
  w.withdrawal_id as "withdrawalId", w.client_id as "clientId", w.player_id as "playerId", p.jurisdiction, w.amount, w.currency, w.provider, w.state,
  w.reason, w.request, w.workflow_id as "workflowId", w.created_at as "createdAt", w.created_at::text as "createdKey", w.since,
  w.state in ('submitting', 'submitted') and w.since < clock_timestamp() - w.overdue_after_ms * interval '1 millisecond' as overdue,
  (select coalesce(jsonb_agg(jsonb_build_object('attempt', a.attempt, 'provider', a.provider, 'key', a.key, 'status', a.status, 'reason', a.reason,
            'startedAt', ${iso('a.started_at')}, 'endedAt', ${iso('a.ended_at')}) order by a.attempt), '[]')
     from payments.attempts a where a.withdrawal_id = w.withdrawal_id) as attempts,
  ${timeline('withdrawal', 'w.withdrawal_id')}`;

export async function findWithdrawal(pool: Pool, withdrawalId: string): Promise<Withdrawal | undefined> {
  const { rows } = await pool.query<Withdrawal>({
    name: 'find_withdrawal',
    text: `select ${withdrawalColumns} from payments.withdrawals w left join players.players p using (player_id) where w.withdrawal_id = $1::text`,
    values: [withdrawalId],
  });
  return rows[0];
}

export interface Filters {
  readonly states?: readonly WithdrawalState[];
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

/** A page of the queue, oldest first. */
export async function listWithdrawals(pool: Pool, f: Filters): Promise<Withdrawal[]> {
  const { rows } = await pool.query<Withdrawal>({
    name: 'list_withdrawals',
    text: `select ${withdrawalColumns} from payments.withdrawals w left join players.players p using (player_id)
            where w.state <> 'refused_at_once' and ($1::text[] is null or w.state = any ($1)) and ($2::text is null or w.provider = $2)
              and ($3::text is null or w.player_id = $3) and ($4::text is null or w.client_id = $4) and ($5::text is null or w.currency = $5)
              and ($6::timestamptz is null or w.created_at >= $6) and ($7::timestamptz is null or w.created_at < $7)
              and ($8::int is null or w.since <= clock_timestamp() - $8 * interval '1 second')
              and ($9::timestamptz is null or (w.created_at, w.withdrawal_id) > ($9, $10::text))
            order by w.created_at, w.withdrawal_id limit $11::int`,
    values: [
      f.states ?? null,
      f.provider ?? null,
      f.playerId ?? null,
      f.clientId ?? null,
      f.currency ?? null,
      f.from ?? null,
      f.to ?? null,
      f.minAge ?? null,
      f.after?.[0] ?? null,
      f.after?.[1] ?? null,
      f.limit,
    ],
  });
  return rows;
}

export interface SavedAction {
  readonly withdrawalId: string;
  readonly content: unknown;
  readonly status: number;
  readonly answer: unknown;
  /** Whether the content is the same as the one asked about now. */
  readonly same: boolean;
}

export async function findAction(
  pool: Pool,
  personId: string,
  key: string,
  withdrawalId: string,
  content: object,
): Promise<SavedAction | undefined> {
  const { rows } = await pool.query<SavedAction>({
    name: 'find_action',
    text: `select withdrawal_id as "withdrawalId", content, status, answer, withdrawal_id = $3::text and content = $4::jsonb as same
             from payments.actions where person_id = $1::text and idempotency_key = $2::text`,
    values: [personId, key, withdrawalId, JSON.stringify(content)],
  });
  return rows[0];
}

export async function saveAction(
  pool: Pool,
  {
    personId,
    key,
    withdrawalId,
    content,
    status,
    answer,
  }: { personId: string; key: string; withdrawalId: string; content: object; status: number; answer: object },
): Promise<void> {
  await pool.query({
    name: 'save_action',
    text: `insert into payments.actions (person_id, idempotency_key, withdrawal_id, content, status, answer)
           values ($1::text, $2::text, $3::text, $4::jsonb, $5::int, $6::jsonb) on conflict do nothing`,
    values: [personId, key, withdrawalId, JSON.stringify(content), status, JSON.stringify(answer)],
  });
}

/** Whether what a person pressed is in the timeline, whoever was told of it. */
export async function wasDone(
  pool: Pool,
  kind: 'deposit' | 'withdrawal',
  id: string,
  personId: string,
  idempotencyKey: string,
): Promise<boolean> {
  const { rowCount } = await pool.query({
    name: 'was_done',
    text: `select from payments.events where kind = $1::text and id = $2::text and by = $3::text and facts ->> 'idempotencyKey' = $4::text and refused is null`,
    values: [kind, id, personId, idempotencyKey],
  });
  return rowCount !== 0;
}
