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
  /** The same to the microsecond, for the key of a page. */
  readonly createdKey: string;
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
  /** The type of where it goes now. */
  readonly method: string;
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

/** Steps, notes of people, and what providers notified of it, as it came in. */
const timeline = (kind: 'deposit' | 'withdrawal', id: string) => `(
  select coalesce(jsonb_agg(jsonb_build_object('at', ${iso('t.at')}, 'event', t.event, 'by', t.by, 'facts', t.facts) order by t.at, t.seq), '[]')
    from (select e.at, e.seq, e.event, e.by, e.facts from payments.events e where e.kind = '${kind}' and e.id = ${id} union all
          select n.at, null, 'note', n.person_id, jsonb_build_object('note', n.note) from payments.notes n where n.kind = '${kind}' and n.id = ${id} union all
          select h.received_at, null, 'webhook', h.provider, jsonb_strip_nulls(jsonb_build_object('eventId', h.event_id, 'key', h.body #>> '{news,key}',
                   'state', h.body #>> '{news,state}', 'providerReference', h.body #>> '{news,providerReference}', 'reason', h.body #>> '{news,reason}',
                   'outcome', h.outcome))
            from payments.webhooks h where h.body ->> 'kind' = '${kind}' and h.body ->> 'reference' = ${id}) t
  ) as timeline`;

/** What of a timeline its sagas wrote: all but what people and providers said beside them. */
export const stepsOf = (timeline: readonly TimelineItem[]): TimelineItem[] =>
  timeline.filter(({ event }) => event !== 'note' && event !== 'webhook');

function iso(column: string): string {
  return `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')`;
}

/** Everything of a deposit that the API tells. */
export const depositColumns = `
  d.deposit_id as "depositId", d.client_id as "clientId", d.player_id as "playerId", d.amount, d.currency, d.provider,
  d.provider_reference as "providerReference", d.redirect_url as "redirectUrl", d.status, d.reason, d.request, d.workflow_id as "workflowId",
  d.expires_at as "expiresAt", d.created_at as "createdAt", d.created_at::text as "createdKey", d.since,
  d.status in ('pending', 'needs_attention') and d.since < clock_timestamp() - d.overdue_after_ms * interval '1 millisecond' as overdue,
  ${timeline('deposit', 'd.deposit_id')}`;

export async function findDeposit(pool: Pool, depositId: string): Promise<Deposit | undefined> {
  const { rows } = await pool.query<Deposit>({
    name: 'find_deposit',
    text: `select ${depositColumns} from payments.deposits d where deposit_id = $1::text`,
    values: [depositId],
  });
  return rows[0];
}

/** Everything of a withdrawal that the API tells. A list reads the same columns through its filters: `withdrawalColumns`. */
export const withdrawalColumns = `
  w.withdrawal_id as "withdrawalId", w.client_id as "clientId", w.player_id as "playerId", p.jurisdiction, w.amount, w.currency, w.provider, w.destination ->> 'type' as method, w.state,
  w.reason, w.request, w.workflow_id as "workflowId", w.created_at as "createdAt", w.created_at::text as "createdKey", w.since,
  w.state in ('submitting', 'submitted') and w.since < clock_timestamp() - w.overdue_after_ms * interval '1 millisecond' as overdue,
  (select coalesce(jsonb_agg(jsonb_build_object('attempt', a.attempt, 'provider', a.provider, 'key', a.key, 'status', a.status, 'reason', a.reason,
            'startedAt', ${iso('a.started_at')}, 'endedAt', ${iso('a.ended_at')}) order by a.attempt), '[]')
     from payments.attempts a where a.withdrawal_id = w.withdrawal_id) as attempts,
  ${timeline('withdrawal', 'w.withdrawal_id')}`;

export async function findWithdrawal(pool: Pool, withdrawalId: string): Promise<Withdrawal | undefined> {
  return (await findWithdrawals(pool, [withdrawalId]))[0];
}

export async function findWithdrawals(pool: Pool, ids: readonly string[]): Promise<Withdrawal[]> {
  const { rows } = await pool.query<Withdrawal>({
    name: 'find_withdrawals',
    text: `select ${withdrawalColumns} from payments.withdrawals w left join players.players p using (player_id) where w.withdrawal_id = any ($1::text[])`,
    values: [ids],
  });
  return rows;
}
