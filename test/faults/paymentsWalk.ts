import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingEndedOnce } from './afterwards.ts';
import { chanceOf } from './chance.ts';
import { isDeposit, TOKENS } from './ends.ts';
import { inParallel } from './loads.ts';
import type { Stand, Victim } from './stand.ts';

const VICTIMS: readonly Victim[] = ['payments', 'api', 'providers', 'temporal', 'postgres'];
const ACTIONS = {
  deposits: ['refund', 'retry'],
  withdrawals: ['retry', 'cancel', 'hold', 'release', 'reject'],
} as const;
const LANES = 6;
const START_CASH = 20_000;
const AMOUNT = 5_500;

interface Payment {
  readonly kind: 'deposits' | 'withdrawals';
  readonly id: string;
  readonly playerId: string;
  readonly token: string;
}

/**
 * Payments of every kind the simulator knows, while finance presses whatever it likes, providers fail and repeat
 * themselves, and processes are killed; then everything is brought to its end, and all books are compared.
 */
export async function walkPayments(
  stand: Stand,
  { payments, seed }: { payments: number; seed: number },
): Promise<void> {
  const chance = chanceOf(seed);
  const pick = <T>(list: readonly T[]): T => list[chance(list.length)] as T;
  const started: Payment[] = [];
  let paying = true;

  const pay = async (): Promise<void> => {
    const token = pick(TOKENS);
    const kind = isDeposit(token) ? 'deposits' : 'withdrawals';
    const [id, pause] = [stand.id(kind), chance(400)];
    const playerId = await stand.richPlayer(START_CASH);
    const common = { playerId, amount: AMOUNT, currency: 'SEK' };
    started.push({ kind, id, playerId, token });
    await (kind === 'deposits'
      ? stand.cashier('POST', '/v1/deposits', {
          ...{ ...common, depositId: id, method: { type: 'card', token }, expiresIn: 15 },
          returnUrl: 'https://casino.example',
        })
      : stand.cashier('POST', '/v1/withdrawals', {
          ...{ ...common, withdrawalId: id, destination: { type: 'bank', account: token } },
        }));
    await sleep(pause);
  };
  /** Two or three press at once, each their own key; most of it does not fit, and is refused. */
  const meddle = async (): Promise<void> => {
    while (paying) {
      await sleep(50 + chance(250));
      const payment = started.length === 0 ? undefined : pick(started);
      if (payment === undefined) continue;
      const path = `/v1/${payment.kind}/${payment.id}/${pick(ACTIONS[payment.kind])}`;
      await Promise.all(Array.from({ length: 1 + chance(3) }, () => stand.press('finance', path, {})));
      if (chance(3) === 0) await stand.tellProviders(`webhooks/resend?reference=${payment.id}`);
    }
  };
  const disturb = async (): Promise<void> => {
    do {
      await sleep(500 + chance(1_500));
      const forMs = 300 + chance(1_500);
      await Promise.all(Array.from({ length: 1 + chance(2) }, () => stand.kill(pick(VICTIMS))));
      if (chance(2) === 0) await stand.tellProviders('faults', { mode: pick(['down', 'slow']), forMs });
      // What was killed gets the time to come back, however busy the machine is: a stack that never stands serves nobody.
      for (const until = Date.now() + 1_000 + chance(3_000); paying && (stand.isDown || Date.now() < until);)
        await sleep(100);
    } while (paying);
  };
  const paid = inParallel(payments, pay, LANES).finally(() => (paying = false));
  await Promise.all([paid, meddle(), meddle(), disturb()]);

  await stand.tellProviders('faults', { mode: 'ok' });
  await inParallel(started.length, async (nth) => {
    await bringToItsEnd(stand, started[nth] as Payment);
  });
  for (const { kind, playerId, id } of started) {
    const { status } = await stand.cashier('GET', `/v1/${kind}/${id}`);
    if (status === 'credited') stand.moved(playerId, AMOUNT);
    if (status === 'paid') stand.moved(playerId, -AMOUNT);
  }
  await everythingEndedOnce(stand);
  await everyPayoutIsOurs(stand, started);
  assert.deepEqual(await stand.differences(), [], 'the settlement files match');
}

/** What a person would do about it, until nothing is left to do. Only of a payout that is stuck for good is it vouched that it never left. */
async function bringToItsEnd(stand: Stand, { kind, id, token }: Payment): Promise<void> {
  const path = `/v1/${kind}/${id}`;
  await stand.until(
    `the end of ${id} (${token})`,
    async () => {
      const { status = '', reason } = await stand.cashier('GET', path);
      if (isOver(status, token) && !(await comesLate(stand, id, status, token))) return true;
      if (['in_review', 'on_hold'].includes(status)) await stand.press('finance', `${path}/release`, {});
      if (['returned', 'held'].includes(status)) await stand.press('finance2', `${path}/cancel`, {});
      if (status === 'needs_attention')
        await stand.press('finance2', `${path}/${kind === 'deposits' ? 'retry' : 'cancel'}`, {});
      if (token === 'SIM-STUCK' && ['submitted', 'unknown'].includes(status))
        await stand.press('finance', `${path}/declare-unpaid`, { evidence: 'the bank says so' });
      await sleep(300);
      throw new Error(`it is ${status} (${String(reason)})`);
    },
    180_000,
  );
}

function isOver(status: string, token: string): boolean {
  if (token === 'SIM-RETURNED' && status === 'paid') return false;
  if (token === 'sim_chargeback' && status === 'credited') return false;
  return [
    'credited',
    'failed',
    'expired',
    'refunded',
    'charged_back',
    'paid',
    'cancelled',
    'rejected',
  ].includes(status);
}

/** Money of a deposit that expired here, and that its provider could not be told to forget. */
async function comesLate(stand: Stand, id: string, status: string, token: string): Promise<boolean> {
  if (token !== 'sim_late' || status !== 'expired') return false;
  return (await stand.books(id)).some(({ state }) => state === 'pending' || state === 'captured');
}

/** The providers paid once what we say is paid, and nothing else; each of theirs is an attempt of ours. */
async function everyPayoutIsOurs(stand: Stand, started: readonly Payment[]): Promise<void> {
  const books = (await stand.books()).filter(({ kind }) => kind === 'payout');
  const attempts = await stand.rows<{ key: string; provider: string }>(
    'select key, provider from payments.attempts',
  );
  const known = new Set(attempts.map(({ key, provider }) => `${provider} ${key}`));
  assert.deepEqual(
    books.filter(({ key, provider }) => !known.has(`${provider} ${key}`)),
    [],
  );
  for (const { kind, id, token } of started) {
    if (kind === 'deposits') continue;
    const { status } = await stand.cashier('GET', `/v1/withdrawals/${id}`);
    const paid = books.filter(({ reference, state }) => reference === id && state === 'paid');
    assert.equal(paid.length, status === 'paid' ? 1 : 0, `${id} (${token}) is ${String(status)}`);
  }
}
