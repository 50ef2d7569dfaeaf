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
export {
  FIRST_PAGE,
  findAccount,
  findAccountAt,
  liability,
  listAccounts,
  listEntries,
  parseAccountId,
  type Account,
  type AccountName,
  type Entry,
} from './read.ts';
export { trialBalance, type TrialBalanceRow } from './trialBalance.ts';
