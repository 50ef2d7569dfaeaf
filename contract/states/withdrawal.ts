/**
 * The states of a withdrawal, as data: the workflow asks it what an event leads to, its validators and the API which
 * actions fit, and a check constraint in Postgres and the picture in docs/payments.md are held against it by tests.
 */

export type WithdrawalStatus =
  | 'held'
  | 'in_review'
  | 'on_hold'
  | 'awaiting_approval'
  | 'submitting'
  | 'submitted'
  | 'unknown'
  | 'paid'
  | 'needs_attention'
  | 'rejected'
  | 'cancelled'
  | 'returned';

/** What a person may do, in the API's words. */
export const WITHDRAWAL_ACTIONS = [
  'approve',
  'reject',
  'retry',
  'cancel',
  'mark-paid',
  'declare-unpaid',
  'hold',
  'release',
] as const;
export type WithdrawalAction = (typeof WITHDRAWAL_ACTIONS)[number];

/** What our own checks find, and what a provider says. `written_off_paid`: paid, though it was declared unpaid and the money given away. */
export type WithdrawalNews =
  | 'checks_passed'
  | 'review_needed'
  | 'approval_needed'
  | 'accepted'
  | 'refused'
  | 'refused_try_next'
  | 'unknown'
  | 'paid'
  | 'returned'
  | 'written_off_paid';

export type WithdrawalEvent =
  WithdrawalNews | WithdrawalAction | 'ask_mark_paid' | 'ask_declare_unpaid' | 'retry_new_destination';

const asked: readonly string[] = [
  ...WITHDRAWAL_ACTIONS,
  'ask_mark_paid',
  'ask_declare_unpaid',
  'retry_new_destination',
];
/** Whether a person caused it, so that its reason is a person's words and not a code. */
export const isAction = (event: WithdrawalEvent): boolean => asked.includes(event);

/** What an action needs beside the state. */
export type Guard = 'overdue' | 'proven_unpaid' | 'not_proven_unpaid' | 'never_paid_twice';

type Target = WithdrawalState | 'before';

interface Row {
  /** What the API calls it; null for a request refused at once, which it never shows. */
  readonly status: WithdrawalStatus | null;
  readonly waitsFor: string;
  readonly on: Partial<Record<WithdrawalEvent, Target>>;
  readonly actions?: Partial<Record<WithdrawalAction, readonly Guard[]>>;
}

export type WithdrawalState =
  | WithdrawalStatus
  | 'awaiting_mark_paid'
  | 'awaiting_declare_unpaid'
  | 'paid_after_write_off'
  | 'refused_at_once';

const giveBack = { reject: 'rejected', cancel: 'cancelled' } as const;

export const WITHDRAWAL: Readonly<Record<WithdrawalState, Row>> = {
  held: {
    status: 'held',
    waitsFor: 'our checks, a moment',
    on: {
      checks_passed: 'submitting',
      review_needed: 'in_review',
      approval_needed: 'awaiting_approval',
      hold: 'on_hold',
      ...giveBack,
    },
    actions: { hold: [], cancel: [], reject: [] },
  },
  in_review: {
    status: 'in_review',
    waitsFor: 'a person, because a check asked',
    on: { release: 'held', hold: 'on_hold', ...giveBack },
    actions: { release: [], reject: [], cancel: [], hold: [] },
  },
  on_hold: {
    status: 'on_hold',
    waitsFor: 'whoever put it there',
    on: { release: 'before', ...giveBack },
    actions: { release: [], reject: [], cancel: [] },
  },
  awaiting_approval: {
    status: 'awaiting_approval',
    waitsFor: 'an approver',
    on: { approve: 'submitting', hold: 'on_hold', ...giveBack },
    actions: { approve: [], reject: [], cancel: [], hold: [] },
  },
  submitting: {
    status: 'submitting',
    waitsFor: 'the provider',
    on: {
      accepted: 'submitted',
      paid: 'paid',
      refused: 'needs_attention',
      refused_try_next: 'submitting',
      unknown: 'unknown',
      'declare-unpaid': 'needs_attention',
      ask_declare_unpaid: 'awaiting_declare_unpaid',
    },
    actions: { 'declare-unpaid': ['overdue'] },
  },
  submitted: {
    status: 'submitted',
    waitsFor: 'the provider',
    on: {
      paid: 'paid',
      refused: 'needs_attention',
      refused_try_next: 'submitting',
      'declare-unpaid': 'needs_attention',
      ask_declare_unpaid: 'awaiting_declare_unpaid',
    },
    actions: { 'declare-unpaid': ['overdue'] },
  },
  unknown: {
    status: 'unknown',
    waitsFor: 'an answer; it keeps asking',
    on: {
      accepted: 'submitted',
      paid: 'paid',
      refused: 'needs_attention',
      refused_try_next: 'submitting',
      'mark-paid': 'paid',
      ask_mark_paid: 'awaiting_mark_paid',
      'declare-unpaid': 'needs_attention',
      ask_declare_unpaid: 'awaiting_declare_unpaid',
    },
    actions: { 'mark-paid': [], 'declare-unpaid': [] },
  },
  needs_attention: {
    status: 'needs_attention',
    waitsFor: 'finance',
    on: {
      paid: 'paid',
      retry: 'submitting',
      cancel: 'cancelled',
      'mark-paid': 'paid',
      ask_mark_paid: 'awaiting_mark_paid',
      'declare-unpaid': 'needs_attention',
      ask_declare_unpaid: 'awaiting_declare_unpaid',
    },
    actions: {
      'mark-paid': [],
      retry: ['proven_unpaid'],
      cancel: ['proven_unpaid'],
      'declare-unpaid': ['not_proven_unpaid'],
    },
  },
  paid_after_write_off: {
    status: 'needs_attention',
    waitsFor: 'finance, to acknowledge that it was paid twice',
    on: { 'mark-paid': 'paid' },
    actions: { 'mark-paid': [] },
  },
  awaiting_mark_paid: {
    status: 'awaiting_approval',
    waitsFor: 'an approver of the mark-paid',
    on: { approve: 'paid', reject: 'before', paid: 'paid' },
    actions: { approve: [], reject: [] },
  },
  awaiting_declare_unpaid: {
    status: 'awaiting_approval',
    waitsFor: 'an approver of the declare-unpaid',
    on: { approve: 'needs_attention', reject: 'before', paid: 'paid' },
    actions: { approve: [], reject: [] },
  },
  returned: {
    status: 'returned',
    waitsFor: 'finance',
    on: { retry: 'submitting', retry_new_destination: 'held', cancel: 'cancelled' },
    actions: { retry: ['never_paid_twice'], cancel: [] },
  },
  paid: {
    status: 'paid',
    waitsFor: 'nothing',
    on: { returned: 'returned', written_off_paid: 'paid_after_write_off' },
  },
  rejected: { status: 'rejected', waitsFor: 'nothing', on: { written_off_paid: 'paid_after_write_off' } },
  cancelled: { status: 'cancelled', waitsFor: 'nothing', on: { written_off_paid: 'paid_after_write_off' } },
  refused_at_once: { status: null, waitsFor: 'nothing', on: {} },
};

/** What the guards look at. */
export interface WithdrawalFacts {
  /** The provider took longer than it may, since it accepted or since we asked. */
  readonly overdue: boolean;
  /** The last attempt is refused or declared unpaid, or there is none. */
  readonly provenUnpaid: boolean;
  /** A payout that was written off was paid after all, beside another or beside money that was given back. */
  readonly paidTwice: boolean;
}

const HOLDS: Record<Guard, (facts: WithdrawalFacts) => boolean> = {
  overdue: (facts) => facts.overdue,
  proven_unpaid: (facts) => facts.provenUnpaid,
  not_proven_unpaid: (facts) => !facts.provenUnpaid,
  never_paid_twice: (facts) => !facts.paidTwice,
};

/** The actions that fit now, in the order of WITHDRAWAL_ACTIONS. */
export function allowedActions(state: WithdrawalState, facts: WithdrawalFacts): WithdrawalAction[] {
  const actions = WITHDRAWAL[state].actions ?? {};
  return WITHDRAWAL_ACTIONS.filter((action) => actions[action]?.every((guard) => HOLDS[guard](facts)));
}

/** Where an event leads, or undefined where it does not fit. `before` is the state held or asked in. */
export function nextState(
  state: WithdrawalState,
  event: WithdrawalEvent,
  before: WithdrawalState | undefined,
): WithdrawalState | undefined {
  const target = WITHDRAWAL[state].on[event];
  return target === 'before' ? before : target;
}

export const isFinal = (state: WithdrawalState): boolean => WITHDRAWAL[state].waitsFor === 'nothing';
