import { bar } from '../../ops/progress.ts';
import { createPool, type Pool } from '../../ops/postgres.ts';
import { compareHead, readHead, type Head } from '../chain.ts';
import { CHECKS } from './checks.ts';
import { describeDrift, verify, type Drift, type Place } from './findDrift.ts';
import { AT_ONCE } from './inOrder.ts';
import { databaseUrl, HELP, placeText, readOptions, Sentence, type Options } from './options.ts';

interface Found {
  readonly drift: readonly Drift[];
  /** Where it was stopped, to go on from there; null where it came to the end. */
  readonly stoppedAt: Place | null;
}

/** About how many rows `verify` will go through, without reading them all. */
async function estimate(pool: Pool): Promise<number> {
  const { rows } = await pool.query<{ size: number }>(
    `select ((select coalesce(sum(version), 0) from ledger.accounts)
           + (select coalesce(sum(greatest(reltuples, 0)), 0) from pg_class
               where relnamespace = 'ledger'::regnamespace and relkind = 'r' and (relname like 'transfers\\_%' or relname = 'outcomes'))
           + (select coalesce(max(last_position), 0) from ledger.chain))::float8 as size`,
  );
  return rows[0]?.size ?? 0;
}

/** A row that drifts is said as soon as it is found. */
async function look(pool: Pool, { json, head, from }: Options): Promise<Found> {
  const progress = bar('rows', await estimate(pool), process.stderr);
  const drift: Drift[] = [];
  const add = (more: readonly Drift[]) => {
    drift.push(...more);
    if (json || more.length === 0) return;
    progress.clear();
    for (const row of more) console.log(describeDrift(row));
  };
  const stop = new AbortController();
  process.on('SIGINT', () => {
    stop.abort();
  });
  if (head !== undefined) add(await compareHead(pool, head));
  let done = 0;
  for await (const step of verify(pool, from)) {
    add(step.drift);
    done += step.size;
    if (stop.signal.aborted) {
      progress.clear();
      return { drift, stoppedAt: step.next };
    }
    progress.at(done, step.next.pass);
  }
  progress.clear();
  return { drift, stoppedAt: null };
}

async function count(pool: Pool): Promise<Record<string, bigint>> {
  const tables = ['accounts', 'transfers', 'entries', 'holds', 'outcomes'];
  const { rows } = await pool.query<Record<string, bigint>>(
    `select ${tables.map((table) => `(select count(*) from ledger.${table}) as ${table}`).join(', ')}`,
  );
  return rows[0] ?? {};
}

interface Report extends Found {
  readonly counts: Record<string, bigint>;
  readonly head: Head | null;
}

function reportJson({ drift, counts, head, stoppedAt }: Report): void {
  const checks = CHECKS.map(({ name }) => name);
  const holds = drift.length === 0 && stoppedAt === null;
  const answer = { holds, checks, counts, head, drift, stoppedAt: stoppedAt && placeText(stoppedAt) };
  console.log(
    JSON.stringify(answer, (_, value: unknown) => (typeof value === 'bigint' ? value.toString() : value)),
  );
}

function report({ drift, counts, head, stoppedAt }: Report, { from }: Options): void {
  const checked = Object.entries(counts)
    .map(([table, rows]) => `${String(rows)} ${table}`)
    .join(', ');
  if (stoppedAt !== null)
    console.error(`Stopped. To go on: npm run verify -- --from ${placeText(stoppedAt)}`);
  if (drift.length > 0) console.error(`The ledger drifts: ${String(drift.length)} rows, of ${checked}.`);
  if (drift.length > 0 || stoppedAt !== null) return;
  const part = from.pass === 'accounts' && from.from.startsWith('-') ? '' : ` from ${placeText(from)} on`;
  console.log(`The ledger holds${part}: ${String(CHECKS.length)} checks over ${checked}.`);
  if (head !== null) console.log(`The chain ends at ${String(head.number)}:${head.hash}`);
}

async function main(args: readonly string[], env: NodeJS.ProcessEnv): Promise<number> {
  const options = readOptions(args);
  if (options.help) {
    console.log(HELP);
    return 0;
  }
  const pool = createPool(databaseUrl(env), { max: AT_ONCE, onIdleError: () => undefined });
  try {
    const found = await look(pool, options);
    const told = { ...found, counts: await count(pool), head: await readHead(pool) };
    if (options.json) reportJson(told);
    else report(told, options);
    return found.drift.length > 0 ? 1 : found.stoppedAt === null ? 0 : 130;
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
