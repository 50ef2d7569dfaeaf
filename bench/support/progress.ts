const WIDTH = 24;

/** A bar on standard error that is drawn anew. Only on a terminal: in a log it would be noise. */
export function progress(total: number, stream: NodeJS.WriteStream = process.stderr) {
  const started = performance.now();
  const draw = (done: number, what: string) => {
    const share = total > 0 ? Math.min(1, done / total) : 1;
    const bar = '#'.repeat(Math.round(share * WIDTH)).padEnd(WIDTH, '.');
    const left = share > 0 ? ((performance.now() - started) / 1_000) * (1 / share - 1) : 0;
    stream.write(
      `\r\x1b[K  [${bar}] ${(share * 100).toFixed(0).padStart(3)} %  ${left.toFixed(0)} s left  ${what}`,
    );
  };
  return {
    /** @param what is being done now, in a few words */
    at: (done: number, what = '') => {
      if (stream.isTTY) draw(done, what);
    },
    end: () => {
      if (stream.isTTY) stream.write('\r\x1b[K');
    },
  };
}
