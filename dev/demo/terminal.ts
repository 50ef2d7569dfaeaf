import { format } from '../../money/index.ts';

const colour = process.stdout.isTTY && process.env['NO_COLOR'] === undefined;
const paint = (code: number) => (text: string) => (colour ? `\u001b[${String(code)}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const green = paint(32);
export const red = paint(31);

export const say = (line = '') => console.log(line);
export const chapter = (title: string) => say(`\n${bold(title)}`);

/** `1,250.00 SEK` from whole minor units. */
export const coins = (minor: number, currency = 'SEK') => format({ minor: String(minor), currency });

/** Columns aligned by their widest cell; numbers to the right. */
export function table(rows: readonly (readonly string[])[]): void {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  for (const row of rows) {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return column === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    say(`  ${cells.join('   ')}`);
  }
}
