import { ApplicationFailure } from '@temporalio/workflow';
import type { ActionInput, StepOutcome } from '../contract/payments.ts';
import {
  allowedActions,
  type WithdrawalAction,
  type WithdrawalEvent,
  type WithdrawalState,
} from '../contract/states/withdrawal.ts';
import { Desk } from './desk.ts';
import type { WithdrawalRecord } from './withdrawalRecord.ts';

export class WithdrawalDesk extends Desk<ActionInput> {
  readonly #record: WithdrawalRecord;

  constructor(record: WithdrawalRecord) {
    super();
    this.#record = record;
  }

  override check(action: ActionInput): void {
    super.check(action);
    if (action.action === 'approve' && action.by === this.#record.lastActor) {
      throw ApplicationFailure.nonRetryable(
        'nobody approves what they asked for or were the last to act on',
        'forbidden',
      );
    }
  }

  protected get state(): WithdrawalState {
    return this.#record.state;
  }

  protected allowed(at: string): WithdrawalAction[] {
    const { state, since, overdueAfterMs, attempts } = this.#record;
    const overdue = Date.parse(at) - Date.parse(since) >= overdueAfterMs;
    const { provenUnpaid, paidTwice } = attempts;
    return allowedActions(state, { overdue, provenUnpaid, paidTwice });
  }

  protected async act(action: ActionInput): Promise<StepOutcome> {
    const { by, reason, idempotencyKey, externalReference, evidence, destination } = action;
    const origin = { ...action.origin, action: action.action };
    const { event, facts } = this.#eventOf(action);
    const nextProvider =
      action.provider ?? (this.#record.provider === '' ? undefined : this.#record.provider);
    return await this.#record.step(event, {
      by,
      reason,
      facts: { ...facts, ...drop({ idempotencyKey, externalReference, evidence, destination, origin }) },
      ...(nextProvider === undefined ? {} : { nextProvider }),
    });
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
}

const drop = (facts: Record<string, unknown>) =>
  Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined));
