import { z } from 'zod';
import type { TimelineItem } from '../../payments/index.ts';

export const timelineShape = z
  .object({ at: z.string(), event: z.string(), by: z.string(), facts: z.record(z.string(), z.unknown()) })
  .meta({ id: 'TimelineItem', description: 'What happened to a payment: when, what, by whom' });

/** The timeline as people read it: of a card or an account its last four. */
export const toldOf = (timeline: readonly TimelineItem[]): TimelineItem[] =>
  timeline.map((item) => {
    const { destination, method } = item.facts as {
      destination?: { type: string; account: string };
      method?: { type: string; token: string };
    };
    const facts = { ...item.facts };
    if (destination !== undefined)
      facts['destination'] = { ...destination, account: lastFour(destination.account) };
    if (method !== undefined) facts['method'] = { ...method, token: lastFour(method.token) };
    return { ...item, facts };
  });

const lastFour = (text: string) => `…${text.slice(-4)}`;

/** The ledger transfers of a payment, in the order they were posted. */
export const transferIdsOf = (timeline: readonly TimelineItem[]): string[] =>
  timeline.flatMap(({ facts }) => (typeof facts['transferId'] === 'string' ? [facts['transferId']] : []));
