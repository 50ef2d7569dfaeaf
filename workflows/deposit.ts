import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  proxyActivities,
  proxyLocalActivities,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import {
  ACT,
  depositKey,
  PAYMENT_ANSWER,
  PROVIDER_NEWS,
  type DepositActionInput,
  type DepositInput,
  type DepositStep,
  type Opened,
  type ProviderNews,
  type Terms,
} from '../contract/payments.ts';
import { DEPOSIT, type DepositEvent } from '../contract/states/deposit.ts';
import { format } from '../money/index.ts';
import { DepositDesk } from './depositDesk.ts';
import { askUntil, forget, lookUp, sendBack } from './depositProvider.ts';
import { DepositRecord } from './depositRecord.ts';
import { OWN_BOOKS, PROVIDER } from './timeouts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

/** Answered once the provider has taken the request, or it was refused: our own books tell which. */
const answer = defineUpdate(PAYMENT_ANSWER);
const providerNews = defineSignal<[ProviderNews]>(PROVIDER_NEWS);
/** A person's action; answered once it is written down. Refused where it does not fit the state. */
const act = defineUpdate<null, [DepositActionInput]>(ACT);

/** Reserve → create the payment at the provider → wait for webhook, answer or expiry → credit. docs/payments.md. */
export async function deposit(input: DepositInput): Promise<string> {
  const record = new DepositRecord(input);
  const saga = new DepositSaga(input, record);
  // A person who cancels it in the Web UI changes nothing: the money may be on its way.
  await CancellationScope.nonCancellable(() => saga.run());
  return record.story;
}

type Taken = Pick<DepositStep, 'redirectUrl'> & { readonly providerReference: string };

class DepositSaga {
  #answered = false;
  readonly #news: ProviderNews[] = [];
  readonly #input: DepositInput;
  readonly #record: DepositRecord;
  readonly #desk: DepositDesk;
  #expired = false;

  constructor(input: DepositInput, record: DepositRecord) {
    this.#input = input;
    this.#record = record;
    this.#desk = new DepositDesk(record);
    setHandler(act, (action) => this.#desk.take(action), {
      validator: (action: DepositActionInput) => this.#desk.check(action),
    });
    setHandler(answer, async () => {
      await condition(() => this.#answered);
    });
    setHandler(providerNews, (news) => {
      if (news.key === depositKey(this.#input.depositId)) this.#news.push(news);
    });
  }

  async run(): Promise<void> {
    if (this.#input.late === undefined) await this.#begin();
    else await this.#takeUp();
    do {
      await this.#hearOut();
      // An action may come in the very last moment.
      await condition(() => this.#desk.asked || allHandlersFinished());
    } while (this.#desk.asked);
  }

  async #begin(): Promise<void> {
    const opened: Opened = await books('write the deposit down').openDeposit(this.#input);
    if (opened.outcome === 'refused') {
      this.#record.state = 'refused';
      this.#record.tell(`refused, ${opened.code}.`);
      return;
    }
    const { terms, openedAt } = opened;
    this.#record.opened(terms, openedAt);
    const expiry = expiresAt(openedAt, this.#input.expiresInMs);
    this.#record.tell(`asking ${this.#record.provider} to take it.`);
    const { createPayment } = proxyActivities<PaymentsActivities>({
      ...PROVIDER,
      summary: `ask ${this.#record.provider} to take ${format(this.#input.money)}`,
    });
    const asked = await createPayment(this.#input, this.#record.provider, expiry);
    if (asked.outcome === 'refused') {
      await this.#record.step('declined', { reason: asked.reason });
      return;
    }
    if (asked.outcome === 'accepted') await this.#taken(asked);
    const clock = this.#startClock();
    while (this.#waits()) {
      await this.#wait(terms, expiry);
      await this.#desk.actIfAsked();
    }
    clock.cancel();
    if (this.#record.state === 'pending' && this.#word() === undefined) await this.#expire(terms);
  }

  #startClock(): CancellationScope {
    const clock = new CancellationScope();
    clock
      .run(() => sleep(this.#input.expiresInMs, { summary: 'the deposit expires' }))
      .then(
        () => (this.#expired = true),
        () => undefined,
      );
    return clock;
  }

  #waits(): boolean {
    return !this.#expired && this.#record.state === 'pending' && this.#word() === undefined;
  }

  /** The provider has taken it: the caller gets its answer. */
  async #taken({ providerReference, redirectUrl }: Taken): Promise<void> {
    await this.#record.step('taken', {
      providerReference,
      ...(redirectUrl === undefined ? {} : { redirectUrl }),
    });
    this.#answered = true;
    this.#record.tell(`waiting for the player at ${this.#record.provider}.`);
  }

  /** Webhook, our own question, expiry, a person: whichever comes first. */
  async #wait(terms: Terms, expiry: string): Promise<void> {
    const over = () => !this.#waits() || this.#desk.asked;
    const summary = `wait for ${this.#record.provider} to notify`;
    await condition(over, terms.askFirstAfterMs, { summary });
    if (!over() && !this.#answered) {
      const news = await this.#ask(terms, expiry, over, 'taken');
      if (news?.state === 'pending') await this.#taken(news);
    }
    if (!over()) await this.#ask(terms, expiry, over, 'final');
    await condition(over);
  }

  /** Asks until there is an answer or it is over. */
  async #ask(
    terms: Terms,
    expiry: string,
    over: () => boolean,
    until: 'taken' | 'final',
  ): Promise<ProviderNews | undefined> {
    const news = await askUntil(this.#record, this.#input, { terms, expiry, over, until });
    if (news !== undefined) this.#news.push(news);
    return news;
  }

  /** The player never finished. The provider is told to forget it; money that comes all the same is credited. */
  async #expire(terms: Terms): Promise<void> {
    if (!(await this.#done('expired', { reason: 'nobody finished it in time' }))) return;
    // It is told until it answers; its money may be quicker.
    const said = await forget(this.#record, this.#input, terms, () => this.#word() !== undefined);
    if (said !== undefined) this.#news.push(said);
  }

  /** The provider's words and people's actions, as long as one changes anything. Where the saga cannot go on, it waits. */
  async #hearOut(): Promise<void> {
    for (;;) {
      const news = this.#word();
      if (this.#record.state === 'refunding') {
        await sendBack(this.#record, this.#input);
      } else if (news !== undefined) {
        if (await this.#conclude(news)) this.#news.splice(this.#news.indexOf(news), 1);
      } else if (this.#desk.asked) {
        await this.#actAsAsked();
      } else {
        this.#answered = true;
        if (this.#record.state !== 'needs_attention') return;
        await condition(() => this.#word() !== undefined || this.#desk.asked);
      }
    }
  }

  /** Someone who retries wants the provider asked anew: money that could not be credited may fit now. */
  async #actAsAsked(): Promise<void> {
    const acted = await this.#desk.actIfAsked();
    if (!acted || this.#record.state !== 'needs_attention') return;
    const said = await lookUp(this.#record, this.#input);
    if (said !== null) this.#news.push(said);
  }

  /** The first word that fits the state. A chargeback may overtake the capture it takes back. */
  #word(): ProviderNews | undefined {
    const { on } = DEPOSIT[this.#record.state];
    return this.#news.find(({ state }) =>
      state === 'charged_back'
        ? (on.charged_back ?? on.captured) !== undefined
        : (state === 'captured' || state === 'declined') && on[state] !== undefined,
    );
  }

  /** Answers whether the word has been dealt with; where another step was written first, it is looked at again. */
  async #conclude({ state, money, providerReference, reason, via }: ProviderNews): Promise<boolean> {
    const { on } = DEPOSIT[this.#record.state];
    if (state === 'declined') {
      return await this.#done('declined', {
        providerReference,
        reason: reason ?? 'declined',
        facts: { via },
      });
    }
    if (on.captured === undefined) return await this.#done('charged_back', { reason, facts: { via } });
    const { minor, currency } = this.#input.money;
    let objection = `captured ${format(money)} instead of ${format(this.#input.money)}`;
    if (money.minor === minor && money.currency === currency) {
      const credited = await this.#record.step('captured', { providerReference, facts: { via } });
      // A chargeback that overtook its capture has its own turn, next.
      if (credited.outcome !== 'refused') return credited.outcome === 'done' && state === 'captured';
      objection = credited.code;
    }
    // Where it waits for a person already, one more refusal is no news.
    if (on.credit_refused === undefined) return true;
    const facts = { captured: money, via };
    const parked = await this.#done('credit_refused', { providerReference, reason: objection, facts });
    // Late money that the player may not have goes back without a person.
    if (parked && objection === 'player_blocked') await this.#done('refund', { reason: objection });
    return parked;
  }

  async #done(event: DepositEvent, facts: Parameters<DepositRecord['step']>[1]): Promise<boolean> {
    return (await this.#record.step(event, facts)).outcome === 'done';
  }

  /** Money that came, or was charged back, after the deposit's own saga had ended. */
  async #takeUp(): Promise<void> {
    this.#record.resumed(await books('take up the deposit again').resumeDeposit(this.#input.depositId));
  }
}

/** Of data, not of the clock: the same on every replay. */
const expiresAt = (openedAt: string, afterMs: number) =>
  new Date(Date.parse(openedAt) + afterMs).toISOString();
