import { linkSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { LOCK_FILE, readJson, writeAtomically } from './dataFolder.ts';
import { identityOf, isAlive, type Identity } from './identity.ts';
import { Sentence } from './sentence.ts';
import { killGroup } from './spawnPart.ts';

interface Holder {
  supervisor: Identity;
  parts: Record<string, Identity & { signal: NodeJS.Signals }>;
}

/** Says who runs on a data folder, and which processes are theirs: one supervisor at a time. */
export class Lock {
  readonly #file: string;
  readonly #holder: Holder;

  private constructor(file: string, supervisor: Identity) {
    this.#file = file;
    this.#holder = { supervisor, parts: {} };
  }

  /** Ends what a supervisor that was killed has left running. */
  static async take(folder: string, say: (line: string) => void): Promise<Lock> {
    const self = identityOf(process.pid);
    if (self === undefined) throw new Error('this process cannot be looked up');
    const lock = new Lock(join(folder, LOCK_FILE), self);
    const left = readJson(lock.#file) as Holder | undefined;
    if (left !== undefined && !isAlive(left.supervisor)) {
      await endOrphans(left, say);
      rmSync(lock.#file);
    }
    if (!lock.#create()) {
      const pid = (readJson(lock.#file) as Holder | undefined)?.supervisor.pid;
      throw new Sentence(
        `Countroom is running on ${folder} already (process ${String(pid ?? 'unknown')}). ` +
          'Remedy: stop it with Ctrl-C where it runs, or set COUNTROOM_DATA to another folder.',
      );
    }
    return lock;
  }

  noteStarted(name: string, pid: number | undefined, signal: NodeJS.Signals): void {
    const identity = identityOf(pid);
    if (identity === undefined) return;
    this.#holder.parts[name] = { ...identity, signal };
    writeAtomically(this.#file, this.#holder);
  }

  release(): void {
    rmSync(this.#file, { force: true });
  }

  /** A link, which unlike a rename fails where the name is taken. */
  #create(): boolean {
    const mine = `${this.#file}.${String(process.pid)}`;
    writeAtomically(mine, this.#holder);
    try {
      linkSync(mine, this.#file);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
      throw error;
    } finally {
      rmSync(mine);
    }
  }
}

const PATIENCE_MS = 10_000;

async function endOrphans({ parts }: Holder, say: (line: string) => void): Promise<void> {
  const orphans = Object.entries(parts).filter(([, part]) => isAlive(part));
  if (orphans.length === 0) return;
  say(
    `Ending what a killed stack left running: ${orphans.map(([name, { pid }]) => `${name} (${String(pid)})`).join(', ')}`,
  );
  // The last started first: the API before its database.
  for (const [, part] of orphans.reverse()) {
    process.kill(part.pid, part.signal);
    const until = Date.now() + PATIENCE_MS;
    while (isAlive(part) && Date.now() < until) await sleep(50);
    if (isAlive(part)) killGroup(part.pid);
  }
}
