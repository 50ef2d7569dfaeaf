/** A bar on one line of a terminal; on a pipe only its end is written. `of` may be an estimate: the bar stays full beyond it. */
export function bar(title: string, of: number, to: NodeJS.WriteStream = process.stdout) {
  const width = 24;
  const dim = to.isTTY && to.hasColors() ? ['\u001b[2m', '\u001b[0m'] : ['', ''];
  const start = to.isTTY ? '\r\u001b[2K' : '';
  const draw = (done: number, note: string) => {
    const filled = of === 0 ? width : Math.min(width, Math.floor((done / of) * width));
    const blocks = '█'.repeat(filled) + '░'.repeat(width - filled);
    return `${start}  ${blocks} ${String(done)}/${String(Math.max(of, done))} ${title} ${dim.join(note)}`;
  };
  return {
    at(done: number, note = '') {
      if (to.isTTY) to.write(draw(done, note));
    },
    /** Makes room for a line of text; the next `at` draws the bar again. */
    clear() {
      to.write(start);
    },
    end(note = '') {
      to.write(`${draw(of, note)}\n`);
    },
  };
}
