import { Journal } from './journal.ts';
import type { Kind, State, Step } from './behaviours.ts';

/** What was asked for: what a repeat of the same key is compared with. */
export interface Content {
  readonly kind: Kind;
  readonly reference: string;
  readonly amount: number;
  readonly currency: string;
  readonly type: string;
  /** The deposit's token or the withdrawal's account. */
  readonly token: string;
  readonly attempt?: number;
  readonly returnUrl?: string;
  readonly expiresAt?: string;
  readonly webhookUrl?: string;
}

/** A payment or a payout. */
export interface Item extends Content {
  readonly id: string;
  readonly key: string;
  readonly history: readonly { readonly state: State; readonly reason: string | null; readonly at: string }[];
  readonly refundedAmount: number;
  /** What is still to come by itself, and when the first of it is due. */
  readonly steps: readonly Step[];
  readonly dueAt: number | null;
}

export interface Refund {
  readonly id: string;
  readonly key: string;
  readonly paymentId: string;
  readonly amount: number;
  readonly createdAt: string;
}

/** One change of state to be told; every delivery of it carries the same `eventId`. */
export interface Event {
  readonly eventId: string;
  readonly itemId: string;
  readonly state: State;
  readonly reason: string | null;
  readonly at: string;
}

export interface Delivery {
  readonly deliveryId: string;
  readonly eventId: string;
  readonly dueAt: number;
}

export type Entry =
  | {
      readonly type: 'item';
      readonly item: Item;
      readonly refund?: Refund;
      readonly events?: readonly Event[];
      readonly deliveries?: readonly Delivery[];
    }
  | { readonly type: 'deliveries'; readonly deliveries: readonly Delivery[] }
  | { readonly type: 'delivered'; readonly deliveryId: string; readonly outcome: 'delivered' | 'given_up' }
  | { readonly type: 'tried'; readonly what: string };

/** A provider's books: everything it knows, in memory, and in a journal that outlives it. */
export class Books {
  readonly #journal: Journal<Entry>;
  readonly #items = new Map<string, Item>();
  readonly #idsByKey = new Map<string, string>();
  readonly #idsByReference = new Map<string, string[]>();
  readonly #refunds = new Map<string, Refund>();
  readonly #events = new Map<string, Event>();
  readonly #eventIdsByItem = new Map<string, string[]>();
  readonly #undelivered = new Map<string, Delivery>();
  readonly #tries = new Map<string, number>();

  constructor(path: string) {
    this.#journal = new Journal<Entry>(path, (entry) => this.#apply(entry));
  }

  /** Takes effect at once; resolves when it is on disk, which is when it may be told. */
  write(entry: Entry): Promise<void> {
    this.#apply(entry);
    return this.#journal.append(entry);
  }

  /** Resolves when everything that can be read here now is on disk. */
  get written(): Promise<void> {
    return this.#journal.written;
  }

  close(): Promise<void> {
    return this.#journal.close();
  }

  items(): Item[] {
    return [...this.#items.values()];
  }

  item(kind: Kind, id: string): Item | undefined {
    const item = this.#items.get(id);
    return item?.kind === kind ? item : undefined;
  }

  byKey(kind: Kind, key: string): Item | undefined {
    return this.item(kind, this.#idsByKey.get(`${kind} ${key}`) ?? '');
  }

  byReference(reference: string): Item[] {
    return (this.#idsByReference.get(reference) ?? []).flatMap((id) => this.#items.get(id) ?? []);
  }

  refund(key: string): Refund | undefined {
    return this.#refunds.get(key);
  }

  refunds(): Refund[] {
    return [...this.#refunds.values()];
  }

  event(eventId: string): Event | undefined {
    return this.#events.get(eventId);
  }

  eventsOf(item: Item): Event[] {
    return (this.#eventIdsByItem.get(item.id) ?? []).flatMap((eventId) => this.#events.get(eventId) ?? []);
  }

  undelivered(): Delivery[] {
    return [...this.#undelivered.values()];
  }

  tries(what: string): number {
    return this.#tries.get(what) ?? 0;
  }

  #apply(entry: Entry): void {
    switch (entry.type) {
      case 'item':
        this.#applyItem(entry.item);
        if (entry.refund !== undefined) this.#refunds.set(entry.refund.key, entry.refund);
        for (const event of entry.events ?? []) {
          this.#events.set(event.eventId, event);
          push(this.#eventIdsByItem, event.itemId, event.eventId);
        }
        for (const delivery of entry.deliveries ?? []) this.#undelivered.set(delivery.deliveryId, delivery);
        return;
      case 'deliveries':
        for (const delivery of entry.deliveries) this.#undelivered.set(delivery.deliveryId, delivery);
        return;
      case 'delivered':
        this.#undelivered.delete(entry.deliveryId);
        return;
      case 'tried':
        this.#tries.set(entry.what, this.tries(entry.what) + 1);
        return;
    }
  }

  #applyItem(item: Item): void {
    if (!this.#items.has(item.id)) {
      this.#idsByKey.set(`${item.kind} ${item.key}`, item.id);
      push(this.#idsByReference, item.reference, item.id);
    }
    this.#items.set(item.id, item);
  }
}

/** The present state: an item has at least the one it began with. */
export function present(item: Item): Item['history'][number] {
  const last = item.history.at(-1);
  if (last === undefined) throw new Error(`${item.id} has no state`);
  return last;
}

export const createdAt = (item: Item): string => item.history[0]?.at ?? '';

function push(lists: Map<string, string[]>, name: string, value: string): void {
  const list = lists.get(name);
  if (list === undefined) lists.set(name, [value]);
  else list.push(value);
}
