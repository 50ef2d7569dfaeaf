import { close, fdatasync, mkdirSync, openSync, readFileSync, truncateSync, write } from 'node:fs';
import { dirname } from 'node:path';
import { promisify } from 'node:util';
import { Sentence } from './sentence.ts';

const writeFile = promisify(write);
const syncFile = promisify(fdatasync);
const closeFile = promisify(close);

/**
 * An append-only file of JSON lines. Entries that come while a write is under way go out together in the next one, so
 * that a busy provider pays for one sync per batch, not per entry.
 */
export class Journal<Entry> {
  readonly #file: number;
  #waiting: string[] = [];
  #written: Promise<void> = Promise.resolve();
  #closed = false;

  /**
   * Opens the file, or makes it, and reads what is there. A last line without its line end was torn by a crash, was
   * never answered, and is cut off.
   * @throws Sentence when a whole line is not JSON: somebody else wrote in the books
   */
  constructor(path: string, replay: (entry: Entry) => void) {
    mkdirSync(dirname(path), { recursive: true });
    this.#file = openSync(path, 'a', 0o600);
    const bytes = readFileSync(path);
    const end = bytes.lastIndexOf(10) + 1;
    if (end < bytes.length) truncateSync(path, end);
    let line = 1;
    for (let from = 0; from < end; line += 1) {
      const to = bytes.indexOf(10, from);
      replay(parse(bytes.toString('utf8', from, to), path, line) as Entry);
      from = to + 1;
    }
  }

  /** Resolves when the entry is on disk: never, once the journal is closed, so that nobody is told what was not kept. */
  append(entry: Entry): Promise<void> {
    if (this.#closed) return new Promise(() => undefined);
    this.#waiting.push(`${JSON.stringify(entry)}\n`);
    if (this.#waiting.length === 1) this.#written = this.#written.then(() => this.#flush());
    return this.#written;
  }

  /** Resolves when all that was appended so far is on disk. */
  get written(): Promise<void> {
    return this.#written;
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#written;
    await closeFile(this.#file);
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.from(this.#waiting.join(''));
    this.#waiting = [];
    for (let from = 0; from < bytes.length;) {
      const { bytesWritten } = await writeFile(this.#file, bytes, from);
      from += bytesWritten;
    }
    await syncFile(this.#file);
  }
}

function parse(text: string, path: string, line: number): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new Sentence(
      `The books ${path} are damaged in line ${String(line)}: it is not JSON. Restore or remove the file.`,
    );
  }
}
