import assert from 'node:assert/strict';
import type { OperationKind } from '../../contract/rounds.ts';
import { post } from '../../ledger/index.ts';
import { award, register } from '../../players/index.ts';
import {
  claimRound,
  closeOperation,
  findOperation,
  findRound,
  findWager,
  createGameDesk,
  postMoves,
  requestOperation,
  undoClaim,
  undoMoves,
  type Answered,
  type PotAmount,
  type GameDesk,
  type Operation,
} from '../../rounds/index.ts';
import { aDeed, applied, leg } from '../ledger/aLedger.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { ROUNDS_CHECKS } from './invariants.ts';

export const CLIENT = 'game';
/** A payout, or beside it what a pot pays. */
type Outcome = number | { payout: number; jackpot: { potId: string; amount: number } };
export type Outcomes = Readonly<Record<string, Outcome>>;
let made = 0;
/** An id nobody else uses. */
export const fresh = (kind: string) => `${kind}-${String((made += 1))}`;

export interface StakeOf {
  client?: string;
  round?: string;
  wager?: string;
  player: string;
  game?: string;
  amount?: number;
  currency?: string;
  known?: boolean;
  contributions?: readonly PotAmount[];
}

/** One casino on a database of its own: players with money, and the calls of a game server, without HTTP and Temporal. */
export class Table {
  readonly db: TestDatabase;
  readonly #games: GameDesk;

  constructor(db: TestDatabase) {
    this.db = db;
    this.#games = createGameDesk(db.pool);
  }

  get pool() {
    return this.db.pool;
  }

  async leave(): Promise<void> {
    try {
      await checkInvariants(this.db.owner, ROUNDS_CHECKS);
    } finally {
      await this.db.drop();
    }
  }

  /** A player with this much SEK. */
  async player(cash = 1_000, currencies = ['SEK']): Promise<string> {
    const playerId = fresh('p');
    assert.equal(await register(this.pool, { playerId, jurisdiction: 'MT', currencies }), undefined);
    for (const currency of cash === 0 ? [] : currencies) await this.give(playerId, cash, currency);
    return playerId;
  }

  async give(playerId: string, cash: number, currency = 'SEK'): Promise<void> {
    const awardId = fresh('a');
    const asked = { clientId: CLIENT, awardId, playerId, currency, amount: BigInt(cash) };
    const given = await award(this.pool, { ...asked, request: { awardId } });
    assert.equal(given.outcome, 'applied');
  }

  async deposit(playerId: string, cash: number): Promise<void> {
    const amount = BigInt(cash);
    const legs = [leg('provider_clearing', 'nordpay', -amount), leg('player_cash', playerId, amount)];
    await applied(post(this.pool, { ...aDeed('deposit'), legs }));
  }

  stake(s: StakeOf & { round: string; wager: string }): Promise<Answered> {
    return this.#games.stake(stakeOf(s));
  }

  /** A stake that must go through; answers the wager's id. */
  async wager(s: StakeOf & { round: string }): Promise<string> {
    const wager = s.wager ?? fresh('w');
    const answered = await this.stake({ ...s, wager });
    assert.equal(
      answered.outcome,
      'applied',
      JSON.stringify(answered, (_, v: unknown) => (typeof v === 'bigint' ? String(v) : v)),
    );
    return wager;
  }

  rollBack(wagerId: string, rollbackId = fresh('rb'), reason: string | null = null): Promise<Answered> {
    return this.#games.rollBack({ clientId: CLIENT, wagerId, rollbackId, reason });
  }

  play(
    s: StakeOf & { round: string; wager: string; settlement: string; payout: number; close?: boolean },
  ): Promise<Answered> {
    return this.#games.play({
      ...stakeOf(s),
      settlementId: s.settlement,
      payout: BigInt(s.payout),
      closeRound: s.close ?? true,
    });
  }

  /** A settlement step by step, as the saga does it. */
  settle(round: string, outcomes: Outcomes, { id = fresh('s'), close = true } = {}): Promise<Operation> {
    return this.operate('settlement', id, round, { outcomes: listOf(outcomes), closeRound: close });
  }

  async settleAtOnce(
    round: string,
    outcomes: Outcomes,
    { id = fresh('s'), close = true } = {},
  ): Promise<Operation> {
    const content = { outcomes: listOf(outcomes), closeRound: close };
    const requested = await this.#games.settle({
      clientId: CLIENT,
      kind: 'settlement',
      operationId: id,
      roundId: round,
      content,
      workflowId: id,
    });
    assert.ok('operation' in requested, JSON.stringify(requested));
    return requested.operation;
  }

  /** What each wager has won in all, in the place of what it was settled at. */
  resettle(round: string, outcomes: Outcomes, id = fresh('rs')): Promise<Operation> {
    return this.operate('resettlement', id, round, { outcomes: listOf(outcomes) });
  }

  voidRound(round: string, wagerIds: readonly string[] | null = null, id = fresh('v')): Promise<Operation> {
    return this.operate('void', id, round, { reason: 'a test', wagerIds });
  }

  request(kind: OperationKind, operationId: string, roundId: string, content: object) {
    return requestOperation(this.pool, {
      clientId: CLIENT,
      kind,
      operationId,
      roundId,
      content,
      workflowId: `${kind}/${operationId}`,
    });
  }

  async operate(
    kind: OperationKind,
    operationId: string,
    round: string,
    content: object,
  ): Promise<Operation> {
    const requested = await this.request(kind, operationId, round, content);
    assert.ok('operation' in requested, JSON.stringify(requested));
    return await this.run(kind, operationId);
  }

  /** What workflows/roundOperation.ts does, without Temporal. */
  async run(kind: OperationKind, operationId: string): Promise<Operation> {
    const { pool } = this;
    const ref = { clientId: CLIENT, kind, operationId };
    while ((await claimRound(pool, ref, 0)) === 'busy')
      await new Promise((resolve) => setTimeout(resolve, 5));
    for (;;) {
      const { done, of, problem } = await postMoves(pool, ref);
      if (problem !== null) {
        while ((await undoMoves(pool, ref)).remaining > 0);
        await undoClaim(pool, ref, problem);
        break;
      }
      if (done < of) continue;
      await closeOperation(pool, ref);
      break;
    }
    const operation = await findOperation(pool, ref);
    assert.ok(operation !== undefined);
    return operation;
  }

  /** The player's cash, and what the player owes. */
  async has(player: string, currency = 'SEK'): Promise<{ cash: number; owed: number; inPlay: number }> {
    const { rows } = await this.db.owner.query<{ cash: bigint; owed: bigint; inPlay: bigint }>(
      `select ledger.cash($1, $2) as cash, coalesce((select amount from rounds.in_play($1) where currency = $2), 0)::bigint as "inPlay",
              (select -posted from ledger.accounts where kind = 'player_receivable' and owner = $1 and currency = $2) as owed`,
      [player, currency],
    );
    const [row] = rows as [(typeof rows)[0]];
    return { cash: Number(row.cash), owed: Number(row.owed), inPlay: Number(row.inPlay) };
  }

  async house(kind: 'stakes_in_play' | 'house_gaming', currency = 'SEK'): Promise<number> {
    const { rows } = await this.db.owner.query<{ posted: bigint }>(
      `select coalesce(sum(posted), 0) as posted from ledger.accounts where kind = $1 and currency = $2`,
      [kind, currency],
    );
    return Number(rows[0]!.posted);
  }

  async wagerStatus(wagerId: string) {
    const wager = await findWager(this.pool, CLIENT, wagerId);
    return wager === undefined ? undefined : { status: wager.status, payout: Number(wager.payout) };
  }

  async roundStatus(roundId: string): Promise<string | undefined> {
    return (await findRound(this.pool, CLIENT, roundId))?.status;
  }
}

export const aTable = async (options: { poolSize?: number } = {}) => new Table(await testDatabase(options));

const stakeOf = (s: StakeOf & { round: string; wager: string }) => ({
  clientId: s.client ?? CLIENT,
  roundId: s.round,
  wagerId: s.wager,
  playerId: s.player,
  gameId: s.game ?? 'roulette',
  amount: BigInt(s.amount ?? 100),
  currency: s.currency ?? 'SEK',
  objection: s.known === false ? ('unknown_currency' as const) : null,
  contributions: s.contributions,
});

const listOf = (outcomes: Outcomes) =>
  Object.entries(outcomes).map(([wagerId, won]) => ({
    wagerId,
    ...(typeof won === 'number' ? { payout: won } : won),
  }));

/** The code of a refusal, or the outcome. */
export const fateOf = (answered: Answered): string =>
  answered.outcome === 'refused' ? answered.refusal.code : answered.outcome;
export const balanceOf = (answered: Answered): number | null =>
  answered.outcome === 'refused' || answered.balance === null ? null : Number(answered.balance);
