export {
  captureHold,
  dueHolds,
  expireHold,
  openPlayer,
  placeHold,
  reverse,
  voidHold,
  type Capture,
  type Hold,
} from './holds.ts';
export { captureHolds, postNets, voidHolds } from './batches.ts';
export { compareHead, extendChain, readHead, type Head } from './chain.ts';
export { exchange } from './exchange.ts';
export { createPoster } from './poster.ts';
export {
  LEDGER_ERRORS,
  post,
  postAll,
  postNet,
  type Deed,
  type LedgerErrorCode,
  type Leg,
  type Net,
  type Posting,
  type Verdict,
} from './post.ts';
export { openMonths, type Months } from './months.ts';
export { momentAfter, momentOf, type Moment } from './moments.ts';
export {
  findAccount,
  findAccountBefore,
  liability,
  listAccounts,
  parseAccountId,
  type Account,
  type AccountName,
} from './read.ts';
export { readStatement, type Entry, type EntryKey, type Page, type Statement } from './statements.ts';
export { findTransfer, listTransfers, type Transfer } from './transfers.ts';
export { describeDrift, START, verify, type Drift, type Place } from './verify/findDrift.ts';
export { trialBalance, type TrialBalanceRow } from './trialBalance.ts';
