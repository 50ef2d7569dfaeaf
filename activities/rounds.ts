import type { OperationProblem, OperationRef, StaleRoundInput } from '../contract/rounds.ts';
import type { Pool } from '../ops/postgres.ts';
import {
  claimRound,
  closeOperation,
  findRound,
  parkOperation,
  postMoves,
  requestStaleEnd,
  undoClaim,
  undoMoves,
} from '../rounds/index.ts';

/** The steps of an operation on a round. Each is one transaction of our own Postgres, and safe to repeat. */
export const createRoundsActivities = ({ pool }: { pool: Pool }) => ({
  claimRound: (ref: OperationRef) => claimRound(pool, ref),
  postMoves: (ref: OperationRef) => postMoves(pool, ref),
  closeOperation: (ref: OperationRef) => closeOperation(pool, ref),
  undoMoves: (ref: OperationRef) => undoMoves(pool, ref),
  undoClaim: (ref: OperationRef, problem: OperationProblem) => undoClaim(pool, ref, problem),
  parkOperation: (ref: OperationRef, problem: OperationProblem) => parkOperation(pool, ref, problem),
  requestStaleEnd: (round: StaleRoundInput, kind: 'settlement' | 'void') =>
    requestStaleEnd(pool, round, kind),
  /** Whether the round is still open. */
  isOpen: async ({ clientId, roundId }: StaleRoundInput) =>
    (await findRound(pool, clientId, roundId))?.status === 'open',
});

export type RoundsActivities = ReturnType<typeof createRoundsActivities>;
