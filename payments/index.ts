import type { PaymentsConfig } from '../config/index.ts';
import { SimulatorProvider } from './adapters/simulator.ts';
import { StripeProvider } from './adapters/stripe.ts';
import type { PaymentProvider } from './provider.ts';

export type { Asked, PaymentProvider, PaymentRequest, PayoutRequest, RefundRequest } from './provider.ts';
export {
  openDeposit,
  openWithdrawal,
  resumeDeposit,
  resumeWithdrawal,
  reviewReason,
  stepDeposit,
  stepWithdrawal,
} from './records.ts';
export { endedDeposit, lateDeposit, lateWithdrawal } from './late.ts';
export { deliverNext, storeWebhook, type Delivered, type Parked, type Subject } from './webhooks.ts';
export { findAction, saveAction, wasDone, type Pressing, type SavedAction } from './actions.ts';
export {
  bulkKey,
  decideItem,
  dryRun,
  findBulk,
  findBulkOfKey,
  openItems,
  saveBulk,
  unknownItem,
  type Bulk,
  type BulkItem,
} from './bulks.ts';
export { actionsOf, pressWithdrawal, type Desk, type TellSaga } from './press.ts';
export {
  askAdjustment,
  decideAdjustment,
  findAdjustment,
  listAdjustments,
  type Adjustment,
} from './adjustments.ts';
export { addNote } from './notes.ts';
export { ageOfQueue, listDeposits, listWithdrawals, type Filters } from './queues.ts';
export { routeOf } from './routing.ts';
export {
  findDeposit,
  findWithdrawal,
  stepsOf,
  type Deposit,
  type TimelineItem,
  type Withdrawal,
} from './read.ts';

export {
  daysToReconcile,
  findReconciliation,
  listDifferences,
  reconcile,
  resolveDifference,
} from './reconciliations.ts';
export { SettlementFileError, storeSettlementFile } from './settlementFile.ts';
export { listLiabilitySnapshots, takeLiabilitySnapshot } from './snapshots.ts';

/** The configured providers by name, in the order they are tried. */
export const createProviders = ({
  providers,
  providerTimeoutMs,
}: PaymentsConfig): ReadonlyMap<string, PaymentProvider> =>
  new Map(
    providers.map((options) => [
      options.name,
      options.adapter === 'stripe'
        ? new StripeProvider(options, providerTimeoutMs)
        : new SimulatorProvider(options, providerTimeoutMs),
    ]),
  );
