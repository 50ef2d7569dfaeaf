import { setTimeout as sleep } from 'node:timers/promises';
import {
  captureHold,
  captureHolds,
  createPoster,
  expireHold,
  openPlayer,
  placeHold,
  post,
  postAll,
  postNet,
  postNets,
  reverse,
  voidHold,
  voidHolds,
  type Posting as LedgerPosting,
  type Verdict,
} from '../../ledger/index.ts';
import { inTransaction, type Pool } from '../../ops/postgres.ts';
import { leg } from '../ledger/aLedger.ts';
import type { TestDatabase } from '../support/postgres.ts';
import { PLAYERS, type Wave } from './arbitraries.ts';
import type { Answer, Batch, Capture, Hold, HousePosting, Net, Operation, Posting } from './operation.ts';

const EXPIRIES = { never: {}, 'long ago': at('2020-01-01'), 'one day': at('2100-01-01') };
const LOCK_PLAYERS = 'select from ledger.accounts where owner = any ($1::text[]) for update';

/** The real ledger, as the model speaks of it. Players and ids of one history, which shares a database and nothing else. */
export class World {
  /** How many operations it was asked for; a batch counts for all that is in it. */
  asked = 0;
  readonly #pool: Pool;
  readonly #owner: Pool;
  readonly #number: number;
  readonly #poster: ReturnType<typeof createPoster>;

  constructor({ pool, owner }: Pick<TestDatabase, 'pool' | 'owner'>, number: number) {
    this.#pool = pool;
    this.#owner = owner;
    this.#number = number;
    this.#poster = createPoster(pool);
  }

  async open(players: readonly number[], cash = 0n): Promise<void> {
    for (const player of players) {
      await openPlayer(this.#pool, this.#player(player), 'SEK');
      const deposit = { kind: 'deposit', id: 1_000_000 + player, player, amount: cash } as const;
      if (cash > 0n) await post(this.#pool, this.#posting(deposit));
    }
  }

  async askAtOnce({ operations, heldBack }: Wave): Promise<Answer[]> {
    const ask = () => Promise.allSettled(operations.map((asked) => this.#ask(asked)));
    let answers: ReturnType<typeof ask> | undefined;
    if (heldBack)
      await inTransaction(this.#owner, async (door) => {
        await door.query(LOCK_PLAYERS, [this.#players()]);
        answers = ask();
        await sleep(3);
      });
    return (await (answers ?? ask())).map((settled) => {
      if (settled.status === 'rejected') throw settled.reason;
      return settled.value;
    });
  }

  async #ask(operation: Operation): Promise<Answer> {
    this.asked += 'of' in operation ? operation.of.length : 1;
    try {
      return await this.#send(operation);
    } catch (error) {
      const { constraint } = error as { constraint?: string };
      if (constraint === undefined) throw error;
      return constraint;
    }
  }

  async balances(): Promise<Record<string, bigint>> {
    const { rows } = await this.#pool.query<{ account: string; posted: bigint }>(
      `select case kind when 'player_cash' then 'cash' when 'player_held' then 'held' else 'debt' end || ':' || (array_position($1::text[], owner) - 1) as account,
              posted from ledger.accounts where is_player and owner = any ($1::text[])`,
      [this.#players()],
    );
    return Object.fromEntries(rows.map(({ account, posted }) => [account, posted]));
  }

  async #send(asked: Operation): Promise<Answer> {
    switch (asked.kind) {
      case 'deposit':
      case 'stake':
      case 'unbalanced':
      case 'house':
        // Some alone and some in batches, their duplicates too: both must be one ledger.
        return this.asked % 3 === 0
          ? answerOf(await post(this.#pool, this.#posting(asked)))
          : answerOf(await this.#poster.ask(this.#posting(asked)));
      case 'win':
      case 'clawBack':
        return answerOf((await postNet(this.#pool, this.#net(asked))).verdict);
      case 'hold':
        return answerOf(await placeHold(this.#pool, this.#hold(asked)));
      case 'capture':
        return answerOf(await captureHold(this.#pool, this.#capture(asked)));
      case 'void':
        return answerOf(await voidHold(this.#pool, this.#deed(asked.hold)));
      case 'expire':
        return answerOf(await expireHold(this.#pool, this.#deed(asked.hold)));
      case 'reverse': {
        const transferId = this.#id(asked.transfer);
        return answerOf(await reverse(this.#pool, { ...this.#deed(asked.id), transferId, ...taken(asked) }));
      }
      case 'postings':
      case 'nets':
      case 'captures':
      case 'voids':
        return (await this.#sendAll(asked)).map(answerOf).join(', ');
      case 'open':
        await this.open([asked.player]);
        return 'opened';
    }
  }

  async #sendAll(asked: Batch): Promise<Verdict[]> {
    switch (asked.kind) {
      case 'postings':
        return await postAll(
          this.#pool,
          asked.of.map((one) => this.#posting(one)),
        );
      case 'nets':
        return (
          await postNets(
            this.#pool,
            asked.of.map((one) => this.#net(one)),
          )
        ).map(({ verdict }) => verdict);
      case 'captures':
        return await captureHolds(
          this.#pool,
          asked.of.map((one) => this.#capture(one)),
        );
      case 'voids':
        return await voidHolds(
          this.#pool,
          asked.of.map(({ hold }) => this.#deed(hold)),
        );
    }
  }

  #posting(asked: Posting | HousePosting): LedgerPosting {
    if (asked.kind === 'house') {
      const legs = [
        leg('house_gaming', 'house', -asked.amount),
        leg('provider_clearing', 'nordpay', asked.amount),
      ];
      return { ...this.#deed(asked.id), legs };
    }
    const { kind, id, player, amount } = asked;
    const sign = kind === 'stake' ? -1n : 1n;
    const other = -sign * amount - (kind === 'unbalanced' ? 1n : 0n);
    const legs = [
      leg('player_cash', this.#player(player), sign * amount),
      kind === 'stake' ? leg('stakes_in_play', 'house', other) : leg('provider_clearing', 'nordpay', other),
    ];
    return { ...this.#deed(id), legs };
  }

  #net({ kind, id, player, amount }: Net) {
    const net = kind === 'win' ? amount : -amount;
    const house = [leg('house_gaming', 'house', -net)];
    return { ...this.#deed(id), playerId: this.#player(player), currency: 'SEK', net, house, repay: true };
  }

  #hold({ id, player, amount, expires }: Hold) {
    const playerId = this.#player(player);
    return { ...this.#deed(id), playerId, currency: 'SEK', amount, ...EXPIRIES[expires] };
  }

  #capture({ id, hold, amount, release }: Capture) {
    const to = { kind: 'payouts_in_flight', owner: 'nordpay' };
    return { ...this.#deed(id), holdId: this.#id(hold), to, release, ...taken({ amount }) };
  }

  #deed(id: number) {
    const businessId = `history/${String(this.#number)}`;
    return { id: this.#id(id), code: 'adjustment', businessId, happenedAt: new Date() };
  }

  #players(): string[] {
    return PLAYERS.map((index) => this.#player(index));
  }

  #player(index: number): string {
    return `p-${String(this.#number)}-${String(index)}`;
  }

  #id(index: number): string {
    return `00000000-0000-0000-${this.#number.toString(16).padStart(4, '0')}-${index.toString(16).padStart(12, '0')}`;
  }
}

/** Without an amount it is all that is left. */
const taken = ({ amount }: { readonly amount: bigint | null }) => (amount === null ? {} : { amount });

function at(day: string): { expiresAt: Date } {
  return { expiresAt: new Date(day) };
}

function answerOf(verdict: Verdict): Answer {
  const answer = verdict.outcome === 'refused' ? verdict.code : `applied ${String(verdict.balance)}`;
  return verdict.replayed ? `replayed ${answer}` : answer;
}
