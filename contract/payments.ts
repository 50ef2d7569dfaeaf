import type { MoneyDto } from '../money/index.ts';
import type { Origin } from './audit.ts';
import type { ProblemCode } from './codes.ts';
import type { DepositAction, DepositEvent, DepositState } from './states/deposit.ts';
import type { WithdrawalAction, WithdrawalEvent, WithdrawalState } from './states/withdrawal.ts';

/** The early answer of a payment's saga. */
export const PAYMENT_ANSWER = 'answer';
/** A person's action on a withdrawal. */
export const ACT = 'act';
/** What a provider said, by webhook. */
export const PROVIDER_NEWS = 'providerNews';

/** The rules and timings in force when a saga started, so that they are in its history. Milliseconds. */
export interface Terms {
  /** In the order they are tried. */
  readonly providers: readonly string[];
  readonly fallback: 'auto' | 'off';
  readonly askFirstAfterMs: number;
  readonly askAtMostEveryMs: number;
  readonly overdueAfterMs: number;
  /** Above the tier: a second person has to approve. */
  readonly needsApproval: boolean;
}

/** What a provider says of a payment or a payout; states in its own words are mapped by its adapter. */
export interface ProviderNews {
  /** The key of our request. */
  readonly key: string;
  readonly state:
    'pending' | 'captured' | 'declined' | 'charged_back' | 'refunded' | 'paid' | 'refused' | 'returned';
  readonly providerReference: string;
  readonly money: MoneyDto;
  readonly reason: string | null;
  /** Where the player goes to finish a payment, where the provider says so. */
  readonly redirectUrl?: string;
  /** Webhook, or our own question. */
  readonly via: 'webhook' | 'asked';
}

/**
 * What came of a request to a provider: `unknown` means that it may or may not have been taken; `ours` that the provider
 * refuses the call itself, for its key or its form, so that asking again will not help until we change something.
 */
export type ProviderAnswer =
  | { readonly outcome: 'accepted'; readonly providerReference: string; readonly redirectUrl?: string }
  | { readonly outcome: 'refused'; readonly reason: string }
  | { readonly outcome: 'unknown'; readonly reason: string; readonly ours?: true };

export interface DepositInput {
  readonly depositId: string;
  readonly clientId: string;
  readonly playerId: string;
  readonly money: MoneyDto;
  readonly method: { readonly type: string; readonly token: string };
  readonly returnUrl: string;
  readonly expiresInMs: number;
  /** The validated content, to tell a repeat from a conflict. */
  readonly request: object;
  /** What the edge has against it already: it is refused with this, and the refusal recorded. */
  readonly objection: ProblemCode | null;
  /** Takes up a deposit whose own saga has ended: money came, or left, after that. The news comes by signal. */
  readonly late?: true;
}

export interface WithdrawalInput {
  readonly withdrawalId: string;
  readonly clientId: string;
  readonly playerId: string;
  readonly money: MoneyDto;
  readonly destination: { readonly type: string; readonly account: string };
  /** As of a deposit. */
  readonly request: object;
  readonly objection: ProblemCode | null;
  /** Takes up a withdrawal whose own saga has ended. The provider's word comes by signal. */
  readonly late?: true;
}

export type Opened =
  | { readonly outcome: 'opened'; readonly terms: Terms; readonly openedAt: string }
  | { readonly outcome: 'refused'; readonly code: ProblemCode };

/** One step of a payment, written with its money in one transaction; `seq` makes it safe to repeat. */
export interface DepositStep {
  readonly depositId: string;
  readonly seq: number;
  readonly event: DepositEvent;
  readonly to: DepositState;
  readonly provider?: string;
  readonly providerReference?: string;
  readonly redirectUrl?: string;
  readonly reason?: string | null;
  /** A person's id, where a person caused it. */
  readonly by?: string;
  /** What to refund, in minor units; all of it where it does not say. */
  readonly amountMinor?: string;
  readonly facts?: object;
}

export interface WithdrawalStep {
  readonly withdrawalId: string;
  readonly seq: number;
  readonly event: WithdrawalEvent;
  readonly to: WithdrawalState;
  /** A person's id, a provider's name, or `countroom`. */
  readonly by: string;
  readonly reason?: string | null;
  /** The attempt the event is about; entering `submitting` opens it. */
  readonly attempt: number;
  readonly provider: string;
  readonly facts?: object;
}

/**
 * What is written under the number of a step; `at` is when, by the database's clock. It may be another step than the one
 * asked for: where a worker died, or its task was lost, right after our books had it, the saga may come another way.
 */
export interface Stepped<Event> {
  readonly event: Event;
  readonly by: string;
  readonly at: string;
  readonly refused: ProblemCode | null;
  readonly facts: StepFacts;
}

export interface StepFacts {
  readonly reason?: string;
  readonly attempt?: number;
  /** The attempt that the step opened. */
  readonly nextAttempt?: number;
  readonly nextProvider?: string;
  readonly nextKey?: string;
  readonly destination?: WithdrawalInput['destination'];
  /** Of the person's request that the step is the answer to. */
  readonly idempotencyKey?: string;
  readonly refund?: Refund;
}

/** Money of a deposit on its way back. `all`: nothing of the deposit is left after it; `credited`: the player had it. */
export interface Refund {
  readonly key: string;
  readonly amount: MoneyDto;
  readonly credited: boolean;
  readonly all: boolean;
  readonly providerReference: string | null;
}

/** Where a deposit stands, for a saga that takes it up after its first saga ended. */
export interface ResumedDeposit {
  readonly nextSeq: number;
  readonly state: DepositState;
  readonly provider: string;
  readonly since: string;
  readonly overdueAfterMs: number;
  readonly refund: Refund | null;
}

/** `overtaken`: another step was written first. The saga has taken it on, and goes on from there. */
export type StepOutcome =
  { readonly outcome: 'done' | 'overtaken' } | { readonly outcome: 'refused'; readonly code: ProblemCode };

/** Where a withdrawal stands, for a saga that takes it up after its first saga ended. */
export interface Resumed {
  readonly nextSeq: number;
  readonly state: WithdrawalState;
  /** Whether it is this saga's to go on with; another one's otherwise. */
  readonly mine: boolean;
  readonly provider: string;
  readonly paidTwice: boolean;
  readonly attempts: readonly {
    readonly attempt: number;
    readonly provider: string;
    readonly key: string;
    readonly status: string;
    readonly startedAt: string;
  }[];
}

/** What a person pressed. */
export interface Press {
  readonly action: string;
  readonly by: string;
  readonly origin: Origin;
  readonly idempotencyKey: string;
  readonly reason: string;
  /** When the person pressed it. */
  readonly at: string;
}

export interface DepositActionInput extends Press {
  readonly action: DepositAction;
  /** Of a refund; all of it where it does not say. */
  readonly amountMinor?: string;
}

export interface ActionInput extends Press {
  readonly action: WithdrawalAction;
  readonly provider?: string;
  readonly externalReference?: string;
  readonly evidence?: string;
  readonly destination?: { readonly type: string; readonly account: string };
}

/** One action on many withdrawals. What needs a word of its own for each is not among them. */
export interface BulkAction {
  readonly action: Exclude<WithdrawalAction, 'mark-paid'>;
  readonly reason: string;
  readonly provider?: string;
  readonly evidence?: string;
}

/** Why an action was refused as `invalid_state`: what the saga found, and what would fit. */
export interface Misfit<State = WithdrawalState> {
  readonly state: State;
  readonly allowedActions: readonly string[];
}

/** An attempt's key at its provider: the same for every repeat of the same attempt, never for another. */
export const attemptKey = (withdrawalId: string, attempt: number) =>
  `withdrawal:${withdrawalId}:${String(attempt)}`;
export const depositKey = (depositId: string) => `deposit:${depositId}`;
