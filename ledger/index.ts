export {
  captureHold,
  expireHold,
  openPlayer,
  placeHold,
  reverse,
  voidHold,
  type Capture,
  type Hold,
} from './holds.ts';
export {
  LEDGER_ERRORS,
  post,
  postNet,
  type Deed,
  type LedgerErrorCode,
  type Leg,
  type Net,
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
