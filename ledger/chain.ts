import { callRow, type Pool } from '../ops/postgres.ts';
import { hashOf, readBlocks, recompute, type Block } from './verify/block.ts';
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
 * database at its word, for who may change rows may change functions. Holds no snapshot between two blocks.
 */
export const walkChain = (pool: Pool, after: bigint): AsyncGenerator<Checked> =>
  inOrder(checksOf(pool, after));

interface Checked {
  readonly block: Block;
  readonly drift: Drift[];
}

async function* checksOf(pool: Pool, after: bigint): AsyncGenerator<() => Promise<Checked>> {
  let [before] = after > 0n ? await readBlocks(pool, after - 1n, 1) : [];
  let key = after;
  for (;;) {
    const blocks = await readBlocks(pool, key, BLOCKS_A_PAGE);
    for (const block of blocks) {
      const mine = before;
      yield async () => ({ block, drift: await checkBlock(pool, block, mine) });
      before = block;
      key = block.number;
    }
    if (blocks.length < BLOCKS_A_PAGE) return;
  }
}

/** Whether the block that was noted is still there, and still the same. */
export async function compareHead(pool: Pool, { number, hash }: Head): Promise<Drift[]> {
  const [block] = await readBlocks(pool, number - 1n, 1);
  const is = block?.number === number ? block.hash.toString('hex') : null;
  if (is === hash) return [];
  const broken =
    is === null
      ? 'the chain ends before the head that was noted: its tail was cut off'
      : 'this block is another than the one that was noted: the chain was written anew';
  return [{ check: 'chain_has_the_noted_head', broken, row: { number, noted: hash, is } }];
}

async function checkBlock(pool: Pool, block: Block, before: Block | undefined): Promise<Drift[]> {
  const found = await recompute(pool, block, before);
  const drift = [...links(block, before), ...(await differences(pool, block, found))];
  const ordered = block.ids.every((id, at) => id === found[at]?.id);
  if (drift.length > 0 || (ordered && hashOf(block, found).equals(block.hash))) return drift;
  const broken = 'the transfers of this block are unchanged, and its hash or its list of them is not';
  return [
    {
      check: 'blocks_have_their_hash',
      broken,
      row: { number: block.number, hash: block.hash.toString('hex') },
    },
  ];
}

/** What is wrong between a block and the one before it. */
function links(block: Block, before: Block | undefined): Drift[] {
  const follows =
    block.number === (before?.number ?? 0n) + 1n &&
    block.first_position === (before?.last_position ?? 0n) + 1n &&
    block.last_position === (before?.last_position ?? 0n) + BigInt(block.ids.length) &&
    block.previous_hash.equals(before?.hash ?? Buffer.alloc(32));
  if (follows) return [];
  const row = {
    number: block.number,
    before: before?.number ?? null,
    previous_hash: block.previous_hash.toString('hex'),
  };
  return [{ check: 'blocks_follow_each_other', broken: 'this block does not follow the one before it', row }];
}
