import { randomUUID } from 'node:crypto';
import type { Behaviour, State, Step } from './behaviours.ts';
import {
  present,
  type Books,
  type Content,
  type Delivery,
  type Event,
  type Item,
  type Refund,
} from './books.ts';
import type { Clock } from './clock.ts';
import type { Webhooks } from './webhooks.ts';

/** Between the deliveries of one shuffled webhook, so that they leave in the order meant. */
const SHUFFLE_GAP_MS = 60;
const EXPIRES_AFTER_MS = 1_800_000;

interface Change {
  readonly state: State;
  readonly reason: string | null;
}

/** Moves payments and payouts through their states: by request, and by themselves when a step is due. */
export class Desk {
  readonly #provider: string;
  readonly #books: Books;
  readonly #clock: Clock;
  readonly #webhooks: Webhooks;

  constructor(provider: string, books: Books, clock: Clock, webhooks: Webhooks) {
    this.#provider = provider;
    this.#books = books;
    this.#clock = clock;
    this.#webhooks = webhooks;
  }

  /** Goes on with everything that was under way when the books were closed. */
  resume(): void {
    for (const item of this.#books.items()) void this.#runStep(item);
    for (const delivery of this.#books.undelivered()) void this.#webhooks.deliver(delivery);
  }

  /** Writes a new payment or payout down; its steps begin. */
  async open(key: string, content: Content, behaviour: Behaviour, begin: Change): Promise<Item> {
    const now = Date.now();
    const steps = behaviour.steps.map((step) => ({ ...step, delayMs: this.#clock.scaled(step.delayMs) }));
    const expiresAt =
      content.expiresAt === undefined ? now + EXPIRES_AFTER_MS : Date.parse(content.expiresAt);
    const item: Item = {
      ...content,
      id: `${this.#provider}-${content.kind === 'payment' ? 'pay' : 'out'}-${randomUUID()}`,
      key,
      history: [{ ...begin, at: new Date(now).toISOString() }],
      refundedAmount: 0,
      steps,
      dueAt: dueAfter(behaviour.late === true ? Math.max(now, expiresAt) : now, steps),
    };
    await this.#books.write({ type: 'item', item });
    void this.#runStep(item);
    return item;
  }

  /** Cancels a payment; what was still to come does not come. */
  async cancel(item: Item): Promise<Item> {
    const cancelled = moved(item, { state: 'cancelled', reason: 'cancelled_by_merchant' }, []);
    await this.#books.write({ type: 'item', item: cancelled });
    return cancelled;
  }

  /** Gives back part or all of a captured payment; once all is back, nothing more comes. */
  async refund(item: Item, key: string, amount: number): Promise<Refund> {
    const id = `${this.#provider}-ref-${randomUUID()}`;
    const refund: Refund = { id, key, paymentId: item.id, amount, createdAt: new Date().toISOString() };
    const after: Item = { ...item, refundedAmount: item.refundedAmount + amount };
    const whole = after.refundedAmount === item.amount;
    await this.#books.write({
      type: 'item',
      item: whole ? moved(after, { state: 'refunded', reason: null }, []) : after,
      refund,
    });
    return refund;
  }

  /** Sends what was sent of these once more. Answers how many webhooks that are. */
  async resend(items: readonly Item[]): Promise<number> {
    const deliveries = items
      .flatMap((item) => this.#books.eventsOf(item))
      .map(({ eventId }) => aDelivery(eventId, Date.now()));
    await this.#books.write({ type: 'deliveries', deliveries });
    for (const delivery of deliveries) void this.#webhooks.deliver(delivery);
    return deliveries.length;
  }

  /** Waits for an item's next step and takes it, unless a request has changed what is to come. */
  async #runStep({ kind, id, dueAt }: Item): Promise<void> {
    if (dueAt === null || !(await this.#clock.until(dueAt))) return;
    const item = this.#books.item(kind, id);
    const [step, ...rest] = item?.steps ?? [];
    if (item === undefined || step === undefined) return;
    const next = moved(item, step, rest);
    const events = this.#eventsOf(step, item, next);
    const deliveries = this.#deliveriesOf(step, events);
    await this.#books.write({ type: 'item', item: next, events, deliveries });
    for (const delivery of deliveries) void this.#webhooks.deliver(delivery);
    void this.#runStep(next);
  }

  #eventsOf({ webhook }: Step, before: Item, after: Item): Event[] {
    const told = webhook === 'none' ? [] : webhook === 'once' ? [after] : [after, before];
    return told.map((item) => ({ eventId: `evt_${randomUUID()}`, itemId: item.id, ...present(item) }));
  }

  #deliveriesOf({ webhook }: Step, events: readonly Event[]): Delivery[] {
    const times = webhook === 'shuffled' ? 3 : 1;
    const order = Array.from({ length: times }, () => events).flat();
    return order.map(({ eventId }, place) =>
      aDelivery(eventId, Date.now() + this.#clock.scaled(place * SHUFFLE_GAP_MS)),
    );
  }
}

const aDelivery = (eventId: string, dueAt: number): Delivery => ({
  deliveryId: randomUUID(),
  eventId,
  dueAt,
});

const dueAfter = (from: number, steps: readonly Step[]): number | null =>
  steps[0] === undefined ? null : from + steps[0].delayMs;

function moved(item: Item, { state, reason }: Change, steps: readonly Step[]): Item {
  const now = Date.now();
  return {
    ...item,
    history: [...item.history, { state, reason, at: new Date(now).toISOString() }],
    steps,
    dueAt: dueAfter(now, steps),
  };
}
