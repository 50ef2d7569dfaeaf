import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { Misfit, Press, StepOutcome } from '../contract/payments.ts';

interface Asked<Action> {
  readonly action: Action;
  outcome: StepOutcome | undefined;
}

/** Where people's actions come in: one at a time, each checked against the table of states, each written down. */
export abstract class Desk<Action extends Press> {
  #asked: Asked<Action> | undefined;

  protected abstract readonly state: string;
  /** What fits for somebody who pressed at that time. */
  protected abstract allowed(at: string): readonly string[];
  protected abstract act(action: Action): Promise<StepOutcome>;

  get asked(): boolean {
    return this.#asked !== undefined;
  }

  /** The validator: synchronous, and without effect. Twenty people pressing at once: the first is taken. */
  check(action: Action): void {
    if (this.#asked !== undefined || !this.allowed(action.at).includes(action.action))
      throw this.#misfit(action);
  }

  /** Hands the action to the saga, and waits until it is written down. */
  async take(action: Action): Promise<null> {
    const asked: Asked<Action> = { action, outcome: undefined };
    this.#asked = asked;
    await condition(() => asked.outcome !== undefined);
    const { outcome } = asked;
    if (outcome?.outcome === 'refused') {
      throw ApplicationFailure.nonRetryable(`${action.action} is refused: ${outcome.code}`, outcome.code);
    }
    if (outcome?.outcome === 'overtaken') throw this.#misfit(action);
    return null;
  }

  /** Acts on what was asked, if it still fits; answers whether it did. */
  async actIfAsked(): Promise<boolean> {
    const asked = this.#asked;
    if (asked === undefined) return false;
    const { action } = asked;
    asked.outcome = this.allowed(action.at).includes(action.action)
      ? await this.act(action)
      : { outcome: 'overtaken' };
    this.#asked = undefined;
    return asked.outcome.outcome === 'done';
  }

  /** The saga has ended: what was asked in the last moment is told so. */
  close(): void {
    if (this.#asked !== undefined) this.#asked.outcome = { outcome: 'overtaken' };
  }

  #misfit({ action, at }: Action): ApplicationFailure {
    // While another action is acted on, nothing fits.
    const allowedActions = this.#asked === undefined ? this.allowed(at) : [];
    const found: Misfit<string> = { state: this.state, allowedActions };
    return ApplicationFailure.create({
      message: `${action} does not fit ${this.state}`,
      type: 'invalid_state',
      nonRetryable: true,
      details: [found],
    });
  }
}
