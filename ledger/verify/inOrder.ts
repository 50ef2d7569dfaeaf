/** Two statements keep two cores of Postgres busy. */
export const AT_ONCE = 2;

/**
 * Does pieces of work, two of them at a time, and yields what they come to in their order.
 *
 * @param pieces each starts its work when it is called
 */
export async function* inOrder<T>(pieces: AsyncIterable<() => Promise<T>>): AsyncGenerator<T> {
  const running: Promise<T>[] = [];
  for await (const start of pieces) {
    const piece = start();
    piece.catch(() => undefined); // heard when its turn comes
    running.push(piece);
    const [first] = running;
    if (first === undefined || running.length < AT_ONCE) continue;
    void running.shift();
    yield await first;
  }
  for (const piece of running) yield await piece;
}
