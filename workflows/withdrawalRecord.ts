import { proxyLocalActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import {
  attemptKey,
  type Resumed,
  type Stepped,
  type StepOutcome,
  type Terms,
  type WithdrawalInput,
} from '../contract/payments.ts';
import {
  isAction,
  nextState,
  WITHDRAWAL,
  type WithdrawalEvent,
  type WithdrawalState,
} from '../contract/states/withdrawal.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';
import { Attempts } from './withdrawalAttempts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

export interface Step {
  readonly by: string;
  readonly reason: string | null;
  /** The attempt it is about; the present one where it does not say. */
  readonly attempt?: number;
  /** The provider of the attempt that the step opens. */
  readonly nextProvider?: string;
  readonly facts?: Readonly<Record<string, unknown>>;
}

/** Where a withdrawal stands, as the saga knows it; every change goes through the table of states and into our books. */
export class WithdrawalRecord {
  state: WithdrawalState = 'held';
  before: WithdrawalState | undefined;
  provider = '';
  reviewed = false;
  /** When the present state began: data of our books, so the same on every replay. */
  since = '';
  destination: WithdrawalInput['destination'];
  /** The person who acted last. */
  lastActor: string | undefined;
  /** The same sentence that the Web UI shows as current details. */
  story = '';
  readonly attempts = new Attempts();
  #seq = 0;
  #terms: Terms | undefined;
  readonly #input: WithdrawalInput;
  readonly #words: string;

  constructor(input: WithdrawalInput) {
    this.#input = input;
    this.destination = input.destination;
    this.#words = `Withdrawal of ${format(input.money)} for player ${input.playerId}`;
  }

  opened(terms: Terms, at: string): void {
    this.#terms = terms;
    this.since = at;
    this.#tell(null);
  }

  refusedAtOnce(code: string): void {
    this.state = 'refused_at_once';
    this.#tell(code);
  }

  resumed(terms: Terms, stands: Resumed): void {
    const { nextSeq, state, provider } = stands;
    this.#terms = terms;
    this.#seq = nextSeq - 1;
    this.state = state;
    this.provider = provider;
    this.attempts.resumed(stands);
  }

  fits(event: WithdrawalEvent): boolean {
    return nextState(this.state, event, this.before) !== undefined;
  }

  get overdueAfterMs(): number {
    return this.#terms?.overdueAfterMs ?? 0;
  }

  get needsApproval(): boolean {
    return this.#terms?.needsApproval ?? false;
  }

  /** The next provider in the configured order that was not tried yet. */
  get untried(): string | undefined {
    return this.#terms?.providers.find((name) => !this.attempts.hasTried(name));
  }

  /** It waits for its provider for too long. */
  overdue(): void {
    upsertSearchAttributes([
      { key: SEARCH.stage, value: this.state },
      { key: SEARCH.provider, value: this.provider },
      { key: SEARCH.needsAttention, value: true },
      { key: SEARCH.reason, value: 'overdue' },
    ]);
    setCurrentDetails(`${this.story} The provider is overdue: docs/runbooks/payout-stuck.md.`);
  }

  /** Writes an event down with its money, in one transaction, and takes on the state that the table gives. */
  async step(
    event: WithdrawalEvent,
    { by, reason, attempt = this.attempts.latest, nextProvider, facts }: Step,
  ): Promise<StepOutcome> {
    const to = nextState(this.state, event, this.before);
    if (to === undefined) throw new Error(`${event} does not fit ${this.state}`);
    this.#seq += 1;
    // Back to a payout that is under way, for a declare-unpaid was rejected: its attempt goes on, none is opened.
    const opens = to === 'submitting' && event !== 'reject';
    const next = opens ? this.#open(nextProvider ?? this.#terms?.providers[0] ?? 'none') : undefined;
    const written = await books(`${event.replaceAll('_', ' ')}: ${this.state} → ${to}`).stepWithdrawal({
      withdrawalId: this.#input.withdrawalId,
      seq: this.#seq,
      event,
      to,
      by,
      reason,
      attempt,
      provider: this.attempts.providerOf(attempt) ?? this.provider,
      facts: { ...facts, ...next },
    });
    if (written.refused === null) this.#takeOn(written);
    const asked = written.event === event && written.by === by && (written.facts.attempt ?? 0) === attempt;
    if (!asked || written.facts.idempotencyKey !== facts?.['idempotencyKey']) return { outcome: 'overtaken' };
    return written.refused === null ? { outcome: 'done' } : { outcome: 'refused', code: written.refused };
  }

  /** What our books have is where the saga is. */
  #takeOn(step: Stepped<WithdrawalEvent>): void {
    const { event, by, at, facts } = step;
    const to = nextState(this.state, event, this.before);
    if (to === undefined) throw new Error(`our books have ${event}, which does not fit ${this.state}`);
    this.attempts.takeOn(event, this.state, step);
    this.provider = facts.nextProvider ?? this.provider;
    this.destination = facts.destination ?? this.destination;
    if (['on_hold', 'awaiting_mark_paid', 'awaiting_declare_unpaid'].includes(to)) this.before = this.state;
    if (event === 'release' && this.state === 'in_review') this.reviewed = true;
    if (isAction(event)) this.lastActor = by;
    this.state = to;
    this.since = at;
    const { reason = null } = facts;
    this.#tell(reason);
    // A person's words may name somebody, and a search attribute is read by all.
    this.#mark(to, isAction(event) ? event : reason);
  }

  #open(nextProvider: string) {
    const nextAttempt = this.attempts.latest + 1;
    return { nextAttempt, nextProvider, nextKey: attemptKey(this.#input.withdrawalId, nextAttempt) };
  }

  /** What support reads in the Temporal Web UI: what it waits for, since when. */
  #tell(reason: string | null): void {
    const who = ['submitting', 'submitted', 'unknown'].includes(this.state)
      ? this.provider
      : WITHDRAWAL[this.state].waitsFor;
    const waits =
      who === 'nothing'
        ? this.state.replaceAll('_', ' ')
        : `waiting for ${who} since ${this.since.slice(11, 16)} UTC`;
    const { latest } = this.attempts;
    const tries = latest > 0 ? ` (attempt ${String(latest)})` : '';
    this.story = `${this.#words}: ${waits}${tries}${reason === null ? '' : `. Reason: ${reason}`}.`;
    setCurrentDetails(this.story);
  }

  /** Search attributes cost an event each time, so the usual path sets them only where it stays. */
  #mark(to: WithdrawalState, reason: string | null): void {
    if (to === 'submitting' || to === 'held') return;
    const stops = [
      'needs_attention',
      'in_review',
      'awaiting_approval',
      'awaiting_mark_paid',
      'awaiting_declare_unpaid',
      'returned',
      'paid_after_write_off',
    ];
    upsertSearchAttributes([
      { key: SEARCH.stage, value: to },
      { key: SEARCH.provider, value: this.provider },
      { key: SEARCH.needsAttention, value: stops.includes(to) },
      { key: SEARCH.reason, value: reason },
    ]);
  }
}
