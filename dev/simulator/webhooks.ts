import { createHmac } from 'node:crypto';
import type { Books, Delivery, Event, Item } from './books.ts';
import type { Clock } from './clock.ts';

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 5_000;
const GIVE_UP_AFTER_MS = 600_000;
const ANSWER_WITHIN_MS = 5_000;

export interface Receiver {
  /** Where webhooks go whose request named no other address. */
  readonly url: string;
  readonly secret: string;
}

/** Sends webhooks until the receiver has them. */
export class Webhooks {
  readonly #books: Books;
  readonly #clock: Clock;
  readonly #receiver: Receiver;

  constructor(books: Books, clock: Clock, receiver: Receiver) {
    this.#books = books;
    this.#clock = clock;
    this.#receiver = receiver;
  }

  /** Delivers, trying again while the receiver does not answer 2xx; at least once, even if it is late by a restart. */
  async deliver({ deliveryId, eventId, dueAt }: Delivery): Promise<void> {
    const event = this.#books.event(eventId);
    const item =
      event && (this.#books.item('payment', event.itemId) ?? this.#books.item('payout', event.itemId));
    if (event === undefined || item === undefined)
      throw new Error(`delivery ${deliveryId} is of an unknown event`);
    const giveUpAt = dueAt + this.#clock.scaled(GIVE_UP_AFTER_MS);
    let nextTryAt = dueAt;
    let pauseMs = FIRST_PAUSE_MS;
    while (await this.#clock.until(nextTryAt)) {
      const taken = await this.#post(item, event);
      if (this.#clock.ended.aborted) return;
      if (taken || Date.now() >= giveUpAt) {
        const outcome = taken ? 'delivered' : 'given_up';
        await this.#books.write({ type: 'delivered', deliveryId, outcome });
        return;
      }
      nextTryAt = Date.now() + this.#clock.scaled(pauseMs);
      pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS);
    }
  }

  async #post(item: Item, event: Event): Promise<boolean> {
    const body = JSON.stringify(webhookBody(item, event));
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signature = createHmac('sha256', this.#receiver.secret)
      .update(`${timestamp}.${body}`)
      .digest('hex');
    try {
      const response = await fetch(item.webhookUrl ?? this.#receiver.url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'x-sim-timestamp': timestamp,
          'x-sim-signature': `v1=${signature}`,
        },
        body,
        redirect: 'manual',
        signal: AbortSignal.any([this.#clock.ended, AbortSignal.timeout(ANSWER_WITHIN_MS)]),
      });
      await response.arrayBuffer();
      return response.ok;
    } catch {
      return false;
    }
  }
}

const webhookBody = (item: Item, event: Event) => ({
  eventId: event.eventId,
  type: item.kind,
  id: item.id,
  key: item.key,
  reference: item.reference,
  state: event.state,
  amount: item.amount,
  currency: item.currency,
  at: event.at,
  reason: event.reason,
});
