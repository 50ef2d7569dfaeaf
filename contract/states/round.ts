import type { ProblemCode } from '../codes.ts';

/** Where an event leads: the next status, the code that refuses it, that it waits for its turn, or back to the status before. */
export type Step<Status> =
  | { readonly to: Status }
  | { readonly refused: ProblemCode }
  | { readonly waits: true }
  | { readonly back: true };

/** A wager's life. `tombstoned`: its rollback came first. */
export type WagerStatus = 'open' | 'settled' | 'rolled_back' | 'voided' | 'refused' | 'tombstoned';
export type WagerEvent = 'rollback' | 'outcome' | 'resettlement' | 'void';

/** Every caller is the game server that placed the wager. A step to the same status changes nothing (`noop`), but an outcome adds its payout, and a resettlement replaces it. */
export const WAGER: Readonly<Record<WagerStatus, Readonly<Record<WagerEvent, Step<WagerStatus>>>>> = {
  open: {
    rollback: { to: 'rolled_back' },
    outcome: { to: 'settled' },
    resettlement: { refused: 'invalid_state' },
    void: { to: 'voided' },
  },
  settled: {
    rollback: { refused: 'wager_settled' },
    outcome: { to: 'settled' },
    resettlement: { to: 'settled' },
    void: { to: 'voided' },
  },
  rolled_back: {
    rollback: { to: 'rolled_back' },
    outcome: { refused: 'wager_rolled_back' },
    resettlement: { refused: 'wager_rolled_back' },
    void: { refused: 'wager_rolled_back' },
  },
  voided: {
    rollback: { to: 'voided' },
    outcome: { refused: 'invalid_state' },
    resettlement: { refused: 'invalid_state' },
    void: { to: 'voided' },
  },
  refused: {
    rollback: { to: 'refused' },
    outcome: { refused: 'invalid_state' },
    resettlement: { refused: 'invalid_state' },
    void: { refused: 'invalid_state' },
  },
  tombstoned: {
    rollback: { to: 'tombstoned' },
    outcome: { refused: 'wager_rolled_back' },
    resettlement: { refused: 'wager_rolled_back' },
    void: { refused: 'wager_rolled_back' },
  },
};

/** A round's life. `settling`: a closing settlement works on it. */
export type RoundStatus = 'open' | 'settling' | 'closed' | 'voided' | 'needs_attention';
/** The first five come from the game server; the others from the saga that holds the round. */
export type RoundEvent =
  'wager' | 'settlement' | 'closing settlement' | 'resettlement' | 'void' | 'done' | 'undone' | 'parked';

const never = { refused: 'internal' } as const;
const waits = { waits: true } as const;
const undone = { back: true } as const;
const parked = { to: 'needs_attention' } as const;

/** `void` is that of the whole round; one of single wagers leads to `voided` when it was the last of them. */
export const ROUND: Readonly<Record<RoundStatus, Readonly<Record<RoundEvent, Step<RoundStatus>>>>> = {
  open: {
    wager: { to: 'open' },
    settlement: { to: 'open' },
    'closing settlement': { to: 'settling' },
    resettlement: { to: 'open' },
    void: { to: 'voided' },
    done: { to: 'open' },
    undone,
    parked,
  },
  settling: {
    wager: { refused: 'round_closed' },
    settlement: waits,
    'closing settlement': waits,
    resettlement: waits,
    void: waits,
    done: { to: 'closed' },
    undone,
    parked,
  },
  closed: {
    wager: { refused: 'round_closed' },
    settlement: { refused: 'round_closed' },
    'closing settlement': { refused: 'round_closed' },
    resettlement: { to: 'closed' },
    void: { to: 'voided' },
    done: { to: 'closed' },
    undone,
    parked,
  },
  voided: {
    wager: { refused: 'round_voided' },
    settlement: { refused: 'round_voided' },
    'closing settlement': { refused: 'round_voided' },
    resettlement: { refused: 'round_voided' },
    void: { to: 'voided' },
    done: { to: 'voided' },
    undone,
    parked,
  },
  needs_attention: {
    wager: { refused: 'invalid_state' },
    settlement: waits,
    'closing settlement': waits,
    resettlement: waits,
    void: waits,
    done: never,
    undone,
    parked,
  },
};
