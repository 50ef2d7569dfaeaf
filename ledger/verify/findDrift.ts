import type { Pool } from '../../ops/postgres.ts';
import { walkChain } from '../chain.ts';
import { ODD_ACCOUNTS } from './accountChecks.ts';
import { CHECKS, type Check } from './checks.ts';
import type { Drift } from './drift.ts';
import { inOrder } from './inOrder.ts';
import { cut, FIRST, PASSES, type Pass } from './ranges.ts';
import { readPiece } from './readPiece.ts';
import { TRANSFERS } from './transferChecks.ts';

/** What the checks of a pass read from: once, for all of them. */
const PREFIX: Record<Pass, string> = { accounts: ODD_ACCOUNTS, transfers: TRANSFERS, outcomes: '' };

export { describeDrift, type Drift } from './drift.ts';

/** Where a verification has come to: all before it is done. */
export interface Place {
  readonly pass: Pass | 'chain' | 'whole' | 'done';
  readonly from: string;
}

export const START: Place = { pass: 'accounts', from: FIRST.accounts };

/** A piece of the ledger that has been looked at. */
export interface Step {
  readonly drift: readonly Drift[];
  /** About how many rows it was: entries, transfers, outcomes, then the transfers of the chain. */
  readonly size: number;
  /** Where to go on. */
  readonly next: Place;
}

/** Recomputes the whole ledger and answers every row that does not hold. It repairs nothing. Postings may go on meanwhile. */
export async function findDrift(pool: Pool, checks: readonly Check[] = CHECKS): Promise<Drift[]> {
  const found: Drift[] = [];
  for await (const { drift } of verify(pool, START, checks)) found.push(...drift);
  return found;
}

/**
 * The same piece by piece, from any place on. The checks of a piece are one statement, so they see one moment, and no
 * snapshot is held from piece to piece: vacuum goes on, and so do postings. A piece holds by itself at any moment, for an
 * account is written together with its entries, and so is a transfer.
 */
export async function* verify(
  pool: Pool,
  place: Place,
  checks: readonly Check[] = CHECKS,
): AsyncGenerator<Step> {
  let at = place;
  for await (const step of inOrder(ranges(pool, place, checks))) {
    at = step.next;
    yield step;
  }
  if (at.pass === 'chain') {
    for await (const { block, drift } of walkChain(pool, BigInt(at.from))) {
      yield { drift, size: block.transfers, next: { pass: 'chain', from: String(block.number) } };
    }
    at = { pass: 'whole', from: '' };
  }
  if (at.pass === 'whole') {
    const drift = await run(
      pool,
      checks.filter(({ over }) => over === undefined),
      [],
    );
    yield { drift, size: 0, next: { pass: 'done', from: '' } };
  }
}

async function* ranges(
  pool: Pool,
  place: Place,
  checks: readonly Check[],
): AsyncGenerator<() => Promise<Step>> {
  for (let at = place; at.pass !== 'chain' && at.pass !== 'whole' && at.pass !== 'done';) {
    const { pass, from } = at;
    const { to, next, size } = await cut(pool, pass, from);
    at = next === null ? after(pass) : { pass, from: next };
    const [mine, then] = [checks.filter(({ over }) => over === pass), at];
    yield async () => ({ drift: await run(pool, mine, [from, to]), size, next: then });
  }
}

function after(pass: Pass): Place {
  const next = PASSES[PASSES.indexOf(pass) + 1];
  return next === undefined ? { pass: 'chain', from: '0' } : { pass: next, from: FIRST[next] };
}

async function run(pool: Pool, checks: readonly Check[], range: readonly string[]): Promise<Drift[]> {
  if (checks.length === 0) return [];
  // Values as text: a large amount as a number of JSON would lose its last digits.
  const branches = checks.map(
    ({ name, sql }) =>
      `select '${name}' as name, (select json_object_agg(key, value) from json_each_text(row_to_json(r))) as row from (${sql}) r`,
  );
  const prefix = checks[0]?.over === undefined ? '' : PREFIX[checks[0].over];
  const rows = await readPiece<{ name: string; row: Drift['row'] }>(
    pool,
    `${prefix} ${branches.join(' union all ')}`,
    range,
  );
  const broken = new Map(checks.map((check) => [check.name, check.broken]));
  return rows.map(({ name, row }) => ({ check: name, broken: broken.get(name) ?? '', row }));
}
