import { ApplicationFailure, condition } from '@temporalio/workflow';
import type { ActionInput, Misfit } from '../contract/payments.ts';
import {
  allowedActions,
  type WithdrawalAction,
  type WithdrawalEvent,
} from '../contract/states/withdrawal.ts';
import type { WithdrawalRecord } from './withdrawalRecord.ts';

interface Asked {
  readonly action: ActionInput;
  outcome: 'done' | 'no_longer_fits' | undefined;
}

/** Where people's actions come in: one at a time, each checked against the table of states, each written down. */
export class Desk {
  readonly #record: WithdrawalRecord;
  #asked: Asked | undefined;

  constructor(record: WithdrawalRecord) {
    this.#record = record;
  }

  get asked(): boolean {
    return this.#asked !== undefined;
  }

  /** The validator: synchronous, and without effect. Twenty people pressing at once: the first is taken. */
  check(action: ActionInput): void {
    if (this.#asked !== undefined || !this.#allowed(action.at).includes(action.action))
      throw this.#misfit(action);
    if (action.action === 'approve' && action.by === this.#record.lastActor) {
      throw ApplicationFailure.nonRetryable(
        'nobody approves what they asked for or were the last to act on',
        'forbidden',
      );
    }
  }

  /** Hands the action to the saga, and waits until it is written down. */
  async take(action: ActionInput): Promise<null> {
    const asked: Asked = { action, outcome: undefined };
    this.#asked = asked;
    await condition(() => asked.outcome !== undefined);
    if (asked.outcome === 'no_longer_fits') throw this.#misfit(action);
    return null;
  }

  /** Acts on what was asked, if it still fits; answers whether it did. */
  async actIfAsked(): Promise<boolean> {
    const asked = this.#asked;
    if (asked === undefined) return false;
    const fits = this.#allowed(asked.action.at).includes(asked.action.action);
    const done = fits && (await this.#act(asked.action));
    asked.outcome = done ? 'done' : 'no_longer_fits';
    this.#asked = undefined;
    return done;
  }

  /** The saga has ended: what was asked in the last moment is told so. */
  close(): void {
    if (this.#asked !== undefined) this.#asked.outcome = 'no_longer_fits';
  }

  async #act(action: ActionInput): Promise<boolean> {
    const { by, reason, idempotencyKey, externalReference, evidence, destination } = action;
    const { event, facts } = this.#eventOf(action);
    const nextProvider =
      action.provider ?? (this.#record.provider === '' ? undefined : this.#record.provider);
    const { outcome } = await this.#record.step(event, {
      by,
      reason,
      facts: { ...facts, ...drop({ idempotencyKey, externalReference, evidence, destination }) },
      ...(nextProvider === undefined ? {} : { nextProvider }),
    });
    return outcome === 'done';
  }

  /** What an action means in the present state: above the tier, two of them are only asked for. */
  #eventOf({ action, destination }: ActionInput): { event: WithdrawalEvent; facts: Record<string, unknown> } {
    const record = this.#record;
    const { state } = record;
    if (action === 'approve' && state === 'awaiting_mark_paid')
      return { event: 'approve', facts: { approved: 'mark-paid' } };
    if (action === 'approve' && state === 'awaiting_declare_unpaid')
      return { event: 'approve', facts: { approved: 'declare-unpaid' } };
    if (action === 'mark-paid' && record.needsApproval && record.fits('ask_mark_paid'))
      return { event: 'ask_mark_paid', facts: {} };
    if (action === 'declare-unpaid' && record.needsApproval)
      return { event: 'ask_declare_unpaid', facts: {} };
    if (action === 'retry' && state === 'returned' && destination !== undefined)
      return { event: 'retry_new_destination', facts: {} };
    return { event: action, facts: {} };
  }

  #allowed(at: string): WithdrawalAction[] {
    const { state, since, overdueAfterMs, attempts } = this.#record;
    const overdue = Date.parse(at) - Date.parse(since) >= overdueAfterMs;
    return allowedActions(state, { overdue, provenUnpaid: attempts.provenUnpaid });
  }

  #misfit({ action, at }: ActionInput): ApplicationFailure {
    const { state } = this.#record;
    // While another action is acted on, nothing fits.
    const found: Misfit = { state, allowedActions: this.#asked === undefined ? this.#allowed(at) : [] };
    return ApplicationFailure.create({
      message: `${action} does not fit ${state}`,
      type: 'invalid_state',
      nonRetryable: true,
      details: [found],
    });
  }
}

const drop = (facts: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
