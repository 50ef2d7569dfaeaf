import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WithdrawalAction } from '../../contract/states/withdrawal.ts';
import { fresh, type Cashier, type Reply, type Step } from './cashier.ts';
import { tell } from './word.ts';

/** Long enough for a busy machine to press before it. */
export const OVERDUE_AFTER_MS = 5_000;
const untilOverdue = () => sleep(OVERDUE_AFTER_MS + 200);

export interface Case {
  readonly status: string;
  /** What fits, and what a person finds after it. */
  readonly fits: Partial<Record<WithdrawalAction, string>>;
  readonly above?: true;
  /** This step waits until somebody has pressed. */
  readonly gate?: Step;
  /** What a provider does, or our own check; the rest is real. */
  readonly step?: (step: Step, run: () => Promise<unknown>) => Promise<unknown>;
  readonly bring?: (desk: Cashier, id: string) => Promise<unknown>;
}

const SENT = 'submitting|submitted|unknown|paid';
const MORE: Readonly<Record<string, Record<string, string>>> = {
  'mark-paid': { externalReference: 'bank-1' },
  'declare-unpaid': { evidence: 'their e-mail' },
};
/** As a person does it: what is not known yet is sent again, with the same key. */
export async function act(
  desk: Cashier,
  id: string,
  action: WithdrawalAction,
  as: 'finance' | 'approver' | 'admin',
): Promise<Reply> {
  const key = fresh('key');
  for (;;) {
    const answer = await desk.act(id, action, as, { ...MORE[action], key });
    if (answer.status !== 503) return answer;
  }
}
const press = async (
  desk: Cashier,
  id: string,
  action: WithdrawalAction,
  as: 'finance' | 'approver' = 'finance',
) => {
  const { status, body } = await act(desk, id, action, as);
  assert.equal(status, 200, JSON.stringify(body));
};
/** Nothing is sent, and nobody knows. */
const silence: Case['step'] = (step, run) => {
  if (step === 'submitPayout') return Promise.resolve({ outcome: 'unknown', reason: 'silence' });
  return step === 'askPayout' ? Promise.reject(new Error('silence')) : run();
};
const refuses: Case['step'] = (step, run) =>
  step === 'submitPayout' ? Promise.resolve({ outcome: 'refused', reason: 'account_closed' }) : run();
const says = (desk: Cashier, id: string, state: 'paid' | 'returned') => tell(desk, id, 1, state);
const accepts: Case['step'] = (step, run) => {
  if (step === 'submitPayout') return Promise.resolve({ outcome: 'accepted', providerReference: 'x' });
  return step === 'askPayout' ? Promise.reject(new Error('still pending')) : run();
};
const paid = async (desk: Cashier, id: string) => {
  await desk.until('withdrawals', id, 'submitted');
  await says(desk, id, 'paid');
  await desk.until('withdrawals', id, 'paid');
};

/** "Withdrawals: state and action" of the API's contract, row by row. */
export const CASES: Readonly<Record<string, Case>> = {
  'is being checked': {
    status: 'held',
    fits: { hold: 'on_hold', cancel: 'cancelled', reject: 'rejected' },
    gate: 'reviewWithdrawal',
  },
  'is in review': {
    status: 'in_review',
    fits: { release: SENT, reject: 'rejected', cancel: 'cancelled', hold: 'on_hold' },
    step: (step, run) => (step === 'reviewWithdrawal' ? Promise.resolve('velocity') : run()),
  },
  'is on hold': {
    status: 'on_hold',
    fits: { release: 'in_review', reject: 'rejected', cancel: 'cancelled' },
    step: (step, run) => (step === 'reviewWithdrawal' ? Promise.resolve('velocity') : run()),
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'in_review');
      await press(desk, id, 'hold');
    },
  },
  'waits for approval': {
    status: 'awaiting_approval',
    fits: { approve: SENT, reject: 'rejected', cancel: 'cancelled', hold: 'on_hold' },
    above: true,
  },
  'waits for approval of a mark-paid': {
    status: 'awaiting_approval',
    fits: { approve: 'paid', reject: 'needs_attention' },
    above: true,
    step: refuses,
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'awaiting_approval');
      await press(desk, id, 'approve', 'approver');
      await desk.until('withdrawals', id, 'needs_attention');
      await press(desk, id, 'mark-paid');
    },
  },
  'waits for approval of a declare-unpaid': {
    status: 'awaiting_approval',
    fits: { approve: 'needs_attention', reject: 'unknown' },
    above: true,
    step: silence,
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'awaiting_approval');
      await press(desk, id, 'approve', 'approver');
      await desk.until('withdrawals', id, 'unknown');
      await press(desk, id, 'declare-unpaid');
    },
  },
  'is being sent': { status: 'submitting', fits: {}, gate: 'submitPayout' },
  'is being sent for too long': {
    status: 'submitting',
    fits: { 'declare-unpaid': 'needs_attention' },
    // A person is answered once no request is on its way any more.
    gate: 'submitPayout',
    step: silence,
    bring: untilOverdue,
  },
  'was just accepted': { status: 'submitted', fits: {}, step: accepts },
  'was accepted, and its provider is overdue': {
    status: 'submitted',
    fits: { 'declare-unpaid': 'needs_attention' },
    step: accepts,
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'submitted');
      await untilOverdue();
    },
  },
  'nobody knows of': {
    status: 'unknown',
    fits: { 'mark-paid': 'paid', 'declare-unpaid': 'needs_attention' },
    step: silence,
  },
  'was refused for good': {
    status: 'needs_attention',
    fits: { 'mark-paid': 'paid', retry: `${SENT}|needs_attention`, cancel: 'cancelled' },
    step: refuses,
  },
  'was paid after it was written off': {
    status: 'needs_attention',
    fits: { 'mark-paid': 'paid' },
    step: silence,
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'unknown');
      await press(desk, id, 'declare-unpaid');
      await press(desk, id, 'cancel');
      await says(desk, id, 'paid');
      await desk.until('withdrawals', id, 'needs_attention');
    },
  },
  'came back': {
    status: 'returned',
    fits: { retry: SENT, cancel: 'cancelled' },
    step: accepts,
    bring: async (desk, id) => {
      await paid(desk, id);
      await says(desk, id, 'returned');
    },
  },
  'is paid': { status: 'paid', fits: {}, step: accepts, bring: paid },
  'is rejected': {
    ...{ status: 'rejected', fits: {}, above: true },
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'awaiting_approval');
      await press(desk, id, 'reject');
    },
  },
  'is cancelled': {
    ...{ status: 'cancelled', fits: {}, above: true },
    bring: async (desk, id) => {
      await desk.until('withdrawals', id, 'awaiting_approval');
      await press(desk, id, 'cancel');
    },
  },
};
