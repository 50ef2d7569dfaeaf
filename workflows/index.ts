// What the workers bundle: the name of an export is the workflow's type.
export { adjustment } from './adjustment.ts';
export { bulk } from './bulk.ts';
export { deposit } from './deposit.ts';
export { expireHolds } from './expireHolds.ts';
export { openMonths } from './openMonths.ts';
export { raiseLimit } from './raiseLimit.ts';
export { liabilitySnapshot, reconcileDays, reconciliation } from './reconciliation.ts';
export { resettlement } from './resettlement.ts';
export { settlement } from './settlement.ts';
export { staleRound } from './staleRound.ts';
export { staleRounds } from './staleRounds.ts';
export { verifyLedger } from './verifyLedger.ts';
export { voidRound } from './voidRound.ts';
export { withdrawal } from './withdrawal.ts';
