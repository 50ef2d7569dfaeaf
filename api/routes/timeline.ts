import { z } from 'zod';
import type { TimelineItem } from '../../payments/index.ts';

export const timelineShape = z
  .object({ at: z.string(), event: z.string(), by: z.string(), facts: z.record(z.string(), z.unknown()) })
  .meta({ id: 'TimelineItem', description: 'What happened to a payment: when, what, by whom' });

/** The ledger transfers of a payment, in the order they were posted. */
export const transferIdsOf = (timeline: readonly TimelineItem[]): string[] =>
  timeline.flatMap(({ facts }) => (typeof facts['transferId'] === 'string' ? [facts['transferId']] : []));
