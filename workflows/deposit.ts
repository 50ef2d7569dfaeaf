import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  isCancellation,
  proxyActivities,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import {
  PAYMENT_ANSWER,
  PROVIDER_NEWS,
  type DepositInput,
  type DepositStep,
  type Opened,
  type ProviderNews,
  type Stepped,
  type Terms,
} from '../contract/payments.ts';
import { DEPOSIT, type DepositEvent, type DepositState } from '../contract/states/deposit.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS, PROVIDER } from './timeouts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

/** Answered once the provider has taken the request, or it was refused: our own books tell which. */
const answer = defineUpdate(PAYMENT_ANSWER);
const providerNews = defineSignal<[ProviderNews]>(PROVIDER_NEWS);

/** Reserve → create the payment at the provider → wait for webhook, answer or expiry → credit. docs/payments.md. */
export async function deposit(input: DepositInput): Promise<string> {
  const saga = new DepositSaga(input);
  // A person who cancels it in the Web UI changes nothing: the money may be on its way.
  await CancellationScope.nonCancellable(() => saga.run());
  return saga.story;
}

class DepositSaga {
  #state: DepositState = 'pending';
  #seq = 0;
  #answered = false;
  /** The same sentence that the Web UI shows as current details. */
  story = '';
  #provider = '';
  readonly #news: ProviderNews[] = [];
  readonly #input: DepositInput;
  readonly #words: string;

  constructor(input: DepositInput) {
    this.#input = input;
    this.#words = `Deposit of ${format(input.money)} for player ${input.playerId}`;
    setHandler(answer, async () => {
      await condition(() => this.#answered);
    });
    setHandler(providerNews, (news) => {
      this.#news.push(news);
    });
  }

  async run(): Promise<void> {
    if (this.#input.late !== undefined) {
      await this.#takeUp(this.#input.late);
      return;
    }
    const opened: Opened = await books('write the deposit down').openDeposit(this.#input);
    if (opened.outcome === 'opened') {
      await this.#pay(opened.terms, opened.openedAt);
    } else {
      this.#tell(`${this.#words}: refused, ${opened.code}.`);
    }
    this.#answered = true;
    // Parked where it cannot go on: open, so that support sees it waiting.
    await condition(() => this.#state !== 'needs_attention');
    await condition(allHandlersFinished);
  }

  async #pay(terms: Terms, openedAt: string): Promise<void> {
    this.#provider = terms.providers[0] ?? 'none';
    const expiry = expiresAt(openedAt, this.#input.expiresInMs);
    this.#tell(`${this.#words}: asking ${this.#provider} to take it.`);
    const { createPayment } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      summary: `ask ${this.#provider} to take ${format(this.#input.money)}`,
    });
    const asked = await createPayment(this.#input, this.#provider, expiry);
    if (asked.outcome === 'refused') {
      await this.#step('declined', { reason: asked.reason });
      return;
    }
    if (asked.outcome === 'accepted') {
      await this.#step('taken', {
        providerReference: asked.providerReference,
        ...(asked.redirectUrl === undefined ? {} : { redirectUrl: asked.redirectUrl }),
      });
      this.#answered = true;
    }
    this.#tell(`${this.#words}: waiting for the player at ${this.#provider}.`);
    await this.#settle(terms);
  }

  /** Webhook, our own question, expiry: whichever comes first leads to the same step. */
  async #settle(terms: Terms): Promise<void> {
    const asking = new CancellationScope();
    const final = () => this.#news.find(({ state }) => state !== 'pending');
    const poll = asking.run(async () => {
      await condition(() => final() !== undefined, terms.askFirstAfterMs, {
        summary: `wait for ${this.#provider} to notify`,
      });
      if (final() !== undefined) return;
      if (!this.#answered) this.#news.push(await this.#ask(terms, 'taken'));
      const taken = this.#news.find(({ state }) => state === 'pending');
      if (!this.#answered && taken !== undefined)
        await this.#step('taken', { providerReference: taken.providerReference });
      this.#answered = true;
      if (final() === undefined) this.#news.push(await this.#ask(terms, 'final'));
    });
    poll.catch((error: unknown) => {
      if (!isCancellation(error)) throw error;
    });
    await condition(() => final() !== undefined, this.#input.expiresInMs, { summary: 'the deposit expires' });
    asking.cancel();
    const news = final();
    if (news === undefined) await this.#expire();
    else await this.#conclude(news);
  }

  #ask(terms: Terms, until: 'taken' | 'final'): Promise<ProviderNews> {
    const { askDeposit } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      retry: {
        initialInterval: terms.askFirstAfterMs,
        backoffCoefficient: 2,
        maximumInterval: terms.askAtMostEveryMs,
      },
      cancellationType: 'ABANDON',
      summary: `ask ${this.#provider} what became of the payment`,
    });
    return askDeposit(this.#input.depositId, this.#provider, until);
  }

  /** The player never finished. The provider is told to forget it; money that comes all the same is credited later. */
  async #expire(): Promise<void> {
    await this.#step('expired', { reason: 'nobody finished it in time' });
    const { cancelPayment } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      summary: `tell ${this.#provider} to forget the payment`,
    });
    await cancelPayment(this.#input.depositId, this.#provider);
    const late = this.#news.find(({ state }) => state === 'captured');
    if (late !== undefined) await this.#conclude(late);
  }

  async #conclude(news: ProviderNews): Promise<void> {
    const { providerReference, reason } = news;
    const { minor, currency } = this.#input.money;
    if (news.state === 'declined') {
      await this.#step('declined', { providerReference, reason: reason ?? 'declined' });
    } else if (news.money.minor !== minor || news.money.currency !== currency) {
      await this.#step('credit_refused', {
        providerReference,
        reason: `captured ${format(news.money)} instead of ${format(this.#input.money)}`,
      });
    } else {
      const { refused } = await this.#step('captured', { providerReference });
      if (refused !== null) await this.#step('credit_refused', { reason: refused });
      else if (this.#news.some(({ state }) => state === 'charged_back') || news.state === 'charged_back')
        await this.#step('charged_back', {});
    }
  }

  /** Money that came, or was charged back, after the deposit's own saga had ended. */
  async #takeUp(news: ProviderNews): Promise<void> {
    const { nextSeq, state, provider } = await books('take up the deposit again').resumeDeposit(
      this.#input.depositId,
    );
    this.#seq = nextSeq;
    this.#state = state as DepositState;
    this.#provider = provider;
    if (news.state === 'charged_back') {
      if (DEPOSIT[this.#state].on.captured !== undefined) await this.#conclude(news);
      else await this.#step('charged_back', { reason: news.reason });
    } else if (DEPOSIT[this.#state].on.captured !== undefined) {
      await this.#conclude(news);
    }
  }

  #tell(story: string): void {
    this.story = story;
    setCurrentDetails(story);
  }

  /** Writes a step that the table of states allows, with its money; what the table does not know is left alone. */
  async #step(
    event: DepositEvent,
    more: Pick<DepositStep, 'providerReference' | 'redirectUrl' | 'reason'>,
  ): Promise<Stepped> {
    const to = DEPOSIT[this.#state].on[event];
    if (to === undefined) return { at: '', refused: null };
    this.#seq += 1;
    const { depositId } = this.#input;
    const stepped = await books(`${event.replaceAll('_', ' ')}: ${this.#state} → ${to}`).stepDeposit({
      depositId,
      seq: this.#seq,
      event,
      to,
      provider: this.#provider,
      ...more,
    });
    if (stepped.refused !== null) return stepped;
    this.#state = to;
    this.#tell(`${this.#words}: ${to}${more.reason == null ? '' : `, ${more.reason}`}.`);
    if (to === 'needs_attention') {
      upsertSearchAttributes([
        { key: SEARCH.needsAttention, value: true },
        { key: SEARCH.stage, value: to },
        { key: SEARCH.reason, value: event },
      ]);
    } else if (to !== 'pending') {
      upsertSearchAttributes([
        { key: SEARCH.stage, value: to },
        { key: SEARCH.provider, value: this.#provider },
      ]);
    }
    return stepped;
  }
}

/** Of data, not of the clock: the same on every replay. */
const expiresAt = (openedAt: string, afterMs: number) =>
  new Date(Date.parse(openedAt) + afterMs).toISOString();
