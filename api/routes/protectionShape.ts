import { z } from 'zod';
import type { Pool } from '../../ops/postgres.ts';
import {
  BLOCK_KINDS,
  blocksOf,
  LIMIT_KINDS,
  LIMIT_PERIODS,
  limitsOf,
  type Block,
  type Limit,
} from '../../players/index.ts';
import { nullable } from '../schemas.ts';

export const limitShape = z
  .object({
    kind: z.enum(LIMIT_KINDS),
    period: z.enum(LIMIT_PERIODS),
    currency: z.string(),
    amount: z.int(),
    used: z.int(),
    resetsAt: nullable(z.string()),
    pending: nullable(z.object({ amount: nullable(z.int()), effectiveAt: z.string() })),
  })
  .meta({ id: 'Limit' });

export const blockShape = z
  .object({
    blockId: z.string(),
    kind: z.enum(BLOCK_KINDS),
    from: z.string(),
    until: nullable(z.string()),
    reason: nullable(z.string()),
  })
  .meta({ id: 'Block' });

const limitOf = ({ raiseTo, raiseAt, amount, used, resetsAt, ...rest }: Limit) => ({
  ...rest,
  amount: Number(amount),
  used: Number(used),
  resetsAt: resetsAt?.toISOString() ?? null,
  pending:
    raiseAt === null
      ? null
      : { amount: raiseTo === null ? null : Number(raiseTo), effectiveAt: raiseAt.toISOString() },
});

const blockOf = ({ from, until, ...rest }: Block) => ({
  ...rest,
  from: from.toISOString(),
  until: until?.toISOString() ?? null,
});

/** The limits of a player with their use, and the blocks in force. */
export async function protectionOf(pool: Pool, playerId: string) {
  const [limits, blocks] = await Promise.all([limitsOf(pool, playerId), blocksOf(pool, playerId)]);
  return { limits: limits.map(limitOf), blocks: blocks.map(blockOf) };
}
