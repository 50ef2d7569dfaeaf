import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Body } from '../../dev/demo/client.ts';
import { isDeposit, type Payment } from './ends.ts';
import type { Stand } from './stand.ts';

const PLAYERS = 150;
const STAKE = 100;
const AT_ONCE = 24;
/** Deposits that end by their expiry. Longer than any process is away, so that the provider has heard of them by then. */
const EXPIRING = ['sim_abandoned', 'sim_late'];
const EXPIRES_IN_SECONDS = 12;

/** A round that waits to be settled: every third wager wins. */
export interface Table {
  readonly roundId: string;
  readonly outcomes: readonly { wagerId: string; playerId: string; payout: number }[];
}

/** Work that is sent while processes are killed; what should come of it is added to what the players should have. */
export class Loads {
  readonly #stand: Stand;
  readonly #crowds = new Map<number, Promise<string[]>>();

  constructor(stand: Stand) {
    this.#stand = stand;
  }

  /** A round of 150 players, with two wagers each. */
  async table(wagersEach = 2, count = PLAYERS): Promise<Table> {
    const crowd = this.#crowds.get(count) ?? inParallel(count, () => this.#stand.richPlayer(1_000_000));
    this.#crowds.set(count, crowd);
    const players = await crowd;
    const roundId = this.#stand.id('round');
    const outcomes = await inParallel(count * wagersEach, async (number) => {
      const wagerId = `${roundId}-w${String(number)}`;
      const playerId = players[number % count] ?? '';
      const wager = { wagerId, playerId, gameId: 'drill', amount: STAKE, currency: 'SEK' };
      await this.#stand.play(`/v1/rounds/${roundId}/wagers`, wager);
      this.#stand.moved(playerId, -STAKE);
      return { wagerId, playerId, payout: number % 3 === 0 ? 250 : 0 };
    });
    return { roundId, outcomes };
  }

  /** Settles a round, sending until it is answered, and sees that it is done once and in full. */
  async settle({ roundId, outcomes }: Table): Promise<void> {
    const path = `/v1/rounds/${roundId}/settlement`;
    const settlement = {
      settlementId: `s-${roundId}`,
      outcomes: outcomes.map(({ wagerId, payout }) => ({ wagerId, payout })),
    };
    const done = (await this.#stand.play(path, settlement)) as Body & { settled: number; totals: object[] };
    const paid = outcomes.reduce((sum, { payout }) => sum + payout, 0);
    for (const { playerId, payout } of outcomes) this.#stand.moved(playerId, payout);
    assert.equal(done.status, 'done');
    assert.equal(done.outcome, 'applied');
    assert.equal(done.settled, outcomes.length);
    assert.deepEqual(done.totals, [{ currency: 'SEK', paid, takenBack: 0, receivable: 0 }]);
    const again = await this.#stand.again(path, settlement);
    assert.equal(again.status, 200);
    assert.deepEqual(again.body, done);
  }

  /** Sends a withdrawal, or where the token is one of the simulator's for deposits, a deposit, until it is known to be under way. */
  async payment(token: string, playerId: string): Promise<Payment> {
    const kind = isDeposit(token) ? 'deposit' : 'withdrawal';
    const payment = { id: this.#stand.id(kind), playerId, amount: 5_500, token };
    const common = { playerId, amount: payment.amount, currency: 'SEK' };
    await (kind === 'deposit'
      ? this.#stand.cashier('POST', '/v1/deposits', {
          ...{ ...common, depositId: payment.id, method: { type: 'card', token } },
          returnUrl: 'https://casino.example/cashier',
          ...(EXPIRING.includes(token) && { expiresIn: EXPIRES_IN_SECONDS }),
        })
      : this.#stand.cashier('POST', '/v1/withdrawals', {
          ...{ ...common, withdrawalId: payment.id, destination: { type: 'bank', account: token } },
        }));
    return payment;
  }
}

/** Work that starts so long before the kill. */
export interface Started<T> {
  readonly msBefore: number;
  readonly work: () => Promise<T>;
}

/** Starts each piece of work at its time, then kills; resolves when all of them are answered. */
export async function beforeKill<T>(works: readonly Started<T>[], kill: () => Promise<void>): Promise<T[]> {
  const longest = Math.max(...works.map(({ msBefore }) => msBefore));
  const [results] = await Promise.all([
    Promise.all(works.map(({ msBefore, work }) => sleep(longest - msBefore).then(work))),
    sleep(longest).then(kill),
  ]);
  return results;
}

/** Many calls, a few at a time. */
export async function inParallel<T>(
  times: number,
  work: (number: number) => Promise<T>,
  atOnce = AT_ONCE,
): Promise<T[]> {
  const results: T[] = [];
  let next = 0;
  const lane = async () => {
    for (let number = next++; number < times; number = next++) results[number] = await work(number);
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
  return results;
}
