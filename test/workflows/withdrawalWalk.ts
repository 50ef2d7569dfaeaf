import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ProviderAnswer } from '../../contract/payments.ts';
import {
  isFinal,
  WITHDRAWAL,
  type WithdrawalEvent,
  type WithdrawalState,
} from '../../contract/states/withdrawal.ts';
import { fresh, type Cashier } from './cashier.ts';
import { tell } from './word.ts';

const START = 500_000;
const ANSWERS: Readonly<Partial<Record<WithdrawalEvent, ProviderAnswer>>> = {
  accepted: { outcome: 'accepted', providerReference: 'x' },
  refused: { outcome: 'refused', reason: 'account_closed' },
  unknown: { outcome: 'unknown', reason: 'silence' },
};
/** What happens by itself while a withdrawal is held. */
const OWN: readonly WithdrawalEvent[] = [
  'checks_passed',
  'review_needed',
  'approval_needed',
  'refused_try_next',
];
const WAY_OUT: Readonly<Partial<Record<WithdrawalState, WithdrawalEvent>>> = {
  ...{
    in_review: 'cancel',
    on_hold: 'cancel',
    awaiting_approval: 'cancel',
    needs_attention: 'cancel',
    returned: 'cancel',
  },
  ...{ submitting: 'refused', submitted: 'refused', unknown: 'refused', paid_after_write_off: 'mark-paid' },
  ...{ awaiting_mark_paid: 'reject', awaiting_declare_unpaid: 'reject' },
};

interface Books {
  readonly state: WithdrawalState;
  readonly steps: number;
  readonly attempts: readonly string[];
}

/** A withdrawal whose provider, checks and people are the walk's; the saga, the API and the books are real. */
export class Walk {
  readonly id = fresh('wd');
  readonly start = START;
  readonly amount: number;
  readonly player: string;
  /** Attempts that were sent while an earlier one might still be paid. */
  readonly sentTooEarly: number[] = [];
  readonly #path: string[] = [];
  readonly #desk: Cashier;
  readonly #chance: (below: number) => number;
  /** By attempt: the provider has the player's money paid out. */
  readonly #out = new Set<number>();
  #byHand = 0;
  #over = false;
  /** The attempt whose provider waits for an answer. */
  #asked = 0;
  #answer: (answer: ProviderAnswer) => void = () => undefined;

  constructor(desk: Cashier, player: string, chance: (below: number) => number) {
    this.#desk = desk;
    this.player = player;
    this.#chance = chance;
    this.amount = chance(2) === 0 ? 10_000 : 150_000;
  }

  get story(): string {
    return `${this.id} of ${String(this.amount)}: ${this.#path.join(', ')}`;
  }

  get timesPaid(): number {
    return this.#out.size + this.#byHand;
  }

  async open(): Promise<void> {
    const reviewed = this.#chance(3) === 0;
    this.#desk.meddle(this.id, async (step, _attempt, run) => {
      if (step === 'reviewWithdrawal') return reviewed ? 'velocity' : null;
      if (step === 'askPayout') throw new Error('silence');
      if (step !== 'submitPayout') return await run();
      const { attempts } = await this.#books();
      if (
        attempts
          .slice(0, -1)
          .some((status) => ['submitting', 'submitted', 'unknown', 'paid'].includes(status))
      )
        this.sentTooEarly.push(attempts.length);
      if (this.#over) throw new Error('the walk is over');
      return await new Promise((resolve) => {
        [this.#asked, this.#answer] = [attempts.length, resolve];
      });
    });
    await this.#desk.withdraw(this.player, 'SIM-PAID', { withdrawalId: this.id, amount: this.amount });
  }

  async state(): Promise<WithdrawalState> {
    return (await this.#books()).state;
  }

  /** Makes one of the events happen that fit; answers false where none does. */
  async step(): Promise<boolean> {
    const books = await this.#settled();
    const events = Object.keys(WITHDRAWAL[books.state].on) as WithdrawalEvent[];
    const able = events.filter((event) => !OWN.includes(event) && this.#canBe(event, books));
    const event = able[this.#chance(able.length)];
    if (event !== undefined) await this.#make(event, books);
    return event !== undefined;
  }

  /** However it ended: nobody waits for an answer any more. */
  letGo(): void {
    this.#over = true;
    this.#answer({ outcome: 'unknown', reason: 'the walk is over' });
  }

  async end(): Promise<void> {
    for (;;) {
      const books = await this.#settled();
      if (isFinal(books.state)) return;
      const event = WAY_OUT[books.state];
      assert.ok(event !== undefined, `no way out of ${books.state}: ${this.story}`);
      await this.#make(event, books);
    }
  }

  #canBe(event: WithdrawalEvent, { state, attempts }: Books): boolean {
    const above = this.amount > 100_000;
    // Whatever comes of an attempt that is being sent: its answer goes first. What else comes in is in withdrawalRaces.test.ts.
    if (state === 'submitting') return event in ANSWERS;
    if (event === 'ask_mark_paid') return above;
    // Where finance has it, the last attempt is known to be unpaid.
    if (event === 'ask_declare_unpaid') return above && state !== 'needs_attention';
    if (event === 'declare-unpaid') return !above && state !== 'needs_attention';
    if (event === 'mark-paid') return !above || state === 'paid_after_write_off';
    if (event === 'returned') return attempts.includes('paid');
    if (state === 'returned' && event.startsWith('retry')) return !this.#path.includes('written_off_paid');
    if (event === 'written_off_paid') return givenUp(attempts) > 0;
    if (event === 'paid' && ['needs_attention', 'awaiting_mark_paid'].includes(state))
      return attempts.length > 0;
    return true;
  }

  async #make(event: WithdrawalEvent, books: Books): Promise<void> {
    const { state, attempts, steps } = books;
    this.#path.push(event);
    const latest = attempts.length;
    const open = ['submitting', 'submitted', 'unknown'].includes(attempts.at(-1) ?? '');
    const answer = state === 'submitting' ? ANSWERS[event] : undefined;
    if (answer !== undefined) {
      while (this.#asked < latest) await sleep(10);
      this.#answer(answer);
    } else if (event === 'paid') {
      await this.#say(latest, 'paid');
      this.#out.add(latest);
    } else if (event === 'written_off_paid') {
      await this.#say(givenUp(attempts), 'paid');
      this.#out.add(givenUp(attempts));
    } else if (event === 'returned') {
      const back = attempts.lastIndexOf('paid') + 1;
      await this.#say(back, 'returned');
      this.#out.delete(back);
    } else if (event === 'refused' || event === 'accepted') {
      await this.#say(latest, event === 'refused' ? 'refused' : 'pending');
    } else {
      await this.#press(event, state);
      const paidByHand =
        (event === 'mark-paid' && state !== 'paid_after_write_off') ||
        (event === 'approve' && state === 'awaiting_mark_paid');
      if (paidByHand && open) this.#out.add(latest);
      else if (paidByHand) this.#byHand += 1;
    }
    await this.#until(({ steps: now }) => now > steps);
  }

  async #press(event: WithdrawalEvent, state: WithdrawalState): Promise<void> {
    const action = event.replace('retry_new_destination', 'retry').replace(/^ask_/, '').replaceAll('_', '-');
    const who =
      state.startsWith('awaiting') && ['approve', 'reject'].includes(action) ? 'approver' : 'finance';
    const more = {
      ...(action === 'mark-paid' && { externalReference: 'bank-1' }),
      ...(action === 'declare-unpaid' && { evidence: 'their e-mail' }),
      ...(event === 'retry_new_destination' && { destination: { type: 'bank', account: 'SIM-PAID' } }),
    };
    const { status, body } = await this.#desk.act(this.id, action, who, more);
    assert.equal(status, 200, `${JSON.stringify(body)}: ${this.story}`);
  }

  #say(attempt: number, state: 'pending' | 'paid' | 'refused' | 'returned'): Promise<void> {
    return tell(this.#desk, this.id, attempt, state, this.amount);
  }

  #settled = (): Promise<Books> => this.#until(({ state }) => state !== 'held');

  async #until(so: (books: Books) => boolean): Promise<Books> {
    for (const deadline = Date.now() + 20_000; ;) {
      const books = await this.#books();
      if (so(books)) return books;
      assert.ok(Date.now() < deadline, `it stays ${books.state}: ${this.story}`);
      await sleep(20);
    }
  }

  async #books(): Promise<Books> {
    const { rows } = await this.#desk.db.owner.query<Books>(
      `select state, (select count(*)::int from payments.events e where e.kind = 'withdrawal' and e.id = withdrawal_id) as steps,
              array(select a.status from payments.attempts a where a.withdrawal_id = w.withdrawal_id order by attempt) as attempts
         from payments.withdrawals w where withdrawal_id = $1`,
      [this.id],
    );
    const [books] = rows;
    assert.ok(books !== undefined);
    return books;
  }
}

/** The last attempt that nobody waits for any more; 0 where there is none. */
const givenUp = (attempts: readonly string[]) =>
  attempts.findLastIndex((status) => ['refused', 'declared_unpaid'].includes(status)) + 1;

export async function aWalk(desk: Cashier, chance: (below: number) => number): Promise<Walk> {
  const walk = new Walk(desk, await desk.player({ cash: START }), chance);
  await walk.open();
  return walk;
}
