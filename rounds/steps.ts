import {
  MOVES_PER_BATCH,
  type Claim,
  type OperationProblem,
  type OperationRef,
  type Posted,
  type Undone,
} from '../contract/rounds.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

/**
 * Claims the round, validates the whole operation and plans it. Where that comes to at most `atOnce` moves it is posted and ended
 * too, in the same transaction. Safe to repeat, as every step here.
 */
export async function claimRound(pool: Pool, ref: OperationRef, atOnce = MOVES_PER_BATCH): Promise<Claim> {
  const { claim } = await callRow<{ claim: Claim }>(
    pool,
    'claim_round',
    'select rounds.at_once($1::text, $2::text, $3::text, $4::int) as claim',
    [...key(ref), atOnce],
  );
  return claim;
}

/** Posts the next batch of moves, in one transaction. A problem is the ledger's refusal of the first move left. */
export const postMoves = (pool: Pool, ref: OperationRef): Promise<Posted> =>
  callRow<Posted & { [column: string]: unknown }>(
    pool,
    'post_moves',
    'select done, "of", problem from rounds.post_moves($1::text, $2::text, $3::text, $4::int)',
    [...key(ref), MOVES_PER_BATCH],
  );

/** Ends an operation whose moves are all posted, and frees the round. */
export async function closeOperation(pool: Pool, ref: OperationRef): Promise<void> {
  await callRow(
    pool,
    'close_operation',
    'select rounds.close_operation($1::text, $2::text, $3::text)',
    key(ref),
  );
}

/** Takes the last posted moves back, a batch at a time. A no-op where none was posted. */
export const undoMoves = (pool: Pool, ref: OperationRef): Promise<Undone> =>
  callRow<Undone & { [column: string]: unknown }>(
    pool,
    'undo_moves',
    'select remaining, problem from rounds.undo_moves($1::text, $2::text, $3::text, $4::int)',
    [...key(ref), MOVES_PER_BATCH],
  );

/** Gives the round back as it was, and ends the operation as refused with this problem; a claim that comes late is told so. */
export async function undoClaim(pool: Pool, ref: OperationRef, problem: OperationProblem): Promise<void> {
  await callRow(pool, 'undo_claim', 'select rounds.undo_claim($1::text, $2::text, $3::text, $4::jsonb)', [
    ...key(ref),
    JSON.stringify(problem),
  ]);
}

/** Marks operation and round for a person; the claim stays. */
export async function parkOperation(pool: Pool, ref: OperationRef, problem: OperationProblem): Promise<void> {
  await callRow(pool, 'park_operation', 'select rounds.park($1::text, $2::text, $3::text, $4::jsonb)', [
    ...key(ref),
    JSON.stringify(problem),
  ]);
}

const key = ({ clientId, kind, operationId }: OperationRef) => [clientId, kind, operationId];
