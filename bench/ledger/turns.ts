import { bar } from '../../ops/progress.ts';
import { median, percentile, type Report } from '../support/report.ts';

/** One of those that are compared. */
export interface Contender {
  readonly name: string;
  /** Does some postings, and answers how many. */
  readonly work: () => Promise<number>;
  /** Callers at once, each one after the other. */
  readonly callers: number;
  /** Before its turn, outside the time. */
  readonly before?: () => Promise<unknown>;
  /** What runs beside it while its turn lasts, until it is stopped. */
  readonly beside?: () => { stop: () => Promise<unknown> };
}

export interface Turn {
  readonly perSecond: number;
  readonly latencies: readonly number[];
}

/** As many as `callers` manage in the given time. */
export async function turn(work: () => Promise<number>, callers: number, seconds: number): Promise<Turn> {
  const latencies: number[] = [];
  let done = 0;
  const started = performance.now();
  const until = started + seconds * 1_000;
  const caller = async () => {
    while (performance.now() < until) {
      const asked = performance.now();
      const count = await work(); // apart: `done += await` would read `done` before it waits
      done += count;
      latencies.push(performance.now() - asked);
    }
  };
  await Promise.all(Array.from({ length: callers }, caller));
  return { perSecond: (done / (performance.now() - started)) * 1_000, latencies };
}

/** What each contender came to, by its name. */
export class Turns {
  readonly #turns = new Map<string, Turn[]>();

  add(name: string, one: Turn): void {
    this.#turns.set(name, [...(this.#turns.get(name) ?? []), one]);
  }

  /** Postings a second: the median of its turns. */
  rate(name: string): number {
    return median((this.#turns.get(name) ?? []).map(({ perSecond }) => perSecond));
  }

  /** Milliseconds: the median of its turns' percentiles. */
  at(name: string, p: number): number {
    return median((this.#turns.get(name) ?? []).map(({ latencies }) => percentile(latencies, p)));
  }

  ratio = (one: string, other: string) => this.rate(one) / this.rate(other);

  figures(): Report['figures'] {
    const figures: Record<string, { value: number; unit: string }> = {};
    for (const name of this.#turns.keys()) {
      const key = name.replaceAll(' ', '_');
      figures[key] = { value: Math.round(this.rate(name)), unit: 'postings/s' };
      for (const p of [50, 95, 99])
        figures[`${key}_p${String(p)}`] = { value: this.at(name, p / 100), unit: 'ms' };
    }
    return figures;
  }

  show(): void {
    const heads = ['p50 ms', 'p95', 'p99'].map((head) => head.padStart(9)).join('');
    console.log(`  ${'the median'.padEnd(32)}${'a second'.padStart(9)}${heads}`);
    for (const name of this.#turns.keys()) {
      const ms = [0.5, 0.95, 0.99].map((p) => this.at(name, p).toFixed(2).padStart(9)).join('');
      console.log(`  ${name.padEnd(32)}${this.rate(name).toFixed(0).padStart(9)}${ms}`);
    }
  }
}

/** All in turns, several rounds; each round begins with another one, so that none is always the first after a pause. */
export async function inTurns(
  contenders: readonly Contender[],
  { rounds, seconds }: { rounds: number; seconds: number },
): Promise<Turns> {
  const turns = new Turns();
  const shown = bar('turns', rounds * contenders.length, process.stderr);
  for (const { work, callers } of contenders) await turn(work, callers, 0.3); // until plans are kept
  for (let round = 0; round < rounds; round += 1) {
    const first = Math.floor((round * contenders.length) / rounds);
    const order = [...contenders.slice(first), ...contenders.slice(0, first)];
    for (const [nth, { name, work, callers, before, beside }] of order.entries()) {
      shown.at(round * contenders.length + nth, `round ${String(round + 1)}: ${name}`);
      await before?.();
      const other = beside?.();
      turns.add(name, await turn(work, callers, seconds));
      await other?.stop();
    }
  }
  shown.clear();
  return turns;
}
