import type { IncomingHttpHeaders } from 'node:http';
import { z } from 'zod';
import type { Filters } from '../../payments/index.ts';
import type { Caller } from '../auth.ts';
import { csvAnswer, requireCsvSize, wantsCsv, type Cell } from '../csv.ts';
import type { Answer } from '../route.ts';
import { callerId, currency, cursorOf, instant, limit, seconds, timeCursor } from '../schemas.ts';

const CSV_PAGE = 1_000;

/** The filters of a queue of payments. */
export const queueQuery = <S extends readonly [string, ...string[]]>(statuses: S) =>
  z.strictObject({
    status: z.enum(statuses).optional(),
    provider: callerId.optional(),
    playerId: callerId.optional(),
    currency: currency.optional(),
    from: instant.optional(),
    to: instant.optional(),
    minAge: seconds.optional(),
    cursor: timeCursor.optional(),
    limit,
  });

interface Item {
  readonly createdKey: string;
}

/** What a queue is made of. */
interface Queue<T extends Item, State> {
  readonly list: (filters: Filters<State>) => Promise<T[]>;
  readonly idOf: (item: T) => string;
  readonly shape: (item: T) => unknown;
  readonly columns: readonly string[];
  readonly line: (item: T) => readonly Cell[];
}

interface Asked<State> {
  readonly caller: Caller;
  readonly headers: IncomingHttpHeaders;
  readonly states: readonly State[] | undefined;
  readonly query: Omit<z.output<ReturnType<typeof queueQuery>>, 'status'>;
}

/** A page of a queue, oldest first, or all of it as CSV. A client sees its own. */
export async function answerQueue<T extends Item, State>(
  queue: Queue<T, State>,
  { caller, headers, states, query: { cursor, limit, ...filters } }: Asked<State>,
): Promise<Answer> {
  const filter = {
    ...drop(filters),
    ...(states === undefined ? {} : { states }),
    ...(caller.kind === 'client' ? { clientId: caller.clientId } : {}),
  };
  const page = (after: readonly [string, string] | undefined, rows: number) =>
    queue.list({ ...filter, ...(after === undefined ? {} : { after }), limit: rows });
  const keyOf = (item: T) => [item.createdKey, queue.idOf(item)] as const;
  if (wantsCsv(headers)) {
    const lines: (readonly Cell[])[] = [];
    let last: T | undefined;
    do {
      const found = await page(last && keyOf(last), CSV_PAGE);
      lines.push(...found.map(queue.line));
      requireCsvSize(lines.length);
      last = found.length === CSV_PAGE ? found.at(-1) : undefined;
    } while (last !== undefined);
    return csvAnswer(queue.columns, lines);
  }
  const items = await page(cursor?.length === 2 ? [cursor[0] ?? '', cursor[1] ?? ''] : undefined, limit + 1);
  const last = items.length > limit ? items[limit - 1] : undefined;
  return {
    status: 200,
    body: {
      items: items.slice(0, limit).map(queue.shape),
      nextCursor: last === undefined ? null : cursorOf(...keyOf(last)),
    },
  };
}

/** Whole seconds since a payment came into its state. */
export const ageOf = ({ since }: { since: Date }): number =>
  Math.max(0, Math.floor((Date.now() - since.getTime()) / 1_000));

/** Leaves out what is not there: an absent filter is no filter. */
export const drop = <T extends object>(filters: T) =>
  Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
