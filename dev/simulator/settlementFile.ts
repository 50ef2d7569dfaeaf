import type { State } from './behaviours.ts';
import type { Item } from './books.ts';

const COLUMNS = ['kind', 'reference', 'key', 'providerReference', 'amount', 'currency', 'state', 'at'];
const MOVED_MONEY: ReadonlySet<State> = new Set<State>([
  'captured',
  'refunded',
  'charged_back',
  'paid',
  'returned',
]);

/** The CSV of one day: each item that moved money on it, once, with its last such state of that day. */
export function settlementFile(items: readonly Item[], day: string): string {
  const lines = items.flatMap(({ kind, reference, key, id, amount, currency, history }) => {
    const last = history.findLast(({ state, at }) => MOVED_MONEY.has(state) && at.startsWith(day));
    return last === undefined
      ? []
      : [[kind, reference, key, id, String(amount), currency, last.state, last.at]];
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
