import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { must, send, type Body, type Credential, type Stack } from './client.ts';
import { bar } from '../../ops/progress.ts';
import { bold, chapter, coins, dim, say } from './terminal.ts';

const ROUNDS = 20;
const CURRENCY = 'SEK';

interface Payment {
  kind: 'deposit' | 'withdrawal';
  id: string;
  amount: number;
  status: string;
}

/** The demo's chapters. It keeps its own sums, to hold them against the ledger's at the end. */
export class Story {
  readonly players: string[];
  /** What each player should have at the end, by the demo's own arithmetic. */
  readonly expected = new Map<string, number>();
  readonly payments: Payment[] = [];
  readonly #stack: Stack;
  readonly #run = Date.now().toString(36);
  readonly #game: Credential;
  readonly #directGame: Credential;
  readonly #cashier: Credential;

  constructor(stack: Stack) {
    this.#stack = stack;
    this.players = ['anna', 'birger', 'cecilia', 'dag'].map((name) => `${name}-${this.#run}`);
    const { game, otherGame, cashier } = stack.clients;
    this.#game = {
      bearer: game.apiKey,
      ...(game.hmacSecret === undefined ? {} : { hmacSecret: game.hmacSecret }),
    };
    this.#directGame = {
      bearer: otherGame.apiKey,
      ...(otherGame.hmacSecret === undefined ? {} : { hmacSecret: otherGame.hmacSecret }),
    };
    this.#cashier = { bearer: cashier.apiKey };
  }

  async registerPlayers(): Promise<void> {
    chapter('1. Four players register');
    for (const player of this.players) {
      await must(this.#stack, this.#cashier, 'PUT', `/v1/players/${player}`, {
        currencies: [CURRENCY],
        jurisdiction: 'MT',
      });
      this.expected.set(player, 0);
    }
    say(`  ${this.players.join(', ')}`);
  }

  async deposit(): Promise<void> {
    chapter('2. They deposit');
    const plans = this.players.map((player) => ({
      player,
      amount: 250_000,
      token: 'sim_captured',
      ends: 'credited',
    }));
    plans.push({ player: this.players[0] ?? '', amount: 70_000, token: 'sim_declined', ends: 'failed' });
    plans.push({ player: this.players[1] ?? '', amount: 30_000, token: 'sim_no_webhook', ends: 'credited' });
    const progress = bar('deposits', plans.length);
    const lines: string[] = [];
    for (const [index, plan] of plans.entries()) {
      const depositId = `dep-${this.#run}-${String(index + 1)}`;
      progress.at(index, `${plan.token} ${coins(plan.amount)}`);
      await must(this.#stack, this.#cashier, 'POST', '/v1/deposits', {
        depositId,
        playerId: plan.player,
        amount: plan.amount,
        currency: CURRENCY,
        method: { type: 'card', token: plan.token },
        returnUrl: 'https://casino.example/cashier',
      });
      const deposit = await this.#until(`/v1/deposits/${depositId}`, [plan.ends]);
      if (plan.ends === 'credited') this.#move(plan.player, plan.amount);
      this.payments.push({ kind: 'deposit', id: depositId, amount: plan.amount, status: plan.ends });
      lines.push(
        `  ${plan.player} ${coins(plan.amount)} ${plan.token}: ${bold(plan.ends)}  ${dim(String(deposit.workflowUrl))}`,
      );
    }
    progress.end();
    for (const line of lines) say(line);
  }

  async playRounds(): Promise<void> {
    chapter(`3. ${String(ROUNDS)} rounds are played`);
    const progress = bar('rounds', ROUNDS);
    const lines: string[] = [];
    for (let number = 1; number <= ROUNDS; number += 1) {
      const line = await this.#round(number);
      if (line !== undefined) lines.push(line);
      progress.at(number);
    }
    progress.end();
    for (const line of lines) say(line);
  }

  /** One round of three players; the seventh has a rollback before its wager, the thirteenth is voided. */
  async #round(number: number): Promise<string | undefined> {
    const roundId = `round-${this.#run}-${String(number)}`;
    const game = number % 5 === 0 ? this.#directGame : this.#game;
    const seated = number % 5 === 0 ? this.players.slice(0, 1) : this.players.slice(0, 3);
    const outcomes: { wagerId: string; payout: number }[] = [];
    const stakes: { player: string; stake: number; payout: number }[] = [];
    for (const player of seated) {
      const wagerId = `w-${this.#run}-${String(number)}-${player}`;
      const stake = randomInt(5, 50) * 100;
      const early = number === 7 && player === seated[0];
      if (early) {
        const answer = await must(this.#stack, game, 'POST', `/v1/wagers/${wagerId}/rollback`, {
          rollbackId: `rb-${wagerId}`,
        });
        if (answer.outcome !== 'tombstoned')
          throw new Error(`a rollback before its wager answered ${String(answer.outcome)}`);
      }
      const answer = await must(this.#stack, game, 'POST', `/v1/rounds/${roundId}/wagers`, {
        wagerId,
        playerId: player,
        gameId: 'starfall',
        amount: stake,
        currency: CURRENCY,
      });
      if (early !== (answer.outcome === 'noop'))
        throw new Error(`wager ${wagerId} answered ${String(answer.outcome)}`);
      if (early) continue;
      const payout = randomInt(0, 3) === 0 ? stake * randomInt(1, 6) : 0;
      outcomes.push({ wagerId, payout });
      stakes.push({ player, stake, payout });
    }
    const settlement = await must(this.#stack, game, 'POST', `/v1/rounds/${roundId}/settlement`, {
      settlementId: `s-${roundId}`,
      outcomes,
    });
    if (number === 13) {
      const voided = await must(this.#stack, game, 'POST', `/v1/rounds/${roundId}/void`, {
        voidId: `v-${roundId}`,
        reason: 'the wheel was stuck',
      });
      return `  ${roundId} was voided: every stake back, every win taken back  ${dim(String(voided.workflowUrl))}`;
    }
    for (const { player, stake, payout } of stakes) this.#move(player, payout - stake);
    const won = stakes.reduce((sum, { payout }) => sum + payout, 0);
    if (number === 7) return `  ${roundId}: a rollback came before its wager, which then took nothing`;
    return won > 0 && number % 4 === 1
      ? `  ${roundId} paid ${coins(won)}  ${dim(settlement.workflowUrl ?? 'direct, no workflow')}`
      : undefined;
  }

  async withdraw(): Promise<void> {
    chapter('4. They withdraw');
    const [anna, birger, cecilia, dag] = this.players as [string, string, string, string];
    await this.#withdrawal(1, anna, 20_000, 'SIM-PAID');
    await this.#withdrawal(2, birger, 30_000, 'SIM-REFUSED-ONCE', async (path) => {
      const parked = await this.#until(path, ['needs_attention']);
      say(`    refused for good (${String(parked.reason)}); the money stays held, and finance is asked`);
      await this.#act('finance', path, 'retry', 'the bank has confirmed the account');
      say('    finance pressed retry: a second attempt, with a key of its own');
    });
    await this.#withdrawal(3, cecilia, 40_000, 'SIM-TIMEOUT-TAKEN', async (path) => {
      await this.#until(path, ['unknown', 'paid']);
      say('    the provider went silent: nobody knows, so nothing is sent twice; it keeps asking');
    });
    await this.#withdrawal(4, dag, 150_000, 'SIM-PAID', async (path) => {
      await this.#until(path, ['awaiting_approval']);
      await this.#act('approver', path, 'approve', 'identity documents seen');
      say('    above 1,000.00: a second person approved it');
    });
  }

  async #withdrawal(
    number: number,
    player: string,
    amount: number,
    account: string,
    meanwhile?: (path: string) => Promise<void>,
  ) {
    const withdrawalId = `wd-${this.#run}-${String(number)}`;
    const path = `/v1/withdrawals/${withdrawalId}`;
    say(`  ${player} asks for ${coins(amount)} to ${account}`);
    await must(this.#stack, this.#cashier, 'POST', '/v1/withdrawals', {
      withdrawalId,
      playerId: player,
      amount,
      currency: CURRENCY,
      destination: { type: 'bank', account },
    });
    this.#move(player, -amount);
    await meanwhile?.(path);
    const paid = await this.#until(path, ['paid']);
    const attempts = paid.attempts?.length ?? 0;
    const tries = attempts === 1 ? 'one attempt' : `${String(attempts)} attempts`;
    say(`    ${bold('paid')} once, ${tries}  ${dim(String(paid.workflowUrl))}`);
    this.payments.push({ kind: 'withdrawal', id: withdrawalId, amount, status: 'paid' });
  }

  async #act(who: keyof Stack['people'], path: string, action: string, reason: string): Promise<void> {
    await must(
      this.#stack,
      { bearer: this.#stack.people[who] },
      'POST',
      `${path}/${action}`,
      { reason },
      { 'idempotency-key': `${action}-${path}` },
    );
  }

  #move(player: string, by: number): void {
    this.expected.set(player, (this.expected.get(player) ?? 0) + by);
  }

  /** Reads a payment until it has one of the states, showing where it is. */
  async #until(path: string, states: readonly string[]): Promise<Body> {
    const until = Date.now() + 120_000;
    for (;;) {
      const { body } = await send(this.#stack, this.#cashier, 'GET', path);
      if (states.includes(body.status ?? '')) return body;
      if (Date.now() > until)
        throw new Error(`${path} is ${String(body.status)} after two minutes, not ${states.join(' or ')}`);
      await sleep(200);
    }
  }
}
