import { createHash, randomUUID } from 'node:crypto';
import { pipeline } from 'node:stream/promises';
import type { Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { inTransaction, type Pool, type Tx } from '../ops/postgres.ts';

/** As many lines as go to Postgres at once: what bounds the memory, however long the file is. */
const AT_ONCE = 5_000;

const COLUMNS = [
  'kind',
  'reference',
  'key',
  'providerReference',
  'amount',
  'currency',
  'state',
  'at',
] as const;
type Column = (typeof COLUMNS)[number];

const words = z.string().regex(/^[\x20-\x7e]{1,255}$/, 'must be 1 to 255 printable ASCII characters');
const cell: Record<Column, z.ZodType<string>> = {
  kind: z.enum(['payment', 'payout'], 'must be payment or payout'),
  reference: words,
  key: words,
  providerReference: words,
  amount: z.string().regex(/^\d{1,15}$/, 'must be a whole number of minor units, without a sign'),
  currency: z.string().regex(/^[A-Z]{3,5}$/, 'must be a currency code of three to five capital letters'),
  state: z.enum(
    ['captured', 'refunded', 'charged_back', 'paid', 'returned'],
    'must be captured, refunded, charged_back, paid or returned',
  ),
  at: z.iso.datetime({ offset: true, error: 'must be an ISO 8601 time with its zone' }),
};

/** A settlement file that cannot be read; nothing of it is kept. */
export class SettlementFileError extends Error {}

export interface SettlementFile {
  readonly provider: string;
  /** The time it covers: ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** A person's id, or `countroom`. */
  readonly by: string;
}

/**
 * Stores a settlement file of any length, all of it or nothing. The same bytes for the same time are the same
 * reconciliation, `known` then.
 *
 * @throws SettlementFileError that names the line and the column
 */
export async function storeSettlementFile(
  pool: Pool,
  file: SettlementFile,
  csv: Readable,
): Promise<{ reconciliationId: string; known: boolean }> {
  let key: readonly unknown[] = [];
  try {
    return await inTransaction(pool, async (tx) => {
      // The file comes at the pace of whoever sends it, and the last line decides whether the first is kept.
      await tx.query(`set local idle_in_transaction_session_timeout = '60s'`);
      const reconciliationId = randomUUID();
      const { sha256, lines } = await load(tx, reconciliationId, csv);
      key = [file.provider, file.from, file.to, sha256];
      await tx.query(
        `insert into payments.reconciliations (provider, from_at, to_at, sha256, reconciliation_id, lines, asked_by)
         values ($1, $2, $3, $4, $5, $6, $7)`,
        [...key, reconciliationId, lines, file.by],
      );
      return { reconciliationId, known: false };
    });
  } catch (error) {
    if ((error as { constraint?: unknown }).constraint !== 'reconciliations_once') throw error;
    const { rows } = await pool.query<{ id: string }>(
      `select reconciliation_id as id from payments.reconciliations where (provider, from_at, to_at, sha256) = ($1, $2, $3, $4)`,
      [...key],
    );
    return { reconciliationId: rows[0]?.id ?? '', known: true };
  }
}

async function load(tx: Tx, id: string, csv: Readable): Promise<{ sha256: string; lines: number }> {
  const hash = createHash('sha256');
  let lines = 0;
  await pipeline(
    csv,
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        hash.update(chunk);
        yield chunk;
      }
    },
    parse({ columns: header, bom: true, skip_empty_lines: true, max_record_size: 10_000 }),
    async (records: AsyncIterable<Record<Column, string>>) => {
      let batch: Record<Column, string>[] = [];
      for await (const record of records) {
        lines += 1;
        requireFit(record, lines);
        batch.push(record);
        if (batch.length < AT_ONCE) continue;
        await insert(tx, id, lines - batch.length, batch);
        batch = [];
      }
      if (batch.length > 0) await insert(tx, id, lines - batch.length, batch);
    },
  ).catch((error: unknown) => {
    throw error instanceof CsvError ? new SettlementFileError(error.message) : error;
  });
  return { sha256: hash.digest('hex'), lines };
}

function header(names: string[]): string[] {
  const missing = COLUMNS.find((column) => !names.includes(column));
  if (missing === undefined) return names;
  throw new SettlementFileError(
    `line 1: there is no column ${missing}; the columns are ${COLUMNS.join(',')}`,
  );
}

/** Lines are counted as in an editor: the header is the first. */
function requireFit(record: Record<Column, string>, nth: number): void {
  for (const column of COLUMNS) {
    const { error } = cell[column].safeParse(record[column]);
    if (error === undefined) continue;
    throw new SettlementFileError(
      `line ${String(nth + 1)}, column ${column}: ${error.issues[0]?.message ?? 'does not fit'}`,
    );
  }
}

async function insert(tx: Tx, id: string, before: number, batch: Record<Column, string>[]): Promise<void> {
  await tx.query({
    name: 'insert_settlement_lines',
    text: `insert into payments.settlement_lines (reconciliation_id, line, kind, reference, key, provider_reference, amount, currency, state, at)
           select $1::uuid, $2::int + nth, kind, reference, key, provider_reference, amount, currency, state, at
             from unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::timestamptz[])
                  with ordinality as line (kind, reference, key, provider_reference, amount, currency, state, at, nth)`,
    values: [id, before + 1, ...COLUMNS.map((column) => batch.map((record) => record[column]))],
  });
}
