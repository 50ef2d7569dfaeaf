import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { parseArgs } from 'node:util';

export interface Report {
  readonly figures: Readonly<Record<string, { value: number; unit: string }>>;
  readonly ratios: Readonly<Record<string, { value: number; goal: string }>>;
}

/** `--quick`, `--json FILE` and `--help`, which every bench has. */
export function readOptions(usage: string): { quick: boolean; json: string | undefined } {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean' }, json: { type: 'string' }, help: { type: 'boolean' } },
  });
  if (values.help) {
    console.log(usage);
    process.exit(0);
  }
  return { quick: values.quick ?? false, json: values.json };
}

export const median = (numbers: readonly number[]) =>
  numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

export function percentile(numbers: readonly number[], p: number): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) * p)] ?? 0;
}

/** Whether a value reaches a goal such as `>= 6`. */
function reaches(value: number, goal: string): boolean {
  const limit = Number(goal.slice(2));
  return goal.startsWith('>=') ? value >= limit : value <= limit;
}

/** Shows the ratios, with a mark where a goal is missed, and writes everything to the file if there is one. */
export function report(name: string, { figures, ratios }: Report, json: string | undefined): void {
  console.log();
  for (const [ratio, { value, goal }] of Object.entries(ratios))
    console.log(
      `  ${ratio.padEnd(34)}${value.toFixed(2).padStart(8)}  goal ${reaches(value, goal) ? goal : `${goal}  MISSED`}`,
    );
  if (json === undefined) return;
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim();
  const machine = [
    `${String(cpus().length)} x ${cpus()[0]?.model ?? 'unknown'}`,
    `${String(Math.round(totalmem() / 2 ** 30))} GiB`,
    `Node ${process.version}`,
  ].join(', ');
  writeFileSync(json, `${JSON.stringify({ name, commit, machine, figures, ratios }, null, 2)}\n`);
}
