import type { RoundStatus, WagerStatus } from '../contract/states/round.ts';
import type { Pool } from '../ops/postgres.ts';
import type { PotAmount } from './jackpots.ts';

export interface Wager {
  readonly wagerId: string;
  /** Null of a tombstone whose wager never came, as are the next four. */
  readonly roundId: string | null;
  readonly playerId: string | null;
  readonly gameId: string | null;
  readonly amount: bigint | null;
  readonly currency: string | null;
  readonly status: WagerStatus;
  readonly payout: bigint;
  readonly transferIds: readonly string[];
  readonly contributions: readonly PotAmount[];
  /** What it has won from pots, beside the payout. */
  readonly jackpots: readonly PotAmount[];
  /** Microseconds since 1970, as digits: the key of a page. */
  readonly placedAt: string;
}

export interface Round {
  readonly roundId: string;
  readonly gameId: string;
  readonly status: RoundStatus;
  readonly openedAt: Date;
  readonly closedAt: Date | null;
}

const ofWager = `wager_id as "wagerId", round_id as "roundId", player_id as "playerId", game_id as "gameId", amount, currency, status, payout,
  transfer_ids as "transferIds", coalesce(contributions, '[]') as contributions,
  (select coalesce(jsonb_agg(jsonb_build_object('potId', pot_id, 'amount', won) order by pot_id), '[]')
     from rounds.wins_of(client_id, wager_id)) as jackpots, (extract(epoch from placed_at) * 1000000)::bigint::text as "placedAt"`;

/** The clients that have a round, or a wager, of this id: for people, who belong to none. */
export async function clientsWith(pool: Pool, what: 'round' | 'wager', id: string): Promise<string[]> {
  const { rows } = await pool.query<{ clientId: string }>(
    what === 'round'
      ? {
          name: 'clients_with_round',
          text: 'select client_id as "clientId" from rounds.rounds where round_id = $1::text order by 1',
          values: [id],
        }
      : {
          name: 'clients_with_wager',
          text: 'select client_id as "clientId" from rounds.wagers where wager_id = $1::text order by 1',
          values: [id],
        },
  );
  return rows.map(({ clientId }) => clientId);
}

export async function findRound(pool: Pool, clientId: string, roundId: string): Promise<Round | undefined> {
  const { rows } = await pool.query<Round>({
    name: 'find_round',
    text: `select round_id as "roundId", game_id as "gameId", status, opened_at as "openedAt", closed_at as "closedAt"
             from rounds.rounds where client_id = $1::text and round_id = $2::text`,
    values: [clientId, roundId],
  });
  return rows[0];
}

/** A page of a round's wagers, newest first, from after the wager `[placedAt, wagerId]`. */
export async function wagersOf(
  pool: Pool,
  clientId: string,
  roundId: string,
  after: readonly string[],
  limit: number,
): Promise<Wager[]> {
  const { rows } = await pool.query<Wager>({
    name: 'wagers_of_round',
    text: `select ${ofWager} from rounds.wagers
            where client_id = $1::text and round_id = $2::text
              and (placed_at, wager_id) < (coalesce('epoch'::timestamptz + $3::bigint * interval '1 microsecond', 'infinity'), coalesce($4::text, ''))
            order by placed_at desc, wager_id desc limit $5::int`,
    values: [clientId, roundId, after[0], after[1], limit],
  });
  return rows;
}

export async function findWager(pool: Pool, clientId: string, wagerId: string): Promise<Wager | undefined> {
  const { rows } = await pool.query<Wager>({
    name: 'find_wager',
    text: `select ${ofWager} from rounds.wagers where client_id = $1::text and wager_id = $2::text`,
    values: [clientId, wagerId],
  });
  return rows[0];
}
