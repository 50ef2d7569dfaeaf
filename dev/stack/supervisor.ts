import type { Lock } from './lock.ts';
import { Part, type PartSpec } from './part.ts';
import { Sentence } from './sentence.ts';

/** What the parts are to those who read stack.json, and the order in which they stop. */
export const ROLES = ['api', 'workers', 'providers', 'temporal', 'postgres'] as const;
export type Role = (typeof ROLES)[number];

/** Keeps the parts running until it stops them, in order. */
export class Supervisor {
  readonly #lock: Lock;
  readonly #say: (line: string) => void;
  readonly #changed: () => void;
  readonly #parts: { role: Role; part: Part }[] = [];
  #stopped: Promise<void> | undefined;

  /** @param changed a part was started again, as another process */
  constructor(lock: Lock, say: (line: string) => void, changed: () => void) {
    this.#lock = lock;
    this.#say = say;
    this.#changed = changed;
  }

  async start(role: Role, spec: PartSpec): Promise<void> {
    if (this.#stopped) throw new Sentence('Stopped while starting.');
    const part = new Part(spec, {
      say: this.#say,
      spawned: ({ pid }) => this.#lock.noteStarted(spec.name, pid, spec.stopSignal),
      startedAgain: this.#changed,
    });
    this.#parts.push({ role, part });
    await this.timed(spec.name, () => part.start());
  }

  async timed(name: string, work: () => Promise<void>): Promise<void> {
    const from = Date.now();
    await work();
    this.#say(`  ${name.padEnd(16)} ready in ${((Date.now() - from) / 1000).toFixed(1)} s`);
  }

  pids(role: Role): number[] {
    return this.#parts.flatMap(({ role: theirs, part }) =>
      theirs === role && part.pid !== undefined ? [part.pid] : [],
    );
  }

  stop(): Promise<void> {
    this.#stopped ??= this.#stopInOrder();
    return this.#stopped;
  }

  async #stopInOrder(): Promise<void> {
    // First of all nothing may be started again, or started at all.
    for (const { part } of this.#parts) part.stayDown();
    for (const role of ROLES) {
      await Promise.all(this.#parts.filter((entry) => entry.role === role).map(({ part }) => part.stop()));
    }
  }
}
