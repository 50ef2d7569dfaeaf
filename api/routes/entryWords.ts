/** What a transfer was for, in the words of the player's statement; `docs/ledger.md` has the codes. */
const WORDS: Readonly<Record<string, string>> = {
  stake: 'Stake',
  stake_rollback: 'Stake returned',
  settlement: 'Winnings',
  resettlement: 'Result corrected',
  void: 'Round voided',
  undo: 'Result taken back',
  award: 'Award',
  jackpot_seed: 'Pot seeded',
  deposit: 'Deposit',
  deposit_refund: 'Deposit refunded',
  refund_refused: 'Refund refused',
  chargeback: 'Deposit charged back',
  withdrawal_hold: 'Withdrawal',
  withdrawal_release: 'Withdrawal given back',
  payout_submitted: 'Payout sent',
  payout_refused: 'Payout refused',
  payout_paid: 'Payout paid',
  payout_returned: 'Payout returned',
  returned_to_player: 'Returned payout given back',
  payout_owed: 'Payout paid twice',
  adjustment: 'Adjustment',
  reversal: 'Correction',
};

/** Business records that a client named, whose id is therefore `<kind>/<client>/<id>`. */
const OF_CLIENT = /^(wager|award|settlement|resettlement|void)\/[^/]+\/(.+)$/;

/** "Stake, wager w-17": the client that sent it is no concern of the player. */
export function describeEntry({ code, businessId }: { code: string; businessId: string }): string {
  const [, kind, id] = OF_CLIENT.exec(businessId) ?? /^([a-z_]+)\/(.+)$/.exec(businessId) ?? [];
  return kind === undefined || id === undefined
    ? (WORDS[code] ?? code)
    : `${WORDS[code] ?? code}, ${kind} ${id}`;
}
