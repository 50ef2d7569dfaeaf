/** The states of a deposit, as data: see contract/states/withdrawal.ts for who asks it. */
export type DepositState =
  | 'pending'
  | 'captured'
  | 'credited'
  | 'failed'
  | 'expired'
  | 'refused'
  | 'refunding'
  | 'refunded'
  | 'charged_back'
  | 'needs_attention';

/** What a person may do, in the API's words. */
export const DEPOSIT_ACTIONS = ['refund', 'retry', 'mark-failed'] as const;
export type DepositAction = (typeof DEPOSIT_ACTIONS)[number];

/**
 * `credit_refused`: captured, but not the player's to have. `return_refused`: as `refund_refused`, of money that was never
 * credited.
 */
export type DepositEvent =
  | 'taken'
  | 'declined'
  | 'expired'
  | 'captured'
  | 'credit_refused'
  | 'charged_back'
  | 'refunded'
  | 'part_refunded'
  | 'refund_refused'
  | 'return_refused'
  | DepositAction;

interface Row {
  readonly waitsFor: string;
  readonly on: Partial<Record<DepositEvent, DepositState>>;
}

export const DEPOSIT: Readonly<Record<DepositState, Row>> = {
  pending: {
    waitsFor: 'the player, at the provider',
    on: {
      taken: 'pending',
      captured: 'credited',
      credit_refused: 'needs_attention',
      declined: 'failed',
      expired: 'expired',
      'mark-failed': 'failed',
    },
  },
  captured: { waitsFor: 'our books', on: { captured: 'credited' } },
  credited: { waitsFor: 'nothing', on: { charged_back: 'charged_back', refund: 'refunding' } },
  failed: { waitsFor: 'nothing', on: { captured: 'credited', credit_refused: 'needs_attention' } },
  // Money that arrives after all is credited, never lost.
  expired: { waitsFor: 'nothing', on: { captured: 'credited', credit_refused: 'needs_attention' } },
  refused: { waitsFor: 'nothing', on: {} },
  refunding: {
    waitsFor: 'the provider',
    on: {
      refunded: 'refunded',
      part_refunded: 'credited',
      refund_refused: 'credited',
      return_refused: 'needs_attention',
    },
  },
  refunded: { waitsFor: 'nothing', on: {} },
  charged_back: { waitsFor: 'nothing', on: {} },
  needs_attention: {
    waitsFor: 'finance',
    on: { captured: 'credited', refund: 'refunding', retry: 'needs_attention', 'mark-failed': 'failed' },
  },
};

/** The actions that fit. A provider that may still answer is not given up: `mark-failed` needs it overdue. */
export const depositActions = (state: DepositState, { overdue }: { overdue: boolean }): DepositAction[] =>
  DEPOSIT_ACTIONS.filter(
    (action) => DEPOSIT[state].on[action] !== undefined && (action !== 'mark-failed' || overdue),
  );
