import type { State } from './behaviours.ts';
import type { Item, Refund } from './books.ts';

const COLUMNS = ['kind', 'reference', 'key', 'providerReference', 'amount', 'currency', 'state', 'at'];
const MOVED_MONEY: ReadonlySet<State> = new Set<State>([
  'captured',
  'refunded',
  'charged_back',
  'paid',
  'returned',
]);

/** The CSV of one day: each item that moved money on it, once, with its last such state of that day, and what is left of it. */
export function settlementFile(items: readonly Item[], refunds: readonly Refund[], day: string): string {
  const ofItem = new Map<string, Refund[]>();
  for (const refund of refunds)
    ofItem.set(refund.paymentId, [...(ofItem.get(refund.paymentId) ?? []), refund]);
  const lines = items.flatMap(({ kind, reference, key, id, amount, currency, history }) => {
    const last = history.findLast(({ state, at }) => MOVED_MONEY.has(state) && at.slice(0, 10) <= day);
    if (last === undefined) return [];
    const back = (ofItem.get(id) ?? []).filter(({ createdAt }) => createdAt.slice(0, 10) <= day);
    const at = [last.at, ...back.map(({ createdAt }) => createdAt)].sort().at(-1) ?? last.at;
    if (!at.startsWith(day)) return [];
    const left =
      last.state === 'captured' ? back.reduce((sum, refund) => sum - refund.amount, amount) : amount;
    return [[kind, reference, key, id, String(left), currency, last.state, at]];
  });
  return [COLUMNS, ...lines].map((cells) => `${cells.map(quoted).join(',')}\n`).join('');
}

const quoted = (cell: string): string => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
