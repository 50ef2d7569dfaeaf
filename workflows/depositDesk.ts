import type { DepositActionInput, StepOutcome } from '../contract/payments.ts';
import {
  DEPOSIT_ACTIONS,
  depositActions,
  type DepositAction,
  type DepositState,
} from '../contract/states/deposit.ts';
import type { DepositRecord } from './depositRecord.ts';
import { Desk } from './desk.ts';

export class DepositDesk extends Desk<DepositActionInput> {
  readonly #record: DepositRecord;

  constructor(record: DepositRecord) {
    super();
    this.#record = record;
  }

  protected get state(): DepositState {
    return this.#record.state;
  }

  /** A saga that was started by the action does not know yet where the deposit stands: it looks before it acts. */
  protected allowed(at: string): readonly DepositAction[] {
    const { known, state, since, overdueAfterMs } = this.#record;
    if (!known) return DEPOSIT_ACTIONS;
    return depositActions(state, { overdue: Date.parse(at) - Date.parse(since) >= overdueAfterMs });
  }

  protected act({
    action,
    by,
    origin,
    reason,
    idempotencyKey,
    amountMinor,
  }: DepositActionInput): Promise<StepOutcome> {
    const amount = amountMinor === undefined ? {} : { amountMinor };
    return this.#record.step(action, {
      by,
      reason,
      facts: { idempotencyKey, origin: { ...origin, action } },
      ...amount,
    });
  }
}
