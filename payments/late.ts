import {
  depositKey,
  type DepositInput,
  type ProviderNews,
  type WithdrawalInput,
} from '../contract/payments.ts';
import { DEPOSIT, type DepositState } from '../contract/states/deposit.ts';
import { WITHDRAWAL, type WithdrawalState } from '../contract/states/withdrawal.ts';
import type { Pool } from '../ops/postgres.ts';

/** A deposit whose own saga has ended, as the saga that takes it up needs it, and its state; undefined where there is none. */
export async function endedDeposit(
  pool: Pool,
  depositId: string,
): Promise<{ input: DepositInput; state: DepositState } | undefined> {
  const { rows } = await pool.query<{
    clientId: string;
    playerId: string;
    amount: bigint;
    currency: string;
    state: DepositState;
    request: Pick<DepositInput, 'method' | 'returnUrl'>;
  }>(
    `select client_id as "clientId", player_id as "playerId", amount, currency, status as state, request from payments.deposits where deposit_id = $1`,
    [depositId],
  );
  const [d] = rows;
  if (d === undefined) return undefined;
  const { clientId, playerId, request, state } = d;
  const { method, returnUrl } = request;
  const money = { minor: d.amount.toString(), currency: d.currency };
  const same = { depositId, clientId, playerId, money, method, returnUrl, request };
  return { state, input: { ...same, expiresInMs: 0, objection: null, late: true } };
}

/** What a saga needs to take up a deposit that had ended, or undefined where the news changes nothing. */
export async function lateDeposit(
  pool: Pool,
  depositId: string,
  news: ProviderNews,
): Promise<DepositInput | undefined> {
  const ended = await endedDeposit(pool, depositId);
  if (ended === undefined || news.key !== depositKey(depositId)) return undefined;
  const { on } = DEPOSIT[ended.state];
  const matters =
    news.state === 'captured'
      ? on.captured !== undefined
      : news.state === 'charged_back' && (on.charged_back ?? on.captured) !== undefined;
  return matters ? ended.input : undefined;
}

/** What a saga needs to take up a withdrawal that had ended, or undefined where the news changes nothing. */
export async function lateWithdrawal(
  pool: Pool,
  withdrawalId: string,
  news: ProviderNews,
): Promise<WithdrawalInput | undefined> {
  const { rows } = await pool.query<{
    clientId: string;
    playerId: string;
    amount: bigint;
    currency: string;
    state: WithdrawalState;
    request: object;
    destination: WithdrawalInput['destination'];
    attemptStatus: string | null;
  }>(
    `select w.client_id as "clientId", w.player_id as "playerId", w.amount, w.currency, w.state, w.request, w.destination, a.status as "attemptStatus"
       from payments.withdrawals w left join payments.attempts a on a.withdrawal_id = w.withdrawal_id and a.key = $2 where w.withdrawal_id = $1`,
    [withdrawalId, news.key],
  );
  const [w] = rows;
  if (w?.attemptStatus == null) return undefined;
  const { on } = WITHDRAWAL[w.state];
  const matters =
    (news.state === 'returned' && on.returned !== undefined && w.attemptStatus === 'paid') ||
    // What came back was paid before.
    (['paid', 'returned'].includes(news.state) &&
      on.written_off_paid !== undefined &&
      !['paid', 'returned'].includes(w.attemptStatus));
  if (!matters) return undefined;
  const { clientId, playerId, request, destination } = w;
  return {
    withdrawalId,
    clientId,
    playerId,
    money: { minor: w.amount.toString(), currency: w.currency },
    destination,
    request,
    objection: null,
    late: true,
  };
}
