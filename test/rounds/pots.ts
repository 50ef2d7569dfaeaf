import assert from 'node:assert/strict';
import { findPot, openPot } from '../../rounds/index.ts';
import { fresh, type Table } from './table.ts';
import { ADMIN } from '../support/origin.ts';

export async function aPot(table: Table, seed = 1_000, currency = 'SEK'): Promise<string> {
  const potId = fresh('pot');
  const opened = await openPot(table.pool, { potId, currency, seed: BigInt(seed) }, ADMIN);
  assert.ok('pot' in opened);
  return potId;
}

export async function inPot(table: Table, potId: string): Promise<number> {
  const pot = await findPot(table.pool, potId);
  assert.ok(pot !== undefined);
  return Number(pot.balance);
}

/** A wager of 100 of a new player with 1,000, in a round of its own, of which this much goes into the pot. */
export async function aWager(table: Table, potId?: string, amount = 10, round = fresh('r')) {
  const player = await table.player(1_000);
  const contributions = potId === undefined ? [] : [{ potId, amount }];
  return { round, player, wager: await table.wager({ round, player, contributions }) };
}

/** An outcome without a payout that wins from a pot. */
export const wins = (potId: string, amount: number, payout = 0) => ({ payout, jackpot: { potId, amount } });

/** What went in and out of a pot since it was opened, in order. */
export async function bookOf(table: Table, potId: string): Promise<string[]> {
  const { rows } = await table.db.owner.query<{ line: string }>(
    `select t.code || ' ' || e.amount as line
       from ledger.accounts a join ledger.entries e on e.account_id = a.id join ledger.transfers t on t.id = e.transfer_id
      where a.kind = 'jackpot' and a.owner = $1 order by e.written_at, e.version`,
    [potId],
  );
  return rows.map(({ line }) => line);
}
