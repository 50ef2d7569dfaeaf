import type { Refusal } from '../contract/codes.ts';
import type { OperationProblem, OperationRef, OperationStatus } from '../contract/rounds.ts';
import type { RoundStatus } from '../contract/states/round.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

/** A settlement, void or resettlement as our books have it. Amounts are minor units, as JSON carries them. */
export interface Operation extends OperationRef {
  readonly roundId: string;
  readonly status: OperationStatus;
  readonly outcome: 'applied' | 'noop';
  readonly problem: OperationProblem | null;
  /** The round's status when it ended; null while it runs. */
  readonly roundStatus: RoundStatus | null;
  readonly settled: number;
  readonly totals: readonly { currency: string; paid: number; takenBack: number; receivable: number }[];
  readonly balances: readonly { playerId: string; currency: string; cash: number }[];
  /** Null where no workflow was needed: a direct settlement, a play. */
  readonly workflowId: string | null;
  /** Players who have got theirs, of those who will, while it runs; a player of two currencies counts twice. Null afterwards. */
  readonly progress: { readonly done: number; readonly of: number } | null;
}

export interface OperationRequest extends OperationRef {
  readonly roundId: string;
  /** The validated content with its defaults: compared where the same id comes again. */
  readonly content: object;
  readonly workflowId: string;
}

export type Requested =
  { readonly operation: Operation; readonly replayed: boolean } | { readonly refusal: Refusal };

const columnsOf = (
  row: string,
) => `${row}.client_id as "clientId", ${row}.kind, ${row}.operation_id as "operationId",
  ${row}.round_id as "roundId", ${row}.status, ${row}.outcome, ${row}.problem, ${row}.round_status as "roundStatus", ${row}.settled,
  ${row}.totals, ${row}.balances, ${row}.workflow_id as "workflowId",
  case when ${row}.status in ('requested', 'running') then (
    select jsonb_build_object('done', count(*) filter (where m.posted and not m.undone), 'of', count(*)) from rounds.moves m
     where (m.client_id, m.kind, m.operation_id) = (${row}.client_id, ${row}.kind, ${row}.operation_id)) end as progress`;

/**
 * Takes an operation down, so that a saga can carry its id alone; the same again answers the one that is known.
 * Refused: `not_found` (the round), `wager_unknown`, `idempotency_conflict`; none of them is recorded.
 */
export async function requestOperation(pool: Pool, r: OperationRequest): Promise<Requested> {
  const row = await callRow<Row & { [column: string]: unknown }>(
    pool,
    'request_operation',
    `select r.problem as "requestProblem", r.replayed, ${columnsOf('(r.op)')}
       from rounds.request_operation($1::text, $2::text, $3::text, $4::text, $5::jsonb, $6::text) r`,
    [r.clientId, r.kind, r.operationId, r.roundId, JSON.stringify(r.content), r.workflowId],
  );
  return requested(row);
}

/** More outcomes than these, or more than one player, need a workflow. */
const DIRECT_OUTCOMES = 20;

/**
 * Settles at once, in one transaction, where it is small and the round is free. Otherwise the operation is left
 * `requested`, with the id of the workflow to start. Many at once, each as if it came alone.
 */
export async function settleDirect(pool: Pool, asked: readonly OperationRequest[]): Promise<Requested[]> {
  const { rows } = await pool.query<Row>({
    name: 'settle_direct_all',
    text: `select r.problem as "requestProblem", r.replayed, ${columnsOf('(r.op)')}
             from rounds.settle_direct_all($1::text[], $2::text[], $3::text[], $4::jsonb[], $5::text[], $6::int) r`,
    values: [
      asked.map(({ clientId }) => clientId),
      asked.map(({ operationId }) => operationId),
      asked.map(({ roundId }) => roundId),
      asked.map(({ content }) => JSON.stringify(content)),
      asked.map(({ workflowId }) => workflowId),
      DIRECT_OUTCOMES,
    ],
  });
  return rows.map(requested);
}

type Row = Operation & { requestProblem: Refusal | null; replayed: boolean };

const requested = ({ requestProblem, replayed, ...operation }: Row): Requested =>
  requestProblem === null ? { operation, replayed } : { refusal: requestProblem };

export async function findOperation(pool: Pool, ref: OperationRef): Promise<Operation | undefined> {
  const { rows } = await pool.query<Operation>({
    name: 'find_operation',
    text: `select ${columnsOf('o')} from rounds.operations o where (o.client_id, o.kind, o.operation_id) = ($1::text, $2::text, $3::text)`,
    values: [ref.clientId, ref.kind, ref.operationId],
  });
  return rows[0];
}

/** The newest hundred operations of a round. */
export async function operationsOf(pool: Pool, clientId: string, roundId: string): Promise<Operation[]> {
  const { rows } = await pool.query<Operation>({
    name: 'operations_of_round',
    text: `select ${columnsOf('o')} from rounds.operations o
            where o.client_id = $1::text and o.round_id = $2::text order by o.requested_at desc, o.kind, o.operation_id limit 100`,
    values: [clientId, roundId],
  });
  return rows;
}
