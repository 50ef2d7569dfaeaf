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

/** A bar on one line of a terminal; on a pipe only its end is printed. */
export function bar(title: string, of: number) {
  const width = 24;
  const draw = (done: number, note: string) => {
    const filled = Math.round((done / of) * width);
    return `  ${'█'.repeat(filled)}${'░'.repeat(width - filled)} ${String(done)}/${String(of)} ${title} ${dim(note)}`;
  };
  return {
    at(done: number, note = '') {
      if (process.stdout.isTTY) process.stdout.write(`\r\u001b[2K${draw(done, note)}`);
    },
    end(note = '') {
      process.stdout.write(`${process.stdout.isTTY ? '\r\u001b[2K' : ''}${draw(of, note)}\n`);
    },
  };
}

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
