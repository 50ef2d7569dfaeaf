import { randomInt } from 'node:crypto';
import { parseArgs } from 'node:util';
import { stopTestServer } from '../support/postgres.ts';
import { playHistories } from './histories.ts';

const USAGE = `usage: npm run property -- [--operations N] [--seeds N] [--parallel N] [--seed S [--path P]]
  Plays random histories against a ledger of its own, many operations at once, and looks for an order in which a ledger
  without concurrency would have answered the same; then checks every invariant. Exit code 1 where there is none.
  --operations N  of each seed, 10000 unless told
  --seeds N       how many seeds, 1 unless told
  --parallel N    how many of them at once, 2 unless told
  --seed S        the first seed, the others follow it; by chance unless told
  --path P        one history of that seed alone, as a failure has named it`;

interface Options {
  readonly operations: number;
  readonly seeds: readonly number[];
  readonly parallel: number;
  readonly path: string | undefined;
}

function readOptions(): Options {
  const text = { type: 'string' } as const;
  const options = { operations: text, seeds: text, parallel: text, seed: text, path: text } as const;
  const { values } = parseArgs({ options: { ...options, help: { type: 'boolean', short: 'h' } } });
  if (values.help) {
    console.log(USAGE);
    process.exit(0);
  }
  const whole = (name: 'operations' | 'seeds' | 'parallel' | 'seed', otherwise: number) => {
    const value = values[name] ?? String(otherwise);
    if (!/^[1-9]\d{0,8}$/.test(value)) throw new Error(`--${name} is a whole number, not ${value}`);
    return Number(value);
  };
  const first = whole('seed', randomInt(1, 1_000_000_000));
  const seeds = Array.from(
    { length: values.path === undefined ? whole('seeds', 1) : 1 },
    (_, n) => first + n,
  );
  return {
    operations: whole('operations', 10_000),
    seeds,
    parallel: whole('parallel', 2),
    path: values.path,
  };
}

async function main({ operations, seeds, parallel, path }: Options): Promise<boolean> {
  const started = performance.now();
  const done = new Map<number, number>();
  const failed: number[] = [];
  const total = () => [...done.values()].reduce((sum, one) => sum + one, 0);
  const seconds = () => (performance.now() - started) / 1_000;
  const progress = () =>
    console.log(
      `  ${String(total())} of ${String(operations * seeds.length)} operations, ${(total() / seconds()).toFixed(0)} a second, ${String(failed.length)} seeds failed`,
    );
  const waiting = [...seeds];
  const one = async () => {
    for (let seed = waiting.shift(); seed !== undefined; seed = waiting.shift()) {
      const now = seed;
      const asked = { seed, operations, path, onProgress: (count: number) => done.set(now, count) };
      try {
        const histories = await playHistories(asked);
        console.log(
          `seed ${String(now)} holds: ${String(done.get(now))} operations in ${String(histories)} histories`,
        );
      } catch (error) {
        failed.push(now);
        console.error(error instanceof Error ? error.message : error);
      }
    }
  };
  console.log(`seeds ${String(seeds[0])} to ${String(seeds.at(-1))}`);
  const ticks = setInterval(progress, 10_000);
  await Promise.all(Array.from({ length: parallel }, one));
  clearInterval(ticks);
  progress();
  if (failed.length > 0) console.error(`Failed: seeds ${failed.join(', ')}`);
  return failed.length === 0;
}

try {
  const options = readOptions();
  process.exitCode = (await main(options)) ? 0 : 1;
} catch (error) {
  console.error(`${(error as Error).message}\n\n${USAGE}`);
  process.exitCode = 2;
} finally {
  await stopTestServer();
}
