import { workflowIds } from '../contract/names.ts';
import type { OperationInput, StalePolicy } from '../contract/rounds.ts';
import { callRow, type Pool } from '../ops/postgres.ts';
import { findOperation, requestOperation } from './operations.ts';

export interface StaleRound {
  readonly clientId: string;
  readonly roundId: string;
  readonly policy: StalePolicy;
  /** Microseconds since 1970, to go on from. */
  readonly openedAt: string;
}

/** Open rounds of which their client has not given a sign for as long as is said of it: no wager, and no operation. */
export async function staleRounds(
  pool: Pool,
  after: StaleRound | undefined,
  limit: number,
): Promise<StaleRound[]> {
  const { rows } = await pool.query<StaleRound>({
    name: 'stale_rounds',
    text: `select r.client_id as "clientId", r.round_id as "roundId", c.stale_policy as policy, (extract(epoch from r.opened_at) * 1000000)::bigint::text as "openedAt"
             from rounds.rounds r join access.clients c using (client_id)
            where r.status = 'open' and r.claim_id is null and r.opened_at < clock_timestamp() - c.stale_after
              and (r.opened_at, r.round_id, r.client_id) > (timestamptz 'epoch' + $1::bigint * interval '1 microsecond', $2::text, $3::text)
              and not exists (select from rounds.wagers w
                               where (w.round_id, w.client_id) = (r.round_id, r.client_id) and w.placed_at >= clock_timestamp() - c.stale_after)
              and not exists (select from rounds.operations o
                               where (o.round_id, o.client_id) = (r.round_id, r.client_id) and o.requested_at >= clock_timestamp() - c.stale_after)
            order by r.opened_at, r.round_id, r.client_id limit $4::int`,
    values: [after?.openedAt ?? '0', after?.roundId ?? '', after?.clientId ?? '', limit],
  });
  return rows;
}

/**
 * Takes down the operation that ends a stale round, safe to repeat: its closing settlement, which settles at 0 what is open of it, or
 * a void of that. Both are judged when they hold the round, so that a late message comes before or after. One that was refused
 * is followed by another. Null where the round has ended.
 */
export async function requestStaleEnd(
  pool: Pool,
  { clientId, roundId }: { readonly clientId: string; readonly roundId: string },
  kind: 'settlement' | 'void',
): Promise<OperationInput | null> {
  const { operationId, open } = await callRow<{ operationId: string; open: boolean }>(
    pool,
    'stale_round',
    `select 'stale-' || ledger.derive_id('stale', $3::text, $1::text, $2::text, (
              select count(*)::text from rounds.operations
               where (client_id, round_id, kind, status) = ($1::text, $2::text, $3::text, 'refused') and starts_with(operation_id, 'stale-'))) as "operationId",
            exists (select from rounds.rounds where (client_id, round_id, status) = ($1::text, $2::text, 'open')) as open`,
    [clientId, roundId, kind],
  );
  const ref = { clientId, kind, operationId };
  if ((await findOperation(pool, ref)) !== undefined) return { ...ref, roundId };
  if (!open) return null;
  const content =
    kind === 'void'
      ? { reason: 'no sign of the game server', wagerIds: null, openOnly: true }
      : { outcomes: [], closeRound: true };
  await requestOperation(pool, {
    ...ref,
    roundId,
    content,
    workflowId: workflowIds[kind](clientId, operationId),
  });
  return { ...ref, roundId };
}

/** Operations that should have ended by now: their workflow may be gone, and a new one goes on where it stopped. */
export async function overdueOperations(
  pool: Pool,
  limit: number,
): Promise<(OperationInput & { readonly workflowId: string })[]> {
  const { rows } = await pool.query<OperationInput & { workflowId: string }>({
    name: 'overdue_operations',
    text: `select client_id as "clientId", kind, operation_id as "operationId", round_id as "roundId", workflow_id as "workflowId"
             from rounds.operations
            where status in ('requested', 'running', 'needs_attention') and requested_at < clock_timestamp() - interval '5 minutes'
              and workflow_id is not null
            order by requested_at limit $1::int`,
    values: [limit],
  });
  return rows;
}
