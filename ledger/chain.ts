import { callRow, type Pool } from '../ops/postgres.ts';
import { checkBlocks, type Block } from './verify/block.ts';
import { differences } from './verify/differences.ts';
import type { Drift } from './verify/drift.ts';
import { inOrder } from './verify/inOrder.ts';

/** The end of the chain. Noted elsewhere, it shows later whether the tail was cut off or written anew. */
export interface Head {
  readonly number: bigint;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** How far the chain has come. */
export interface Extended {
  /** Null while nothing is chained. */
  readonly head: Head | null;
  readonly blocks: number;
  readonly transfers: number;
}

/** A block holds at most as many transfers: few enough to be recomputed in 50 ms. */
const BLOCK = 1_000;
const BLOCKS_A_PAGE = 10;

/**
 * Chains the transfers that came since the last time, block by block, each in a transaction of its own. Safe to repeat, to
 * kill, and to run several times at once: they take turns.
 *
 * @param blocks at most as many, so that a first run over an old ledger can be cut into pieces
 * @see migrations/sql/ledger/600_chain.sql for why no transfer is left out
 */
export async function extendChain(pool: Pool, { blocks = Infinity } = {}): Promise<Extended> {
  let built = 0;
  let transfers = 0;
  while (built < blocks) {
    const block = await callRow<{ transfers: number }>(
      pool,
      'ledger.extend_chain',
      'select transfers from ledger.extend_chain($1::integer)',
      [BLOCK],
    );
    if (block.transfers > 0) built += 1;
    transfers += block.transfers;
    if (block.transfers < BLOCK) break;
  }
  return { head: await readHead(pool), blocks: built, transfers };
}

/** The chain's end, to be noted elsewhere. */
export async function readHead(pool: Pool): Promise<Head | null> {
  const { rows } = await pool.query<Head>(
    `select number, encode(hash, 'hex') as hash from ledger.chain order by number desc limit 1`,
  );
  return rows[0] ?? null;
}

/**
 * Every block after `after`, recomputed from its transfers and entries, with what differs in it. It takes no function of the
 * database at its word, for who may change rows may change functions. Holds no snapshot between two pages.
 */
export async function* walkChain(pool: Pool, after: bigint): AsyncGenerator<Checked> {
  for await (const page of inOrder(pages(pool, after))) yield* page;
}

interface Checked {
  readonly block: Block;
  readonly drift: Drift[];
}

async function* pages(pool: Pool, after: bigint): AsyncGenerator<() => Promise<Checked[]>> {
  for (let from = after; ;) {
    const { rows } = await pool.query<{ number: bigint }>(
      'select number from ledger.chain where number > $1 order by number limit $2',
      [from, BLOCKS_A_PAGE],
    );
    const [start, last] = [from, rows.at(-1)];
    if (last === undefined) return;
    yield () => checkPage(pool, start, rows.length);
    from = last.number;
  }
}

async function checkPage(pool: Pool, after: bigint, most: number): Promise<Checked[]> {
  const checked: Checked[] = [];
  for (const block of await checkBlocks(pool, after, most)) {
    const drift = block.follows
      ? []
      : [drifts('blocks_follow_each_other', 'this block does not follow the one before it', block)];
    if (!block.holds) drift.push(...(await whatDiffers(pool, block)));
    checked.push({ block, drift });
  }
  return checked;
}

async function whatDiffers(pool: Pool, block: Block): Promise<Drift[]> {
  const transfers = await differences(pool, block);
  if (transfers.length > 0) return transfers;
  const broken = 'the transfers of this block are unchanged, and its hash or its list of them is not';
  return [drifts('blocks_have_their_hash', broken, block)];
}

const drifts = (check: string, broken: string, { number, hash }: Block): Drift => ({
  check,
  broken,
  row: { number, hash },
});

/** Whether the block that was noted is still there, and still the same. */
export async function compareHead(pool: Pool, { number, hash }: Head): Promise<Drift[]> {
  const { rows } = await pool.query<Pick<Head, 'hash'>>(
    `select encode(hash, 'hex') as hash from ledger.chain where number = $1`,
    [number],
  );
  const is = rows[0]?.hash ?? null;
  if (is === hash) return [];
  const broken =
    is === null
      ? 'the chain ends before the head that was noted: its tail was cut off'
      : 'this block is another than the one that was noted: the chain was written anew';
  return [{ check: 'chain_has_the_noted_head', broken, row: { number, noted: hash, is } }];
}
