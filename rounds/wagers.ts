import type { ProblemCode, Refusal } from '../contract/codes.ts';
import { Gatherer } from '../ops/gather.ts';
import { isOfTheData, type Pool } from '../ops/postgres.ts';
import type { PotAmount } from './jackpots.ts';
import { settleDirect } from './operations.ts';

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
  /** What of the amount goes into pots: each pot once, not more than the amount together. */
  readonly contributions?: readonly PotAmount[] | undefined;
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
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::jsonb[]) s))`,
    values: [
      stakes.map(({ clientId }) => clientId),
      stakes.map(({ roundId }) => roundId),
      stakes.map(({ wagerId }) => wagerId),
      stakes.map(({ playerId }) => playerId),
      stakes.map(({ gameId }) => gameId),
      stakes.map(({ amount }) => amount),
      stakes.map(({ currency }) => currency),
      stakes.map(({ objection }) => objection),
      stakes.map(contributionsOf),
    ],
  });
  return rows.map(answered);
}

/** Null for nearly all stakes; none is the same as no list. */
const contributionsOf = ({ contributions = [] }: Stake): string | null =>
  contributions.length === 0 ? null : JSON.stringify(contributions);

/** Stakes and results at once, both or none of each. */
async function playAll(pool: Pool, plays: readonly Play[]): Promise<Answered[]> {
  const { rows } = await pool.query<Row>({
    name: 'play_all',
    text: `select ${columns} from rounds.play_all(array(select row(p.*)::rounds.play
             from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[], $8::text[], $9::bigint[],
               $10::boolean[], $11::text[], $12::jsonb[]) p))`,
    values: [
      plays.map(({ clientId }) => clientId),
      plays.map(({ roundId }) => roundId),
      plays.map(({ wagerId }) => wagerId),
      plays.map(({ settlementId }) => settlementId),
      plays.map(({ playerId }) => playerId),
      plays.map(({ gameId }) => gameId),
      plays.map(({ amount }) => amount),
      plays.map(({ currency }) => currency),
      plays.map(({ payout }) => payout),
      plays.map(({ closeRound }) => closeRound),
      plays.map(({ objection }) => objection),
      plays.map(contributionsOf),
    ],
  });
  return rows.map(answered);
}

/** Gives stakes back, whatever amounts the callers believe they had; of unknown wagers it leaves tombstones. */
async function rollBackAll(pool: Pool, rollbacks: readonly Rollback[]): Promise<Answered[]> {
  const { rows } = await pool.query<Row>({
    name: 'roll_back_all',
    text: `select ${columns} from rounds.roll_back_all($1::text[], $2::text[], $3::text[], $4::text[])`,
    values: [
      rollbacks.map(({ clientId }) => clientId),
      rollbacks.map(({ wagerId }) => wagerId),
      rollbacks.map(({ rollbackId }) => rollbackId),
      rollbacks.map(({ reason }) => reason),
    ],
  });
  return rows.map(answered);
}

/** What many callers ask for at once goes to the database in batches: one round trip and one commit for all of a batch. */
export function createGameDesk(pool: Pool) {
  const gather = <Item extends { readonly clientId: string }, Answer>(
    work: (pool: Pool, items: readonly Item[]) => Promise<Answer[]>,
  ) => {
    const gatherer = new Gatherer<Item, Answer>((items) => work(pool, items), { poisoned: isOfTheData });
    return (item: Item) => gatherer.ask(item, item.clientId);
  };
  return {
    stake: gather(placeWagers),
    play: gather(playAll),
    rollBack: gather(rollBackAll),
    settle: gather(settleDirect),
  };
}
export type GameDesk = ReturnType<typeof createGameDesk>;

interface Row {
  outcome: 'applied' | 'noop' | 'tombstoned' | 'refused';
  code: ProblemCode | null;
  facts: Record<string, unknown> | null;
  replayed: boolean;
  balance: bigint | null;
  transferIds: string[] | null;
}

function answered({ outcome, code, facts, replayed, balance, transferIds }: Row): Answered {
  return outcome === 'refused'
    ? { outcome, replayed, refusal: { code: code ?? 'internal', ...(facts === null ? {} : { facts }) } }
    : { outcome, replayed, balance, transferIds: transferIds ?? [] };
}
