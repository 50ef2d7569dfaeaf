import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Body } from '../../dev/demo/client.ts';
import type { Stand } from './stand.ts';

const PLAYERS = 150;
const STAKE = 100;
const AT_ONCE = 24;

/** A round that waits to be settled: every third wager wins. */
export interface Table {
  readonly roundId: string;
  readonly outcomes: readonly { wagerId: string; playerId: string; payout: number }[];
}

interface Payment {
  readonly id: string;
  readonly playerId: string;
  readonly amount: number;
  /** What it chose of the simulator. */
  readonly token: string;
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

  /** A withdrawal, or where the token is one of the simulator's for deposits, a deposit. */
  payment(token: string, playerId: string): Promise<Payment> {
    return token.startsWith('sim_') ? this.#deposit(token, playerId) : this.#withdrawal(token, playerId);
  }

  /** Sees that a deposit is credited once, or a withdrawal paid once. */
  endsWell(payment: Payment): Promise<void> {
    return payment.token.startsWith('sim_') ? this.#isCredited(payment) : this.#isPaid(payment);
  }

  /** Sends a deposit until the provider has taken it, or it is known to be under way. */
  async #deposit(token: string, playerId: string): Promise<Payment> {
    const payment = { id: this.#stand.id('dep'), playerId, amount: 12_300, token };
    await this.#stand.cashier('POST', '/v1/deposits', {
      depositId: payment.id,
      playerId,
      amount: payment.amount,
      currency: 'SEK',
      method: { type: 'card', token },
      returnUrl: 'https://casino.example/cashier',
    });
    return payment;
  }

  /** Sees that a deposit is credited, and that the provider took it once. */
  async #isCredited({ id, playerId, amount, token }: Payment): Promise<void> {
    await this.#stand.until(`the credit of ${id} (${token})`, async () => {
      const { status } = await this.#stand.cashier('GET', `/v1/deposits/${id}`);
      if (status !== 'credited') throw new Error(`it is ${String(status)}`);
      return true;
    });
    this.#stand.moved(playerId, amount);
    const items = await this.#stand.books(id);
    assert.deepEqual(
      items.map((item) => [item.kind, item.state, item.amount]),
      [['payment', 'captured', amount]],
      id,
    );
  }

  /** Sends a withdrawal until its money is held. */
  async #withdrawal(token: string, playerId: string): Promise<Payment> {
    const payment = { id: this.#stand.id('wd'), playerId, amount: 5_500, token };
    const withdrawal = { withdrawalId: payment.id, playerId, amount: payment.amount, currency: 'SEK' };
    await this.#stand.cashier('POST', '/v1/withdrawals', {
      ...withdrawal,
      destination: { type: 'bank', account: token },
    });
    this.#stand.moved(playerId, -payment.amount);
    return payment;
  }

  /** Sees that a withdrawal is paid, in exactly the attempts of our books; finance retries what was refused. */
  async #isPaid({ id, amount, token }: Payment): Promise<void> {
    const path = `/v1/withdrawals/${id}`;
    const paid = await this.#stand.until(`the payout of ${id} (${token})`, async () => {
      const now = await this.#stand.cashier('GET', path);
      if (now.status === 'needs_attention')
        await this.#stand.finance(`${path}/retry`, 'the bank has confirmed');
      if (now.status !== 'paid') throw new Error(`it is ${String(now.status)}`);
      return now;
    });
    const attempts = paid.attempts as readonly { key: string; status: string; provider: string }[];
    assert.deepEqual(
      attempts.map(({ status }) => status),
      token === 'SIM-REFUSED-ONCE' ? ['refused', 'paid'] : ['paid'],
      id,
    );
    const theirs = (await this.#stand.books(id)).filter(({ kind }) => kind === 'payout');
    assert.deepEqual(
      theirs.map((item) => [item.provider, item.key, item.state, item.amount]),
      attempts.map((attempt) => [attempt.provider, attempt.key, attempt.status, amount]),
      id,
    );
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
