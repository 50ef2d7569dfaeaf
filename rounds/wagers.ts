import type { ProblemCode, Refusal } from '../contract/codes.ts';
import { Gatherer } from '../ops/gather.ts';
import { callRow, isOfTheData, type Pool } from '../ops/postgres.ts';

export interface Stake {
  readonly clientId: string;
  readonly roundId: string;
  readonly wagerId: string;
  readonly playerId: string;
  readonly gameId: string;
  /** Minor units; 0 is a free round. */
  readonly amount: bigint;
  readonly currency: string;
  /** What the caller's configuration has against it. Told, not answered before, because a known id comes before any rule. */
  readonly objection: ProblemCode | null;
}

export interface Play extends Stake {
  readonly settlementId: string;
  readonly payout: bigint;
  readonly closeRound: boolean;
}

export interface Rollback {
  readonly clientId: string;
  readonly wagerId: string;
  readonly rollbackId: string;
  readonly reason: string | null;
}

/** What a call about one wager comes to. The balance is the player's cash after the call, as it was then. */
export type Answered =
  | {
      readonly outcome: 'applied' | 'noop' | 'tombstoned';
      readonly replayed: boolean;
      readonly balance: bigint | null;
      readonly transferIds: readonly string[];
    }
  | { readonly outcome: 'refused'; readonly replayed: boolean; readonly refusal: Refusal };

const columns = 'outcome, code, facts, replayed, balance, transfer_ids as "transferIds"';

/** Takes stakes, in one database transaction and one round trip; each has an answer of its own, as if it came alone. */
async function placeWagers(pool: Pool, stakes: readonly Stake[]): Promise<Answered[]> {
  const { rows } = await pool.query<Row>({
    name: 'place_wagers',
    text: `select ${columns} from rounds.place_wagers(array(select row(s.*)::rounds.stake
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[]) s))`,
    values: [
      stakes.map(({ clientId }) => clientId),
      stakes.map(({ roundId }) => roundId),
      stakes.map(({ wagerId }) => wagerId),
      stakes.map(({ playerId }) => playerId),
      stakes.map(({ gameId }) => gameId),
      stakes.map(({ amount }) => amount),
      stakes.map(({ currency }) => currency),
      stakes.map(({ objection }) => objection),
    ],
  });
  return rows.map(answered);
}

/** Takes the stakes of many callers at once in batches: one commit for all of a batch. */
export const createWagerDesk = (pool: Pool) =>
  new Gatherer<Stake, Answered>((stakes) => placeWagers(pool, stakes), { poisoned: isOfTheData });
export type WagerDesk = ReturnType<typeof createWagerDesk>;

/** Stake and result at once, all or none. */
export const play = (pool: Pool, p: Play): Promise<Answered> =>
  call(
    pool,
    'play',
    `select ${columns} from rounds.play($1::text, $2::text, $3::text, $4::text, $5::text, $6::text, $7::bigint, $8::text, $9::bigint,
       $10::boolean, $11::text)`,
    [
      p.clientId,
      p.roundId,
      p.wagerId,
      p.settlementId,
      p.playerId,
      p.gameId,
      p.amount,
      p.currency,
      p.payout,
      p.closeRound,
      p.objection,
    ],
  );

/** Gives a stake back, whatever amount the caller believes it had; of an unknown wager it leaves a tombstone. */
export const rollBack = (pool: Pool, r: Rollback): Promise<Answered> =>
  call(pool, 'roll_back', `select ${columns} from rounds.roll_back($1::text, $2::text, $3::text, $4::text)`, [
    r.clientId,
    r.wagerId,
    r.rollbackId,
    r.reason,
  ]);

interface Row {
  outcome: 'applied' | 'noop' | 'tombstoned' | 'refused';
  code: ProblemCode | null;
  facts: Record<string, unknown> | null;
  replayed: boolean;
  balance: bigint | null;
  transferIds: string[] | null;
}

async function call(pool: Pool, name: string, text: string, values: readonly unknown[]): Promise<Answered> {
  return answered(await callRow<Row & { [column: string]: unknown }>(pool, name, text, values));
}

function answered({ outcome, code, facts, replayed, balance, transferIds }: Row): Answered {
  return outcome === 'refused'
    ? { outcome, replayed, refusal: { code: code ?? 'internal', ...(facts === null ? {} : { facts }) } }
    : { outcome, replayed, balance, transferIds: transferIds ?? [] };
}
