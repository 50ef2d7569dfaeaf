import type { MoneyDto } from '../money/index.ts';
import type { Origin } from './audit.ts';

/** The update that brings a second person's decision. */
export const DECIDE = 'decide';

export interface AdjustmentInput {
  readonly adjustmentId: string;
  readonly playerId: string;
  /** Negative where it takes. */
  readonly money: MoneyDto;
  readonly reason: string;
  readonly askedBy: string;
}

export interface Decision {
  readonly decision: 'approve' | 'reject';
  readonly reason: string | null;
  /** The Idempotency-Key it was pressed with. */
  readonly key: string;
  readonly origin: Origin;
}
