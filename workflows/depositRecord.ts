import { proxyLocalActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import type { DepositInput, DepositStep, StepOutcome, Stepped } from '../contract/payments.ts';
import { DEPOSIT, type DepositEvent, type DepositState } from '../contract/states/deposit.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

/** Where a deposit stands, as the saga knows it; every change goes through the table of states and into our books. */
export class DepositRecord {
  state: DepositState = 'pending';
  provider = '';
  /** The same sentence that the Web UI shows as current details. */
  story = '';
  #seq = 0;
  readonly #depositId: string;
  readonly #words: string;

  constructor({ depositId, money, playerId }: DepositInput) {
    this.#depositId = depositId;
    this.#words = `Deposit of ${format(money)} for player ${playerId}`;
  }

  resumed({ nextSeq, state, provider }: { nextSeq: number; state: DepositState; provider: string }): void {
    this.#seq = nextSeq - 1;
    this.state = state;
    this.provider = provider;
  }

  /** What support reads in the Temporal Web UI. */
  tell(story: string): void {
    this.story = `${this.#words}: ${story}`;
    setCurrentDetails(this.story);
  }

  /** Writes an event down with its money, in one transaction, and takes on the state that the table gives. */
  async step(
    event: DepositEvent,
    more: Pick<DepositStep, 'providerReference' | 'redirectUrl' | 'reason'>,
  ): Promise<StepOutcome> {
    const to = DEPOSIT[this.state].on[event];
    if (to === undefined) throw new Error(`${event} does not fit ${this.state}`);
    this.#seq += 1;
    const written = await books(`${event.replaceAll('_', ' ')}: ${this.state} → ${to}`).stepDeposit({
      depositId: this.#depositId,
      seq: this.#seq,
      event,
      to,
      provider: this.provider,
      ...more,
    });
    if (written.refused === null) this.#takeOn(written);
    if (written.event !== event) return { outcome: 'overtaken' };
    return written.refused === null ? { outcome: 'done' } : { outcome: 'refused', code: written.refused };
  }

  /** What our books have is where the saga is. */
  #takeOn({ event, facts: { reason } }: Stepped<DepositEvent>): void {
    const to = DEPOSIT[this.state].on[event];
    if (to === undefined) throw new Error(`our books have ${event}, which does not fit ${this.state}`);
    this.state = to;
    this.tell(`${to.replaceAll('_', ' ')}${reason === undefined ? '' : `, ${reason}`}.`);
    // They cost an event each time, so the usual path sets them once, at its end.
    if (to === 'pending') return;
    const parked = to === 'needs_attention';
    upsertSearchAttributes([
      { key: SEARCH.stage, value: to },
      { key: SEARCH.provider, value: this.provider },
      { key: SEARCH.needsAttention, value: parked },
      { key: SEARCH.reason, value: parked ? event : null },
    ]);
  }
}
