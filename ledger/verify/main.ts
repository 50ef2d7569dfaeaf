import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createPool, type Pool } from '../../ops/postgres.ts';
import { CHECKS } from './checks.ts';
import { describeDrift, findDrift, type Drift } from './findDrift.ts';

const HELP = `Recomputes the ledger and reports every row that drifts. It repairs nothing.

  npm run verify              one line per drifting row; exit code 1 if there is any
  npm run verify -- --json    the same as one JSON object: {"holds", "checks", "counts", "drift"}

It reads DATABASE_URL, or, where that is not set, asks the running stack (stack.json in the data folder: .countroom, or
what COUNTROOM_DATA names). Exit code 2: it could not look.

It checks:
${CHECKS.map(({ name }) => `  ${name}`).join('\n')}`;

/** Said as it is, without a stack: the person who runs this can do something about it. */
class Sentence extends Error {}

function databaseUrl(env: NodeJS.ProcessEnv): string {
  if (env['DATABASE_URL']) return env['DATABASE_URL'];
  const file = join(env['COUNTROOM_DATA'] ?? '.countroom', 'stack.json');
  try {
    return (JSON.parse(readFileSync(file, 'utf8')) as { databaseUrl: string }).databaseUrl;
  } catch {
    throw new Sentence(
      `There is no ledger to verify: DATABASE_URL is not set, and no stack runs (no ${file}). Remedy: set it, or \`npm start\`.`,
    );
  }
}

async function count(pool: Pool): Promise<Record<string, bigint>> {
  const tables = ['accounts', 'transfers', 'entries', 'holds', 'outcomes'];
  const { rows } = await pool.query<Record<string, bigint>>(
    `select ${tables.map((table) => `(select count(*) from ledger.${table}) as ${table}`).join(', ')}`,
  );
  return rows[0] ?? {};
}

function report(drift: readonly Drift[], counts: Record<string, bigint>, asJson: boolean): void {
  const checked = Object.entries(counts)
    .map(([table, rows]) => `${String(rows)} ${table}`)
    .join(', ');
  if (asJson) {
    const answer = { holds: drift.length === 0, checks: CHECKS.map(({ name }) => name), counts, drift };
    console.log(
      JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
    );
  } else if (drift.length === 0) {
    console.log(`The ledger holds: ${String(CHECKS.length)} checks over ${checked}.`);
  } else {
    for (const row of drift) console.log(describeDrift(row));
    console.error(`The ledger drifts: ${String(drift.length)} rows, of ${checked}.`);
  }
}

async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const unknown = args.find((arg) => !['--json', '--help', '-h'].includes(arg));
  if (unknown !== undefined) throw new Sentence(`${unknown} is no option of this command.\n\n${HELP}`);
  if (args.includes('--help') || args.includes('-h')) {
    console.log(HELP);
    return 0;
  }
  const pool = createPool(databaseUrl(env), { max: 1, onIdleError: () => undefined });
  try {
    const drift = await findDrift(pool);
    report(drift, await count(pool), args.includes('--json'));
    return drift.length === 0 ? 0 : 1;
  } finally {
    await pool.end();
  }
}

try {
  process.exitCode = await main(process.argv.slice(2), process.env);
} catch (error) {
  if (error instanceof Sentence) console.error(error.message);
  else
    console.error(
      `The ledger could not be read: ${error instanceof Error ? error.message || (error as NodeJS.ErrnoException).code : String(error)}`,
    );
  process.exit(2); // the driver leaves the connection of a failed login open, which would keep us here for a minute
}
