import { CancellationScope, log } from '@temporalio/workflow';

/**
 * The undo stack of a saga. An undo is registered before its step runs, because a step that timed out may still
 * have happened; so every undo is a no-op where its step never did, and forbids it from happening late.
 */
export class Saga {
  readonly #undos: { name: string; undo: () => Promise<void> }[] = [];

  /** Registers `undo`, then runs `step`. */
  async step<T>(name: string, step: () => Promise<T>, undo: () => Promise<void>): Promise<T> {
    this.#undos.push({ name, undo });
    return await step();
  }

  /**
   * Runs the undos, newest first, whatever happens to the workflow meanwhile. They retry without end
   * (timeouts.ts): a saga that gave up half undone would have lost money.
   */
  async compensate(): Promise<void> {
    await CancellationScope.nonCancellable(async () => {
      for (let next = this.#undos.pop(); next !== undefined; next = this.#undos.pop()) {
        log.info('undo', { step: next.name });
        await next.undo();
      }
    });
  }
}
