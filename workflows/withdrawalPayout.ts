import { CancellationScope, condition, proxyActivities, sleep } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import type { ProviderNews, Terms, WithdrawalInput } from '../contract/payments.ts';
import { format } from '../money/index.ts';
import { PROVIDER } from './timeouts.ts';
import type { WithdrawalDesk } from './withdrawalDesk.ts';
import type { WithdrawalEvent } from '../contract/states/withdrawal.ts';
import type { Step, WithdrawalRecord } from './withdrawalRecord.ts';

/**
 * One payout after the other, with the provider. Silence is a state, not a refusal: it frees no hold and sends
 * nothing anew, it asks again with the key of the same attempt.
 */
export class Payout {
  readonly #input: WithdrawalInput;
  readonly #record: WithdrawalRecord;
  readonly #terms: Terms;
  readonly #news: ProviderNews[];

  constructor(input: WithdrawalInput, record: WithdrawalRecord, terms: Terms, news: ProviderNews[]) {
    this.#input = input;
    this.#record = record;
    this.#terms = terms;
    this.#news = news;
  }

  async untilSomethingHappens(desk: WithdrawalDesk): Promise<void> {
    if (this.#record.state === 'submitting') await this.#submit();
    else await this.#listen(desk);
  }

  async #submit(): Promise<void> {
    const { provider, destination } = this.#record;
    const { latest: attempt, latestStartedAt: startedAt } = this.#record.attempts;
    if (this.#record.attempts.earlierPaid(this.#news)) {
      await this.#step('refused', { by: 'countroom', reason: 'earlier_attempt_paid' });
      return;
    }
    const { submitPayout } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      summary: `send ${format(this.#input.money)} by ${provider}, attempt ${String(attempt)}`,
    });
    const told = await submitPayout(this.#input, { attempt, provider, destination, startedAt });
    switch (told.outcome) {
      case 'accepted':
        await this.#step('accepted', {
          by: provider,
          reason: null,
          facts: { providerReference: told.providerReference },
        });
        break;
      case 'refused':
        await this.#refused(told.reason);
        break;
      case 'unknown':
        await this.#step('unknown', { by: provider, reason: told.reason });
    }
  }

  /** Webhook, our own question, a person's action: whichever comes first leads to the same step. */
  async #listen(desk: WithdrawalDesk): Promise<void> {
    const asking = new CancellationScope();
    const until = this.#record.state === 'unknown' ? 'taken' : 'final';
    const heard = () => this.#heard(until);
    const poll = asking.run(async () => {
      if (
        await condition(() => desk.asked || heard() !== undefined, this.#terms.askFirstAfterMs, {
          summary: `wait for ${this.#record.provider} to notify`,
        })
      )
        return;
      // Cancelled with the asking.
      void this.#overdue().catch(() => undefined);
      this.#news.push(await this.#ask(until));
    });
    // Asking fails only by being cancelled: until then it is tried on.
    const asked = poll.catch(() => undefined);
    await condition(() => desk.asked || heard() !== undefined);
    asking.cancel();
    // To ask is also to send again what the provider does not know. A person who vouches that nothing was sent, or pays
    // by hand, is acted on only when no such question is on its way any more; its answer, if there is one, goes first.
    if (heard() === undefined) await asked;
    const news = heard();
    if (news === undefined) await desk.actIfAsked();
    else await this.#conclude(news);
  }

  /** One that its provider leaves open is shown to finance, which may vouch for it. */
  async #overdue(): Promise<void> {
    const { askFirstAfterMs, overdueAfterMs } = this.#terms;
    await sleep(Math.max(overdueAfterMs - askFirstAfterMs, 1), { summary: 'the provider is overdue' });
    this.#record.overdue();
  }

  /** The first word that matters of the present attempt; an old attempt's word waits until this one has ended. */
  #heard(until: 'taken' | 'final'): ProviderNews | undefined {
    return this.#news.find(
      (word) =>
        this.#record.attempts.numberOf(word) === this.#record.attempts.latest &&
        (word.state !== 'pending' || until === 'taken'),
    );
  }

  #ask(until: 'taken' | 'final'): Promise<ProviderNews> {
    const { provider, destination } = this.#record;
    const { latest: attempt, latestStartedAt: startedAt } = this.#record.attempts;
    const { askPayout } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      // Temporal's retry does the asking again: a week of silence adds no event to the history.
      retry: {
        initialInterval: this.#terms.askFirstAfterMs,
        backoffCoefficient: 2,
        maximumInterval: this.#terms.askAtMostEveryMs,
      },
      // Not abandoned: a question left behind would go on sending an attempt that was given up.
      cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      summary: `ask ${provider} what became of attempt ${String(attempt)}`,
    });
    return askPayout(this.#input, { attempt, provider, destination, startedAt }, until);
  }

  async #conclude(news: ProviderNews): Promise<void> {
    const { provider } = this.#record;
    const { state, providerReference, reason } = news;
    const facts = { providerReference, via: news.via };
    if (state === 'pending') {
      if (this.#record.fits('accepted')) await this.#step('accepted', { by: provider, reason: null, facts });
    } else if (state === 'refused') {
      await this.#refused(reason ?? 'refused');
    } else {
      // Where `returned` overtook `paid`, it was paid first: what comes after the end has its turn then.
      await this.#step('paid', { by: provider, reason: null, facts });
    }
  }

  /** Final: park for finance, or where it is configured so, try the next provider, unless an older attempt was paid after all. */
  async #refused(reason: string): Promise<void> {
    const paid = this.#record.attempts.paidAfterAll(this.#news) !== undefined;
    const next = this.#terms.fallback === 'auto' && !paid ? this.#record.untried : undefined;
    const by = this.#record.provider;
    if (next === undefined) await this.#step('refused', { by, reason });
    else await this.#step('refused_try_next', { by, reason, nextProvider: next });
  }

  /** What a provider said always fits our books; if they refuse it there is a bug, and the task is tried until it is mended. */
  async #step(event: WithdrawalEvent, step: Step): Promise<void> {
    const stepped = await this.#record.step(event, step);
    if (stepped.outcome === 'refused') throw new Error(`our books refused ${event}: ${stepped.code}`);
  }
}
