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

export type DepositEvent = 'taken' | 'declined' | 'expired' | 'captured' | 'credit_refused' | 'charged_back';

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
    },
  },
  captured: { waitsFor: 'our books', on: { captured: 'credited' } },
  credited: { waitsFor: 'nothing', on: { charged_back: 'charged_back' } },
  failed: { waitsFor: 'nothing', on: { captured: 'credited', credit_refused: 'needs_attention' } },
  // Money that arrives after all is credited, never lost.
  expired: { waitsFor: 'nothing', on: { captured: 'credited', credit_refused: 'needs_attention' } },
  refused: { waitsFor: 'nothing', on: {} },
  refunding: { waitsFor: 'the provider', on: {} },
  refunded: { waitsFor: 'nothing', on: {} },
  charged_back: { waitsFor: 'nothing', on: {} },
  needs_attention: { waitsFor: 'finance', on: { captured: 'credited' } },
};
