import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from './problem.ts';
import type { Answer } from './route.ts';

/** A spreadsheet opens no more than this, and a person reads less. */
export const MOST_CSV_ROWS = 100_000;

export const wantsCsv = ({ accept }: IncomingHttpHeaders): boolean => /\btext\/csv\b/.test(accept ?? '');

export type Cell = string | number | bigint | Date | null;

/** Says so instead of leaving rows out: a sum over half of them would be believed. */
export function requireCsvSize(rows: number | bigint): void {
  if (rows <= MOST_CSV_ROWS) return;
  const detail = `As CSV it may have ${String(MOST_CSV_ROWS)} rows, and there are more. Narrow it down, or read it as JSON by pages.`;
  throw new Problem('invalid_request', detail);
}

/** Rows under the names of their columns, as RFC 4180 has it. */
export function csvAnswer(columns: readonly string[], rows: readonly (readonly Cell[])[]): Answer {
  const lines = [columns, ...rows].map((cells) => `${cells.map(textOf).join(',')}\r\n`);
  return { status: 200, body: lines.join(''), headers: { 'Content-Type': 'text/csv; charset=utf-8' } };
}

/** A spreadsheet runs text that begins like a formula: an apostrophe keeps it text. A negative amount stays a number. */
function textOf(cell: Cell): string {
  if (cell === null) return '';
  if (cell instanceof Date) return cell.toISOString();
  if (typeof cell !== 'string') return String(cell);
  const defused = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell;
  return /[",\r\n]/.test(defused) ? `"${defused.replaceAll('"', '""')}"` : defused;
}
