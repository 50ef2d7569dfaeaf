import type { Pool } from '../../ops/postgres.ts';

/** What is read in pieces; a piece is small enough for one statement: a tenth of a second. */
export const PASSES = ['accounts', 'transfers', 'outcomes'] as const;
export type Pass = (typeof PASSES)[number];

/** The place before the first, and one beyond what can be, so that the ends take in what should not be there at all. */
export const FIRST: Record<Pass, string> = {
  accounts: '-9223372036854775808',
  transfers: '-infinity',
  outcomes: '00000000-0000-0000-0000-000000000000',
};
const LAST: Record<Pass, string> = {
  accounts: '9223372036854775807',
  transfers: 'infinity',
  outcomes: 'ffffffff-ffff-ffff-ffff-ffffffffffff',
};

const ENTRIES = 50_000;
const ACCOUNTS = 5_000;
const ROWS = 10_000;

/** Where the piece after `from` ends, and about how many rows are in it; `next` is null where it is the last. */
export interface Range {
  readonly to: string;
  readonly next: string | null;
  readonly size: number;
}

export async function cut(pool: Pool, pass: Pass, from: string): Promise<Range> {
  const range = pass === 'accounts' ? await cutAccounts(pool, from) : await cutRows(pool, pass, from);
  return range ?? { to: LAST[pass], next: null, size: ROWS };
}

/** One account is never cut, so that a busy one takes longer. An account's version says how many entries it has. */
async function cutAccounts(pool: Pool, from: string): Promise<Range | undefined> {
  const { rows } = await pool.query<{ id: bigint; version: number }>(
    'select id, version::float8 as version from ledger.accounts where id > $1::bigint order by id limit $2',
    [from, ACCOUNTS],
  );
  let size = 0;
  for (const [at, { id, version }] of rows.entries()) {
    size += version;
    if (at + 1 === ACCOUNTS || size >= ENTRIES) return { to: String(id), next: String(id), size };
  }
  return { to: LAST.accounts, next: null, size };
}

/** A piece of transfers ends a microsecond before the next begins, for it takes in both its ends. */
const CUTS: Record<Exclude<Pass, 'accounts'>, string> = {
  transfers: `
    select to_json(written_at - interval '1 microsecond') #>> '{}' as "to", to_json(written_at) #>> '{}' as next
      from ledger.transfers where written_at > $1 order by written_at offset $2 limit 1`,
  outcomes: 'select id as "to", id as next from ledger.outcomes where id > $1 order by id offset $2 limit 1',
};

async function cutRows(pool: Pool, pass: keyof typeof CUTS, from: string): Promise<Range | undefined> {
  const { rows } = await pool.query<Omit<Range, 'size'>>(CUTS[pass], [from, ROWS]);
  return rows[0] && { ...rows[0], size: ROWS };
}
