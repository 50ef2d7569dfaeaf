import type { ProblemCode, Refusal } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

/** Where a player plays, and so whose rules hold. */
export const JURISDICTIONS = ['MT', 'SE', 'GB', 'NJ', 'DK'] as const;
export type Jurisdiction = (typeof JURISDICTIONS)[number];

export interface Player {
  readonly playerId: string;
  readonly jurisdiction: Jurisdiction;
  readonly currencies: readonly string[];
}

/** Registers a player, or changes what is known of one. Refused: `invalid_state` where a dropped currency holds money. */
export async function register(pool: Pool, player: Player): Promise<Refusal | undefined> {
  const { code, facts } = await callRow<{ code: ProblemCode | null; facts: Record<string, unknown> | null }>(
    pool,
    'register_player',
    'select code, facts from players.register($1::text, $2::text, $3::text[])',
    [player.playerId, player.jurisdiction, player.currencies],
  );
  return code === null ? undefined : { code, ...(facts === null ? {} : { facts }) };
}

export async function findPlayer(pool: Pool, playerId: string): Promise<Player | undefined> {
  const { rows } = await pool.query<Player>({
    name: 'find_player',
    text: `
      select p.player_id as "playerId", p.jurisdiction,
             array(select currency from players.currencies c where c.player_id = p.player_id order by currency) as currencies
        from players.players p where p.player_id = $1::text`,
    values: [playerId],
  });
  return rows[0];
}

export interface Balance {
  readonly currency: string;
  readonly cash: bigint;
  readonly inPlay: bigint;
  readonly pendingWithdrawals: bigint;
  readonly owed: bigint;
}

/** What a player has, per currency; undefined for an unknown player. Minor units. */
export async function balancesOf(pool: Pool, playerId: string): Promise<Balance[] | undefined> {
  const { rows } = await pool.query<{ known: boolean; currency: string | null } & Omit<Balance, 'currency'>>({
    name: 'player_balances',
    text: `select known, currency, cash, in_play as "inPlay", pending as "pendingWithdrawals", owed from players.balances($1::text)`,
    values: [playerId],
  });
  if (rows[0]?.known !== true) return undefined;
  return rows.flatMap(({ currency, cash, inPlay, pendingWithdrawals, owed }) =>
    currency === null ? [] : [{ currency, cash, inPlay, pendingWithdrawals, owed }],
  );
}

export interface Award {
  readonly clientId: string;
  readonly awardId: string;
  readonly playerId: string;
  readonly currency: string;
  readonly amount: bigint;
  /** The validated content, to tell a repeat from a conflict. */
  readonly request: object;
  /** What the configuration has against it. */
  readonly objection?: ProblemCode | null;
}

export interface AwardVerdict {
  readonly outcome: 'applied' | 'refused';
  readonly code: ProblemCode | null;
  readonly facts: Record<string, unknown> | null;
  readonly replayed: boolean;
  readonly balance: bigint | null;
  readonly transferId: string | null;
}

/** Pays a win that has no wager. */
export const award = (pool: Pool, a: Award): Promise<AwardVerdict> =>
  callRow<AwardVerdict>(
    pool,
    'award',
    `select outcome, code, facts, replayed, balance, transfer_id as "transferId"
       from players.award($1::text, $2::text, $3::text, $4::text, $5::bigint, $6::jsonb, $7::text)`,
    [a.clientId, a.awardId, a.playerId, a.currency, a.amount, JSON.stringify(a.request), a.objection ?? null],
  );
export * from './protection.ts';
export * from './tasks.ts';
