import {
  depositKey,
  type DepositInput,
  type ProviderNews,
  type WithdrawalInput,
} from '../contract/payments.ts';
import { DEPOSIT, type DepositState } from '../contract/states/deposit.ts';
import { WITHDRAWAL, type WithdrawalState } from '../contract/states/withdrawal.ts';
import type { Pool } from '../ops/postgres.ts';

/** What a saga needs to take up a deposit that had ended, or undefined where the news changes nothing. */
export async function lateDeposit(
  pool: Pool,
  depositId: string,
  news: ProviderNews,
): Promise<DepositInput | undefined> {
  const { rows } = await pool.query<{
    clientId: string;
    playerId: string;
    amount: bigint;
    currency: string;
    status: DepositState;
    request: unknown;
  }>(
    `select client_id as "clientId", player_id as "playerId", amount, currency, status, request from payments.deposits where deposit_id = $1`,
    [depositId],
  );
  const [d] = rows;
  if (d === undefined || news.key !== depositKey(depositId)) return undefined;
  const { on } = DEPOSIT[d.status];
  const matters =
    news.state === 'captured'
      ? on.captured !== undefined
      : news.state === 'charged_back' && (on.charged_back ?? on.captured) !== undefined;
  if (!matters) return undefined;
  const { clientId, playerId, request } = d;
  const { method, returnUrl } = request as Pick<DepositInput, 'method' | 'returnUrl'>;
  const money = { minor: d.amount.toString(), currency: d.currency };
  return {
    depositId,
    clientId,
    playerId,
    money,
    method,
    returnUrl,
    expiresInMs: 0,
    request: request as object,
    objection: null,
    late: true,
  };
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
