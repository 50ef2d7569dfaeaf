import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';

/** Longer waits overflow Node's timers and would end at once. */
const LONGEST_TIMER_MS = 86_400_000;

/** All waiting of a provider, so that it can be made faster for tests, and ended. */
export class Clock {
  readonly #timeScale: number;
  readonly #ended = new AbortController();

  /** @param timeScale how much faster than in the contract everything happens */
  constructor(timeScale: number) {
    this.#timeScale = timeScale;
    // One listener per payment that waits for something: many are no leak.
    setMaxListeners(0, this.#ended.signal);
  }

  /** How long `ms` of the contract last here. */
  scaled(ms: number): number {
    return ms / this.#timeScale;
  }

  get ended(): AbortSignal {
    return this.#ended.signal;
  }

  /** Resolves at the moment named; false if the provider was closed before. */
  async until(dueAt: number): Promise<boolean> {
    for (let left = dueAt - Date.now(); left > 0; left = dueAt - Date.now()) {
      try {
        await sleep(Math.min(Math.ceil(left), LONGEST_TIMER_MS), undefined, { signal: this.#ended.signal });
      } catch {
        return false;
      }
    }
    return !this.#ended.signal.aborted;
  }

  end(): void {
    this.#ended.abort();
  }
}
