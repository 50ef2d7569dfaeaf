import { randomUUID } from 'node:crypto';
import assert from 'node:assert/strict';
import { inspect } from 'node:util';
import {
  openPlayer,
  placeHold,
  post,
  type Deed,
  type Hold,
  type Leg,
  type Verdict,
} from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

/** The largest whole number JSON carries exactly, and the most a player may have. */
export const MOST = 9_007_199_254_740_991n;

/** A ledger for the suite it is called in, as the application sees it. After each test its invariants must hold. */
export function aLedger({ poolSize = 10 } = {}) {
  let database: TestDatabase;
  let players = 0;
  before(async () => (database = await testDatabase({ poolSize })));
  afterEach(() => checkInvariants(database.owner));
  after(() => database.drop());

  const ledger = {
    /** The application's role. */
    get pool(): Pool {
      return database.pool;
    },
    /** The superuser. */
    get owner(): Pool {
      return database.owner;
    },
    get ownerUrl() {
      return database.ownerUrl;
    },
    /** A new player with that much cash. */
    async player(cash = 0n, currency = 'SEK'): Promise<string> {
      const id = `p-${String(++players)}`;
      await openPlayer(database.pool, id, currency);
      if (cash > 0n) await applied(deposit(id, cash, currency));
      return id;
    },
    async posted(kind: string, owner: string, currency = 'SEK'): Promise<bigint> {
      const { rows } = await database.pool.query<{ posted: bigint }>(
        'select sum(posted)::bigint as posted from ledger.accounts where (kind, owner, currency) = ($1, $2, $3)',
        [kind, owner, currency],
      );
      return rows[0]?.posted ?? 0n;
    },
    cash: (player: string) => ledger.posted('player_cash', player),
    held: (player: string) => ledger.posted('player_held', player),
    owed: async (player: string) => -(await ledger.posted('player_receivable', player)),
    /** The entries of a transfer: `{ 'player_cash:p-1': -5n, ... }`. */
    async entries(transferId: string | null): Promise<Record<string, bigint>> {
      const { rows } = await database.pool.query<{ account: string; amount: bigint }>(
        `select a.kind || ':' || a.owner as account, e.amount from ledger.entries e join ledger.accounts a on a.id = e.account_id
          where e.transfer_id = $1 order by 1`,
        [transferId],
      );
      return Object.fromEntries(rows.map(({ account, amount }) => [account, amount]));
    },
    async count(table: 'transfers' | 'entries' | 'outcomes' | 'holds'): Promise<bigint> {
      const { rows } = await database.pool.query<{ count: bigint }>(`select count(*) from ledger.${table}`);
      return rows[0]!.count;
    },
    stake: (player: string, amount: bigint, id: string = randomUUID()) =>
      post(database.pool, { ...aDeed('stake', id), legs: stakeLegs(player, amount) }),
    deposit: (player: string, amount: bigint) => deposit(player, amount),
    hold: (player: string, amount: bigint, more: Partial<Hold> = {}) =>
      placeHold(database.pool, {
        ...aDeed('withdrawal_hold'),
        playerId: player,
        currency: 'SEK',
        amount,
        ...more,
      }),
  };
  const deposit = (player: string, amount: bigint, currency = 'SEK') =>
    post(database.pool, {
      ...aDeed('deposit'),
      legs: [
        leg('provider_clearing', 'nordpay', -amount, currency),
        leg('player_cash', player, amount, currency),
      ],
    });
  return ledger;
}

/** The same id, code and business record, at another moment: what a retry sends. */
export const aDeed = (code: string, id: string = randomUUID()): Deed => ({
  id,
  code,
  businessId: `test/${code}`,
  happenedAt: new Date(),
});

export const leg = (kind: string, owner: string, amount: bigint, currency = 'SEK'): Leg => ({
  kind,
  owner,
  currency,
  amount,
});

export const stakeLegs = (player: string, amount: bigint): Leg[] => [
  leg('player_cash', player, -amount),
  leg('stakes_in_play', 'house', amount),
];

/** The verdict, which must be that it was done. */
export async function applied(asked: Promise<Verdict>) {
  const verdict = await asked;
  assert(verdict.outcome === 'applied', `it was refused: ${inspect(verdict)}`);
  return verdict;
}

/** The refusal's code. */
export async function refusal(asked: Promise<Verdict>): Promise<string> {
  const verdict = await asked;
  assert(verdict.outcome === 'refused', 'it was not refused');
  return verdict.code;
}

/** A hundred at once. */
export const hundred = <T>(work: (n: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 100 }, (_, n) => work(n)));

/** What Postgres says by a constraint's name, or by its code. */
export const violates = (constraint: string) => (error: unknown) =>
  (error as { constraint?: string }).constraint === constraint;

/** How often each answer was given: a code, `replayed` or `applied`. */
export function tally(verdicts: readonly Verdict[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const v of verdicts) {
    const word = v.outcome === 'refused' ? v.code : v.replayed ? 'replayed' : 'applied';
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}
