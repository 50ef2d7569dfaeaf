/** More was asked for at once than is let in: nothing was done, and the same may be sent again. */
export class Overloaded extends Error {
  override readonly name = 'Overloaded';
}

interface Waiting<Item, Answer> {
  readonly item: Item;
  readonly resolve: (answer: Answer) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers what many callers ask for at once into batches for `work`: the next batch goes out when one has come back. There
 * is no timer: who comes alone goes out at once. Callers take turns, so that a busy one holds nobody else up.
 */
export class Gatherer<Item, Answer> {
  readonly #work: (items: readonly Item[]) => Promise<readonly Answer[]>;
  readonly #poisoned: (error: unknown) => boolean;
  readonly #limits: { readonly batch: number; readonly queue: number; readonly inFlight: number };
  /** By caller; the one whose turn is next comes first. */
  readonly #queues = new Map<string, Waiting<Item, Answer>[]>();
  #queued = 0;
  #inFlight = 0;

  /**
   * @param work an answer for each item, in their order; all or nothing where it throws
   * @param poisoned whether an error is of one item's making: then the batch is split, so that the others get their answers
   */
  constructor(
    work: (items: readonly Item[]) => Promise<readonly Answer[]>,
    {
      poisoned,
      batch = 100,
      queue = 5_000,
      inFlight = 2,
    }: {
      poisoned: (error: unknown) => boolean;
      batch?: number;
      queue?: number;
      inFlight?: number;
    },
  ) {
    this.#work = work;
    this.#poisoned = poisoned;
    this.#limits = { batch, queue, inFlight };
  }

  /** How many wait for their batch to go out. */
  get queued(): number {
    return this.#queued;
  }

  /** @throws Overloaded where the queue is full */
  async ask(item: Item, caller = ''): Promise<Answer> {
    if (this.#queued >= this.#limits.queue) throw new Overloaded('too many requests wait already');
    return await new Promise((resolve, reject) => {
      const queue = this.#queues.get(caller);
      const waiting = { item, resolve, reject };
      if (queue === undefined) this.#queues.set(caller, [waiting]);
      else queue.push(waiting);
      this.#queued += 1;
      this.#send();
    });
  }

  #send(): void {
    while (this.#queued > 0 && this.#inFlight < this.#limits.inFlight) {
      this.#inFlight += 1;
      void this.#run(this.#next()).finally(() => {
        this.#inFlight -= 1;
        this.#send();
      });
    }
  }

  /** One of each caller in turn, until the batch is full. */
  #next(): Waiting<Item, Answer>[] {
    const batch: Waiting<Item, Answer>[] = [];
    // A caller that is put back at the end has its next turn in the same loop.
    for (const [caller, queue] of this.#queues) {
      if (batch.length === this.#limits.batch) break;
      this.#queues.delete(caller);
      const waiting = queue.shift();
      if (waiting !== undefined) batch.push(waiting);
      if (queue.length > 0) this.#queues.set(caller, queue);
    }
    this.#queued -= batch.length;
    return batch;
  }

  async #run(batch: readonly Waiting<Item, Answer>[]): Promise<void> {
    try {
      const answers = await this.#work(batch.map(({ item }) => item));
      if (answers.length !== batch.length)
        throw new Error(`${String(answers.length)} answers for ${String(batch.length)} items`);
      batch.forEach(({ resolve }, at) => {
        resolve(answers[at] as Answer);
      });
    } catch (error) {
      if (batch.length === 1 || !this.#poisoned(error)) {
        for (const { reject } of batch) reject(error);
        return;
      }
      const half = Math.ceil(batch.length / 2);
      await this.#run(batch.slice(0, half));
      await this.#run(batch.slice(half));
    }
  }
}
