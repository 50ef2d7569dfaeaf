import { pino, type Logger } from 'pino';

export type Log = Logger;

/** A JSON logger for one process. A line is an event's name and its facts: `log.info({ withdrawalId }, 'payout refused')`. */
export const createLog = (part: string, level: string): Log =>
  pino({ level, base: { part, pid: process.pid }, timestamp: pino.stdTimeFunctions.isoTime });

/** What to read when it wakes somebody. */
export const RUNBOOKS = {
  drift: 'docs/runbooks/ledger-drift.md',
  months: 'docs/running.md#months',
  payoutStuck: 'docs/runbooks/payout-stuck.md',
  providerDown: 'docs/runbooks/provider-down.md',
  reconciliation: 'docs/runbooks/reconciliation-differences.md',
  webhooks: 'docs/runbooks/parked-webhooks.md',
} as const;

/** A line that wakes somebody: it carries `alert: true`, and the page that says what to do. */
export function alert(log: Log, runbook: keyof typeof RUNBOOKS, facts: object, message: string): void {
  log.error({ ...facts, alert: true, runbook: RUNBOOKS[runbook] }, message);
}
