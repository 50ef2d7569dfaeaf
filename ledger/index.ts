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
} from './read.ts';
