import type { ProblemCode } from './codes.ts';

/** What ends a round, or corrects how it ended. Each is a saga on one round; they take turns. */
export const OPERATION_KINDS = ['settlement', 'resettlement', 'void'] as const;
export type OperationKind = (typeof OPERATION_KINDS)[number];

export type OperationStatus = 'requested' | 'running' | 'done' | 'refused' | 'needs_attention';

/** Names an operation: its content lies in Postgres, so this and the round are all a workflow carries. */
export interface OperationRef {
  readonly clientId: string;
  readonly kind: OperationKind;
  readonly operationId: string;
}

export interface OperationInput extends OperationRef {
  readonly roundId: string;
}

/** Why an operation was refused: the code to answer, and each bad item. */
export interface OperationProblem {
  readonly code: ProblemCode;
  readonly facts?: Readonly<Record<string, unknown>>;
  readonly errors?: readonly { pointer: string; code?: ProblemCode; detail: string }[];
}

/** `busy`: another operation works on the round. `done`, `refused`: it has ended, at once or before. */
export type Claim = 'claimed' | 'busy' | 'done' | 'refused';

/** How far the moves of an operation are; a move is one player's net in one currency. */
export interface Posted {
  readonly done: number;
  readonly of: number;
  readonly problem: OperationProblem | null;
}

export interface Undone {
  readonly remaining: number;
  /** What the ledger has against giving back: for a person to decide. */
  readonly problem: OperationProblem | null;
}

/** What becomes of a round of which nothing was heard for too long: its open wagers are lost or voided, or a person decides. */
export type StalePolicy = 'lost' | 'void' | 'park';

export interface StaleRoundInput {
  readonly clientId: string;
  readonly roundId: string;
  readonly policy: StalePolicy;
}

/** The update by which a person ends a parked round: `lost` or `void`. */
export const STALE_DECISION = 'decide';

/** Moves posted in one transaction: enough to be quick, few enough not to hold players' locks for long. */
export const MOVES_PER_BATCH = 100;

/** The update that answers a caller once the operation is done, refused or parked. */
export const OPERATION_ANSWER = 'answer';

/** What people read. */
export const OPERATION_WORDS: Readonly<Record<OperationKind, string>> = {
  settlement: 'Settlement',
  resettlement: 'Resettlement',
  void: 'Void',
};

/** The workflow type of each kind. */
export const OPERATION_WORKFLOWS = {
  settlement: 'settlement',
  resettlement: 'resettlement',
  void: 'voidRound',
} as const satisfies Record<OperationKind, string>;
