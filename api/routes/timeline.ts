import { z } from 'zod';
import type { TimelineItem } from '../../payments/index.ts';

export const timelineShape = z
  .object({ at: z.string(), event: z.string(), by: z.string(), facts: z.record(z.string(), z.unknown()) })
  .meta({ id: 'TimelineItem', description: 'What happened to a payment: when, what, by whom' });

/** The timeline as people read it: of an account number its last four. */
export const toldOf = (timeline: readonly TimelineItem[]): TimelineItem[] =>
  timeline.map((item) => {
    const { destination } = item.facts as { destination?: { type: string; account: string } };
    if (destination === undefined) return item;
    const account = `…${destination.account.slice(-4)}`;
    return { ...item, facts: { ...item.facts, destination: { ...destination, account } } };
  });

/** The ledger transfers of a payment, in the order they were posted. */
export const transferIdsOf = (timeline: readonly TimelineItem[]): string[] =>
  timeline.flatMap(({ facts }) => (typeof facts['transferId'] === 'string' ? [facts['transferId']] : []));
