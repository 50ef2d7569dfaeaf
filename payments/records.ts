import type { PaymentsConfig } from '../config/index.ts';
import type {
  DepositInput,
  DepositStep,
  Opened,
  Resumed,
  ResumedDeposit,
  Stepped,
  Terms,
  WithdrawalInput,
  WithdrawalStep,
} from '../contract/payments.ts';
import type { ProblemCode } from '../contract/codes.ts';
import type { DepositEvent } from '../contract/states/deposit.ts';
import type { WithdrawalEvent } from '../contract/states/withdrawal.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

type ReviewRules = Pick<PaymentsConfig, 'withdrawalsPerHour' | 'playedThroughPercent' | 'closedLoop'>;

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
    'select outcome, code, opened_at as "openedAt" from payments.open_deposit($1::text, $2::text, $3::text, $4::bigint, $5::text, $6::jsonb, $7::text, $8::bigint, $9::bigint, $10::text)',
    [
      d.depositId,
      d.clientId,
      d.playerId,
      d.money.minor,
      d.money.currency,
      JSON.stringify(d.request),
      workflowId,
      d.expiresInMs,
      terms.overdueAfterMs,
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

type SteppedRow<Event> = Omit<Stepped<Event>, 'at'> & { at: Date };

const stepped = <Event>({ at, ...step }: SteppedRow<Event>): Stepped<Event> => ({
  ...step,
  at: at.toISOString(),
});

/** One step of a deposit with its money, once however often it is repeated. */
export const stepDeposit = async (pool: Pool, s: DepositStep): Promise<Stepped<DepositEvent>> =>
  stepped(
    await callRow<SteppedRow<DepositEvent>>(
      pool,
      'step_deposit',
      'select event, by, at, refused, facts from payments.deposit_step($1::text, $2::int, $3::text, $4::text, $5::text, $6::text, $7::text, $8::text, $9::text, $10::bigint, $11::jsonb)',
      [
        s.depositId,
        s.seq,
        s.event,
        s.to,
        s.by ?? null,
        s.provider ?? null,
        s.providerReference ?? null,
        s.redirectUrl ?? null,
        s.reason ?? null,
        s.amountMinor ?? null,
        JSON.stringify(s.facts ?? {}),
      ],
    ),
  );

/** One step of a withdrawal with its money, once however often it is repeated. */
export const stepWithdrawal = async (pool: Pool, s: WithdrawalStep): Promise<Stepped<WithdrawalEvent>> =>
  stepped(
    await callRow<SteppedRow<WithdrawalEvent>>(
      pool,
      'step_withdrawal',
      'select event, by, at, refused, facts from payments.withdrawal_step($1::text, $2::int, $3::text, $4::text, $5::text, $6::text, $7::int, $8::text, $9::jsonb)',
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
  { withdrawalsPerHour, playedThroughPercent, closedLoop }: ReviewRules,
): Promise<string | null> {
  const { reason } = await callRow<{ reason: string | null }>(
    pool,
    'review_reason',
    'select payments.review_reason($1::text, $2::int, $3::int, $4::boolean) as reason',
    [withdrawalId, withdrawalsPerHour, playedThroughPercent, closedLoop],
  );
  return reason;
}

/** Reads where a withdrawal stands, and moves its record, if it has ended, to the workflow that takes it up. */
export const resumeWithdrawal = (pool: Pool, withdrawalId: string, workflowId: string): Promise<Resumed> =>
  callRow<Resumed>(
    pool,
    'resume_withdrawal',
    `update payments.withdrawals w
        set workflow_id = case when state in ('paid', 'rejected', 'cancelled') then $2::text else workflow_id end
      where withdrawal_id = $1::text
     returning payments.next_seq('withdrawal', withdrawal_id) as "nextSeq", state, workflow_id = $2::text as mine, coalesce(provider, '') as provider,
       exists (select from payments.events e where e.kind = 'withdrawal' and e.id = withdrawal_id and e.event = 'written_off_paid') as "paidTwice",
       (select coalesce(jsonb_agg(jsonb_build_object('attempt', a.attempt, 'provider', a.provider, 'key', a.key, 'status', a.status, 'startedAt', a.started_at) order by a.attempt), '[]')
          from payments.attempts a where a.withdrawal_id = w.withdrawal_id) as attempts`,
    [withdrawalId, workflowId],
  );

/** Reads where a deposit stands, and moves its record to the workflow that takes it up. */
export async function resumeDeposit(
  pool: Pool,
  depositId: string,
  workflowId: string,
): Promise<ResumedDeposit> {
  const row = await callRow<Omit<ResumedDeposit, 'since'> & { since: Date }>(
    pool,
    'resume_deposit',
    `update payments.deposits d set workflow_id = $2::text where deposit_id = $1::text
     returning payments.next_seq('deposit', deposit_id) as "nextSeq", status as state, coalesce(provider, '') as provider, since, overdue_after_ms::int as "overdueAfterMs",
               payments.open_refund(d) as refund`,
    [depositId, workflowId],
  );
  return { ...row, since: row.since.toISOString() };
}
