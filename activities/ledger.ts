import { ApplicationFailure, getClient, heartbeat, metricMeter } from '@temporalio/activity';
import {
  compareHead,
  describeDrift,
  dueHolds,
  expireHold,
  extendChain,
  openMonths,
  START,
  verify,
  type Drift,
  type Months,
  type Place,
} from '../ledger/index.ts';
import { alert, type Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';

const AT_ONCE = 100;
/** A part of the ledger is verified each time, for so long; the next time goes on there, and begins anew after the end. */
const VERIFY_MS = 60_000;
/** More rows than a person reads are counted, not told. */
const TOLD = 20;

/** How far a verification has come, and the end of the chain as it was then. */
export interface Verified {
  readonly place: Place;
  readonly head: { readonly number: string; readonly hash: string } | null;
  /** About how many rows were looked at. */
  readonly rows: number;
  readonly chained: number;
}

/** What the ledger needs done from time to time. */
export const createLedgerActivities = ({ pool, log }: { pool: Pool; log: Log }) => ({
  /** Gives back what holds have left whose time is over; answers how many there were. */
  async expireHolds(): Promise<number> {
    let expired = 0;
    for (;;) {
      const due = await dueHolds(pool, AT_ONCE);
      let ended = 0;
      // One by one: a hold that is captured at this moment waits for one of ours, not for a hundred.
      for (const { id, businessId } of due) {
        const deed = { id, code: 'withdrawal_release', businessId, happenedAt: new Date() };
        if ((await expireHold(pool, deed)).outcome === 'applied') ended += 1;
      }
      expired += ended;
      heartbeat(expired);
      // What the ledger refuses to give back is still due, and is tried again the next time.
      if (ended === 0 || due.length < AT_ONCE) return expired;
    }
  },

  /** Opens the months ahead. */
  async openMonths(): Promise<Months> {
    const months = await openMonths(pool);
    if (months.beyond) alert(log, 'months', {}, 'transfers were written beyond the last open month');
    return months;
  },

  /** What the last verification answered that found nothing; Temporal keeps it, out of reach of who might forge the books. */
  async lastVerification(): Promise<Verified | null> {
    const { workflow } = getClient();
    const query = `WorkflowType = 'verifyLedger' AND ExecutionStatus = 'Completed'`;
    for await (const { workflowId, runId } of workflow.list({ query, pageSize: 1 }))
      return (await workflow.getHandle(workflowId, runId).result()) as Verified;
    return null;
  },

  /**
   * Chains what is new, and verifies the ledger from where the last verification stopped.
   *
   * @throws `ledger_drifts`, not to be repeated, with the rows that drift
   */
  async verifyLedger(last: Verified | null): Promise<Verified> {
    const until = Date.now() + VERIFY_MS;
    let chained = 0;
    let chain;
    do {
      chain = await extendChain(pool, { blocks: 1 }).catch(notOnceMore(log));
      chained += chain.transfers;
      heartbeat({ chained });
    } while (chain.blocks > 0);
    const { head } = chain;
    const found = last?.head
      ? await compareHead(pool, { ...last.head, number: BigInt(last.head.number) })
      : [];
    let place = last === null || last.place.pass === 'done' ? START : last.place;
    let rows = 0;
    // One account is read by one statement, however long that takes.
    const beat = setInterval(() => {
      heartbeat({ rows });
    }, 5_000);
    try {
      for await (const { drift, size, next } of verify(pool, place)) {
        found.push(...drift);
        rows += size;
        place = next;
        if (Date.now() > until) break;
      }
    } finally {
      clearInterval(beat);
    }
    if (found.length > 0) throw drifts(log, found);
    return { place, head: head && { ...head, number: String(head.number) }, rows, chained };
  },
});

export type LedgerActivities = ReturnType<typeof createLedgerActivities>;

/** A restored dump does not mend itself: it is told at once, and not tried again and again. */
const notOnceMore = (log: Log) => (error: unknown) => {
  if (!(error instanceof Error && 'constraint' in error && error.constraint === 'chain_is_not_ahead'))
    throw error;
  alert(log, 'drift', { err: error.message }, 'the chain cannot go on');
  throw ApplicationFailure.nonRetryable(error.message, 'chain_is_not_ahead');
};

/** An alert: a line in the log for each row, a metric, and a workflow that has failed. */
function drifts(log: Log, found: readonly Drift[]): ApplicationFailure {
  const told = found.slice(0, TOLD).map(describeDrift);
  for (const row of told) alert(log, 'drift', { drift: row }, 'the ledger drifts');
  metricMeter
    .createCounter('ledger_drift_rows', 'rows', 'Rows that a verification of the ledger found to drift')
    .add(found.length);
  return ApplicationFailure.create({
    type: 'ledger_drifts',
    message: `The ledger drifts: ${String(found.length)} rows, such as ${told[0] ?? ''}. See docs/running.md.`,
    nonRetryable: true,
    details: [told],
  });
}
