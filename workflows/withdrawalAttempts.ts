import type { ProviderNews, Resumed, Stepped } from '../contract/payments.ts';
import type { WithdrawalEvent, WithdrawalState } from '../contract/states/withdrawal.ts';

/** `given up`: refused, or declared unpaid; nobody waits for it any more. */
type Status = 'open' | 'given up' | 'paid' | 'returned';

/** The attempts to pay a withdrawal out, each with a key of its own, and what the providers' words mean for them. */
export class Attempts {
  readonly #attempts = new Map<
    number,
    { readonly provider: string; readonly startedAt: string; status: Status }
  >();
  readonly #numbers = new Map<string, number>();
  #paidTwice = false;

  /** The number of the latest one; 0 where there is none. */
  get latest(): number {
    return this.#attempts.size;
  }

  /** The latest one is known not to have been paid, or there is none. */
  get provenUnpaid(): boolean {
    return ['given up', undefined].includes(this.#attempts.get(this.latest)?.status);
  }

  /** One that was written off was paid after all, beside another or beside money that was given back. */
  get paidTwice(): boolean {
    return this.#paidTwice;
  }

  numberOf({ key }: ProviderNews): number {
    return this.#numbers.get(key) ?? 0;
  }

  providerOf(attempt: number): string | undefined {
    return this.#attempts.get(attempt)?.provider;
  }

  /** When the latest one was opened: from then on its key is known to its provider. */
  get latestStartedAt(): string {
    return this.#attempts.get(this.latest)?.startedAt ?? '';
  }

  hasTried(provider: string): boolean {
    return [...this.#attempts.values()].some((attempt) => attempt.provider === provider);
  }

  /** A provider's word that an attempt was paid which our books do not have as paid, given up or not. */
  paidAfterAll(news: readonly ProviderNews[]): ProviderNews | undefined {
    return news.find(
      (word) => word.state === 'paid' && ['open', 'given up'].includes(this.#statusOf(word) ?? ''),
    );
  }

  /** The same of one before the latest. */
  earlierPaid(news: readonly ProviderNews[]): boolean {
    return this.paidAfterAll(news.filter((word) => this.numberOf(word) < this.latest)) !== undefined;
  }

  /** What the providers said that changes an end: money that came back, or that went out although it was written off. */
  afterthought(
    news: readonly ProviderNews[],
  ): { event: 'returned' | 'written_off_paid'; reason: string; attempt: number } | undefined {
    for (const word of news) {
      const attempt = this.numberOf(word);
      const status = this.#statusOf(word);
      if (word.state === 'returned' && status === 'paid')
        return { event: 'returned', reason: word.reason ?? 'returned', attempt };
      // What came back was paid before.
      if (['paid', 'returned'].includes(word.state) && status === 'given up')
        return { event: 'written_off_paid', reason: 'paid_after_write_off', attempt };
    }
    return undefined;
  }

  resumed({ attempts, paidTwice }: Resumed): void {
    this.#paidTwice = paidTwice;
    for (const { attempt, key, provider, status, startedAt } of attempts) {
      this.#numbers.set(key, attempt);
      const stands = status === 'paid' || status === 'returned' ? status : 'given up';
      this.#attempts.set(attempt, { provider, startedAt, status: stands });
    }
  }

  /** Takes on what a step did to the attempt it was about, and the one it opened. */
  takeOn(event: WithdrawalEvent, from: WithdrawalState, { facts, at }: Stepped<WithdrawalEvent>): void {
    const attempt = this.#attempts.get(facts.attempt ?? 0);
    if (attempt !== undefined) attempt.status = statusAfter(event, from, attempt.status);
    if (event === 'written_off_paid') this.#paidTwice = true;
    const { nextAttempt, nextProvider, nextKey } = facts;
    if (nextAttempt === undefined || nextProvider === undefined || nextKey === undefined) return;
    this.#numbers.set(nextKey, nextAttempt);
    this.#attempts.set(nextAttempt, { provider: nextProvider, startedAt: at, status: 'open' });
  }

  #statusOf(news: ProviderNews): Status | undefined {
    return this.#attempts.get(this.numberOf(news))?.status;
  }
}

function statusAfter(event: WithdrawalEvent, from: WithdrawalState, status: Status): Status {
  const approved = event === 'approve' ? from : undefined;
  if (['refused', 'refused_try_next', 'declare-unpaid'].includes(event)) return 'given up';
  if (approved === 'awaiting_declare_unpaid') return 'given up';
  if (event === 'paid' || event === 'written_off_paid') return 'paid';
  if (event === 'returned') return 'returned';
  // Marked as paid by hand: by this attempt, unless it was given up before.
  const byHand = event === 'mark-paid' || approved === 'awaiting_mark_paid';
  return byHand && status === 'open' ? 'paid' : status;
}
