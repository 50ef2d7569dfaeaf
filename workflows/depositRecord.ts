import { proxyLocalActivities, setCurrentDetails, upsertSearchAttributes } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import type {
  DepositInput,
  DepositStep,
  Refund,
  ResumedDeposit,
  StepOutcome,
  Stepped,
  Terms,
} from '../contract/payments.ts';
import { DEPOSIT, type DepositEvent, type DepositState } from '../contract/states/deposit.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';

/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

/** Where a deposit stands, as the saga knows it; every change goes through the table of states and into our books. */
export class DepositRecord {
  state: DepositState = 'pending';
  provider = '';
  /** When the present state began: data of our books, so the same on every replay. Empty until they are read. */
  since = '';
  /** The provider has this long to answer. Milliseconds. */
  overdueAfterMs = 0;
  /** The refund that was asked for last. */
  refund: Refund | null = null;
  /** The same sentence that the Web UI shows as current details. */
  story = '';
  #seq = 0;
  readonly #depositId: string;
  readonly #words: string;

  constructor({ depositId, money, playerId }: DepositInput) {
    this.#depositId = depositId;
    this.#words = `Deposit of ${format(money)} for player ${playerId}`;
  }

  get known(): boolean {
    return this.since !== '';
  }

  opened({ providers, overdueAfterMs }: Terms, openedAt: string): void {
    this.provider = providers[0] ?? 'none';
    this.since = openedAt;
    this.overdueAfterMs = overdueAfterMs;
  }

  resumed({ nextSeq, state, provider, since, overdueAfterMs, refund }: ResumedDeposit): void {
    this.#seq = nextSeq - 1;
    this.state = state;
    this.provider = provider;
    this.since = since;
    this.overdueAfterMs = overdueAfterMs;
    this.refund = refund;
  }

  /** What support reads in the Temporal Web UI. */
  tell(story: string): void {
    this.story = `${this.#words}: ${story}`;
    setCurrentDetails(this.story);
  }

  /** Writes an event down with its money, in one transaction, and takes on the state that the table gives. */
  async step(
    event: DepositEvent,
    more: Omit<DepositStep, 'depositId' | 'seq' | 'event' | 'to' | 'provider'>,
  ): Promise<StepOutcome> {
    const to = DEPOSIT[this.state].on[event];
    if (to === undefined) throw new Error(`${event} does not fit ${this.state}`);
    this.#seq += 1;
    const written = await books(`${event.replaceAll(/[_-]/g, ' ')}: ${this.state} → ${to}`).stepDeposit({
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
  #takeOn({ event, at, facts: { reason, refund } }: Stepped<DepositEvent>): void {
    const to = DEPOSIT[this.state].on[event];
    if (to === undefined) throw new Error(`our books have ${event}, which does not fit ${this.state}`);
    const stays = to === this.state;
    if (!stays) this.since = at;
    this.state = to;
    this.refund = refund ?? this.refund;
    this.tell(`${to.replaceAll('_', ' ')}${reason === undefined ? '' : `, ${reason}`}.`);
    // They cost an event each time, so the usual path sets them once, at its end.
    if (stays) return;
    const parked = to === 'needs_attention';
    upsertSearchAttributes([
      { key: SEARCH.stage, value: to },
      { key: SEARCH.provider, value: this.provider },
      { key: SEARCH.needsAttention, value: parked },
      { key: SEARCH.reason, value: parked ? event : null },
    ]);
  }
}
