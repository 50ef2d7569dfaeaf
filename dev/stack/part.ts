import { setTimeout as sleep } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import { Sentence } from './sentence.ts';
import { howItEnded, sizeOf, spawnPart, stopPart, untilItAnswers, type Command } from './spawnPart.ts';

export interface PartSpec {
  name: string;
  logFile: string;
  command: () => Command | Promise<Command>;
  /** Resolves when the part works. `logFrom` is where in the log this run of it began. */
  answers: (logFrom: number) => Promise<void>;
  stopSignal: NodeJS.Signals;
  /** How long it may take to stop before it is killed. */
  stopWithinMs: number;
}

interface Listener {
  say: (line: string) => void;
  spawned: (part: Part) => void;
  startedAgain: () => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 10_000;
/** A part that ran this long is taken to have been well: its next restart does not wait. */
const WELL_AFTER_MS = 30_000;

/** One process of the stack, started again when it dies. */
export class Part {
  readonly spec: PartSpec;
  readonly #listener: Listener;
  #child: ChildProcess | undefined;
  #stopping = false;
  #pauseMs = FIRST_PAUSE_MS;

  constructor(spec: PartSpec, listener: Listener) {
    this.spec = spec;
    this.#listener = listener;
  }

  get pid(): number | undefined {
    return this.#child?.pid;
  }

  /** Resolves when the part works; from then on it is kept running. */
  async start(): Promise<void> {
    const { name, logFile } = this.spec;
    const command = await this.spec.command();
    if (this.#isToStop()) throw new Sentence(`${name} is not started: the stack is being stopped.`);
    const logFrom = sizeOf(logFile);
    const startedAt = Date.now();
    const child = spawnPart(command, logFile);
    this.#child = child;
    this.#listener.spawned(this);
    await untilItAnswers(child, { name, logFile, logFrom }, () => this.spec.answers(logFrom));
    child.once('exit', () => void this.#startAgain(child, startedAt));
  }

  /** Not started again any more, when it dies or while it starts. */
  stayDown(): void {
    this.#stopping = true;
  }

  async stop(): Promise<void> {
    this.stayDown();
    if (this.#child !== undefined) await stopPart(this.#child, this.spec.stopSignal, this.spec.stopWithinMs);
  }

  /** A call, since the answer changes while others are awaited. */
  #isToStop(): boolean {
    return this.#stopping;
  }

  async #startAgain(child: ChildProcess, startedAt: number): Promise<void> {
    if (this.#isToStop()) return;
    const { name } = this.spec;
    if (Date.now() - startedAt > WELL_AFTER_MS) this.#pauseMs = FIRST_PAUSE_MS;
    this.#listener.say(
      `${name} died (${howItEnded(child)}): starting it again in ${String(this.#pauseMs)} ms`,
    );
    for (;;) {
      await sleep(this.#pauseMs);
      this.#pauseMs = Math.min(2 * this.#pauseMs, LONGEST_PAUSE_MS);
      if (this.#isToStop()) return;
      const from = Date.now();
      try {
        await this.start();
        this.#listener.say(`${name} is back after ${String(Date.now() - from)} ms`);
        this.#listener.startedAgain();
        return;
      } catch (error) {
        if (this.#isToStop()) return;
        // One that hung while it started must not run beside the next.
        if (this.#child !== undefined) await stopPart(this.#child, 'SIGKILL', 1_000);
        this.#listener.say(
          `${name} did not start (${(error as Error).message}): again in ${String(this.#pauseMs)} ms`,
        );
      }
    }
  }
}
