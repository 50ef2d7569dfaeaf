import type {
  DepositInput,
  DepositStep,
  Opened,
  ProviderNews,
  Stepped,
  Terms,
  WithdrawalInput,
  WithdrawalStep,
} from '../contract/payments.ts';
import type { ProblemCode } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

interface OpenedRow {
  outcome: 'opened' | 'refused';
  code: ProblemCode | null;
  openedAt: Date;
}

const opened = ({ outcome, code, openedAt }: OpenedRow, terms: Terms): Opened =>
  outcome === 'opened'
    ? { outcome, terms, openedAt: openedAt.toISOString() }
    : { outcome, code: code ?? 'internal' };

/** Writes a deposit down, or refuses it. Safe to repeat. */
export async function openDeposit(
  pool: Pool,
  d: DepositInput,
  workflowId: string,
  terms: Terms,
): Promise<Opened> {
  const row = await callRow<OpenedRow>(
    pool,
    'open_deposit',
    'select outcome, code, opened_at as "openedAt" from payments.open_deposit($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::jsonb, $7::text, $8::bigint, $9::text)',
    [
      d.depositId,
      d.clientId,
      d.playerId,
      d.money.minor,
      d.money.currency,
      JSON.stringify(d.request),
      workflowId,
      d.expiresInMs,
      d.objection,
    ],
  );
  return opened(row, terms);
}

/** Writes a withdrawal down and holds its money, in one transaction; refused where the money is not there. Safe to repeat. */
export async function openWithdrawal(
  pool: Pool,
  w: WithdrawalInput,
  workflowId: string,
  terms: Terms,
): Promise<Opened> {
  const row = await callRow<OpenedRow>(
    pool,
    'open_withdrawal',
    `select outcome, code, opened_at as "openedAt"
       from payments.open_withdrawal($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::jsonb, $7::jsonb, $8::text, $9::bigint, $10::text)`,
    [
      w.withdrawalId,
      w.clientId,
      w.playerId,
      w.money.minor,
      w.money.currency,
      JSON.stringify(w.destination),
      JSON.stringify(w.request),
      workflowId,
      terms.overdueAfterMs,
      w.objection,
    ],
  );
  return opened(row, terms);
}

interface SteppedRow {
  at: Date;
  refused: ProblemCode | null;
}

const stepped = ({ at, refused }: SteppedRow): Stepped => ({ at: at.toISOString(), refused });

/** One step of a deposit with its money, once however often it is repeated. */
export const stepDeposit = async (pool: Pool, s: DepositStep): Promise<Stepped> =>
  stepped(
    await callRow<SteppedRow>(
      pool,
      'step_deposit',
      'select at, refused from payments.deposit_step($1::text, $2::int, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::jsonb)',
      [
        s.depositId,
        s.seq,
        s.event,
        s.to,
        s.provider ?? null,
        s.providerReference ?? null,
        s.redirectUrl ?? null,
        s.reason ?? null,
        JSON.stringify(s.facts ?? {}),
      ],
    ),
  );

/** One step of a withdrawal with its money, once however often it is repeated. */
export const stepWithdrawal = async (pool: Pool, s: WithdrawalStep): Promise<Stepped> =>
  stepped(
    await callRow<SteppedRow>(
      pool,
      'step_withdrawal',
      'select at, refused from payments.withdrawal_step($1::text, $2::int, $3::text, $4::text, $5::text, $6::text, $7::int, $8::text, $9::jsonb)',
      [
        s.withdrawalId,
        s.seq,
        s.event,
        s.to,
        s.by,
        s.reason ?? null,
        s.attempt,
        s.provider,
        JSON.stringify(s.facts ?? {}),
      ],
    ),
  );

/** Why our checks want a person to look at a withdrawal, or null: `velocity`. */
export async function reviewReason(
  pool: Pool,
  withdrawalId: string,
  mostPerHour: number,
): Promise<string | null> {
  const { reason } = await callRow<{ reason: string | null }>(
    pool,
    'review_reason',
    'select payments.review_reason($1::text, $2::int) as reason',
    [withdrawalId, mostPerHour],
  );
  return reason;
}

/** What a saga that takes up a payment after its first saga ended has to know. */
export interface Resumed {
  readonly nextSeq: number;
  readonly state: string;
  readonly provider: string;
  readonly attempt: number;
  /** The attempt the news is about, and what we think of it. */
  readonly newsAttempt: number;
  readonly newsAttemptStatus: string | null;
}

/** Reads where a withdrawal stands, and moves its record to the workflow that takes it up. */
export const resumeWithdrawal = (
  pool: Pool,
  withdrawalId: string,
  workflowId: string,
  news: ProviderNews,
): Promise<Resumed> =>
  callRow<Resumed>(
    pool,
    'resume_withdrawal',
    `with moved as (update payments.withdrawals set workflow_id = $2::text where withdrawal_id = $1::text returning *)
     select payments.next_seq('withdrawal', $1::text) as "nextSeq", m.state, coalesce(n.provider, m.provider) as provider,
            (select coalesce(max(attempt), 0) from payments.attempts where withdrawal_id = $1::text) as attempt,
            coalesce(n.attempt, 0) as "newsAttempt", n.status as "newsAttemptStatus"
       from moved m left join payments.attempts n on n.key = $3::text`,
    [withdrawalId, workflowId, news.key],
  );

export const resumeDeposit = (
  pool: Pool,
  depositId: string,
): Promise<{ nextSeq: number; state: string; provider: string }> =>
  callRow(
    pool,
    'resume_deposit',
    `select payments.next_seq('deposit', $1::text) as "nextSeq", status as state, provider from payments.deposits where deposit_id = $1::text`,
    [depositId],
  );
