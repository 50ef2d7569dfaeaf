import { proxyLocalActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import {
  attemptKey,
  type ProviderNews,
  type Stepped,
  type Terms,
  type WithdrawalInput,
} from '../contract/payments.ts';
import {
  nextState,
  WITHDRAWAL,
  type WithdrawalEvent,
  type WithdrawalState,
} from '../contract/states/withdrawal.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

type AttemptStatus = 'open' | 'refused' | 'declared_unpaid' | 'paid';

export interface Step {
  readonly by: string;
  readonly reason: string | null;
  /** The attempt it is about; the present one where it does not say. */
  readonly attempt?: number;
  /** The provider of the attempt that the step opens. */
  readonly nextProvider?: string;
  readonly facts?: object;
}

/** Where a withdrawal stands, as the saga knows it; every change goes through the table of states and into our books. */
export class WithdrawalRecord {
  state: WithdrawalState = 'held';
  before: WithdrawalState | undefined;
  attempt = 0;
  provider = '';
  reviewed = false;
  /** Paid twice: all that is left is to acknowledge it. */
  writtenOff = false;
  /** When the present state began: data of our books, so the same on every replay. */
  since = '';
  destination: WithdrawalInput['destination'];
  /** The same sentence that the Web UI shows as current details. */
  story = '';
  /** The keys of all attempts, with their numbers. */
  readonly keys = new Map<string, number>();
  readonly #attempts = new Map<number, AttemptStatus>();
  readonly #tried = new Set<string>();
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

  resumed(terms: Terms, stands: { nextSeq: number; state: string; provider: string; attempt: number }): void {
    this.#terms = terms;
    this.#seq = stands.nextSeq - 1;
    this.state = stands.state as WithdrawalState;
    this.attempt = stands.attempt;
    this.provider = stands.provider;
    for (let attempt = 1; attempt <= stands.attempt; attempt += 1)
      this.keys.set(attemptKey(this.#input.withdrawalId, attempt), attempt);
  }

  /** What a late word means for a withdrawal that had ended, or undefined where it is no news. */
  meaningOf(news: ProviderNews, attemptStatus: string | null): WithdrawalEvent | undefined {
    if (news.state === 'returned') return this.fits('returned') ? 'returned' : undefined;
    if (news.state === 'paid' && attemptStatus !== 'paid' && this.fits('written_off_paid'))
      return 'written_off_paid';
    return undefined;
  }

  /** An attempt that was given up, and that its provider says it paid. */
  paidTwice(news: readonly ProviderNews[]): number | undefined {
    const late = news.find(
      ({ state, key }) =>
        state === 'paid' && this.keys.has(key) && this.#attempts.get(this.keys.get(key) ?? 0) !== 'paid',
    );
    return late === undefined ? undefined : this.keys.get(late.key);
  }

  /** The last attempt is known not to have been paid, or there was none. */
  get provenUnpaid(): boolean {
    const status = this.#attempts.get(this.attempt);
    return status === undefined || status === 'refused' || status === 'declared_unpaid';
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
    return this.#terms?.providers.find((name) => !this.#tried.has(name));
  }

  /** Writes an event down with its money, in one transaction, and takes on the state that the table gives. */
  async step(
    event: WithdrawalEvent,
    { by, reason, attempt = this.attempt, nextProvider, facts }: Step,
  ): Promise<Stepped> {
    const to = nextState(this.state, event, this.before);
    if (to === undefined) throw new Error(`${event} does not fit ${this.state}`);
    this.#seq += 1;
    // Back to a payout that is under way, for a declare-unpaid was rejected: its attempt goes on, none is opened.
    const opens = to === 'submitting' && event !== 'reject';
    const next = opens ? this.#open(nextProvider ?? this.#terms?.providers[0] ?? 'none') : undefined;
    const stepped = await books(`${event.replaceAll('_', ' ')}: ${this.state} → ${to}`).stepWithdrawal({
      withdrawalId: this.#input.withdrawalId,
      seq: this.#seq,
      event,
      to,
      by,
      reason,
      attempt,
      provider: this.provider,
      facts: { ...facts, ...next },
    });
    if (stepped.refused !== null) return stepped;
    this.#closeAttempt(attempt, event);
    if (next !== undefined) {
      this.attempt = next.nextAttempt;
      this.provider = next.nextProvider;
      this.#tried.add(next.nextProvider);
      this.keys.set(next.nextKey, next.nextAttempt);
      this.#attempts.set(next.nextAttempt, 'open');
    }
    if (['on_hold', 'awaiting_mark_paid', 'awaiting_declare_unpaid'].includes(to)) this.before = this.state;
    if (event === 'release' && this.state === 'in_review') this.reviewed = true;
    this.writtenOff = event === 'written_off_paid';
    this.state = to;
    this.since = stepped.at;
    this.#tell(reason);
    this.#mark(to, reason);
    return stepped;
  }

  #open(nextProvider: string) {
    const nextAttempt = this.attempt + 1;
    return { nextAttempt, nextProvider, nextKey: attemptKey(this.#input.withdrawalId, nextAttempt) };
  }

  #closeAttempt(attempt: number, event: WithdrawalEvent): void {
    if (event === 'refused' || event === 'refused_try_next') this.#attempts.set(attempt, 'refused');
    if (event === 'declare-unpaid' || (event === 'approve' && this.state === 'awaiting_declare_unpaid'))
      this.#attempts.set(attempt, 'declared_unpaid');
    if (event === 'paid' || event === 'written_off_paid') this.#attempts.set(attempt, 'paid');
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
    const tries = this.attempt > 0 ? ` (attempt ${String(this.attempt)})` : '';
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
    ];
    upsertSearchAttributes([
      { key: SEARCH.stage, value: to },
      { key: SEARCH.provider, value: this.provider },
      { key: SEARCH.needsAttention, value: stops.includes(to) },
      { key: SEARCH.reason, value: reason },
    ]);
  }
}
