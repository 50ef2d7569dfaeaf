export { createBulkActivities, type BulkActivities } from './bulk.ts';
export { createLedgerActivities, type LedgerActivities, type Verified } from './ledger.ts';
export { createPaymentsActivities, type PaymentsActivities } from './payments.ts';
export { createStaleRoundsActivities, type StaleRoundsActivities } from './staleRounds.ts';
export { createProtectionActivities, type ProtectionActivities } from './protection.ts';
export { createRoundsActivities, type RoundsActivities } from './rounds.ts';
export { createReconciliationActivities, type ReconciliationActivities } from './reconciliation.ts';
