import type { ProblemCode, Refusal } from '../contract/codes.ts';
import { callRow, type Pool } from '../ops/postgres.ts';

/** A part of a bundle, under the id it would have alone. Amounts are minor units. */
export type Step =
  | { readonly kind: 'wager'; readonly id: string; readonly amount: number }
  | { readonly kind: 'settlement'; readonly id: string; readonly wagerId: string; readonly payout: number }
  | { readonly kind: 'rollback'; readonly id: string; readonly wagerId: string };

/** Steps of one player in one round, in their order, all or none. */
export interface Bundle {
  readonly clientId: string;
  readonly bundleId: string;
  /** The validated content with its defaults: compared where the same id comes again. */
  readonly content: {
    readonly playerId: string;
    readonly gameId: string;
    readonly roundId: string;
    readonly currency: string;
    readonly steps: readonly Step[];
    /** The player has finished the round: what the player has open in it is lost, and it closes unless others play in it. */
    readonly finished: boolean;
  };
  /** What the caller's configuration has against its wagers: see `Stake`. */
  readonly objection: ProblemCode | null;
}

export type StepOutcome = 'applied' | 'noop' | 'tombstoned';

/** What a bundle comes to. The balance is the player's cash after it, as it was then; null of a player who is not known. */
export type Bundled =
  | {
      readonly outcome: 'applied';
      readonly replayed: boolean;
      readonly balance: bigint | null;
      readonly steps: readonly { readonly outcome: StepOutcome; readonly transferIds: readonly string[] }[];
    }
  | { readonly outcome: 'refused'; readonly replayed: boolean; readonly refusal: Refusal };

/**
 * Applies a bundle in one transaction. The first step that is refused refuses all of it: `step` of the facts is its place.
 * Refused with `unavailable`, and not recorded: another operation holds the round just now.
 */
export async function applyBundle(
  pool: Pool,
  { clientId, bundleId, content, objection }: Bundle,
): Promise<Bundled> {
  const { outcome, code, facts, replayed, balance, steps } = await callRow<Row>(
    pool,
    'apply_bundle',
    `select outcome, code, facts, replayed, balance, steps from rounds.apply_bundle($1::text, $2::text, $3::jsonb, $4::text)`,
    [clientId, bundleId, JSON.stringify(content), objection],
  );
  return outcome === 'refused'
    ? { outcome, replayed, refusal: { code: code ?? 'internal', ...(facts === null ? {} : { facts }) } }
    : { outcome, replayed, balance, steps: steps ?? [] };
}

interface Row {
  [column: string]: unknown;
  outcome: 'applied' | 'refused';
  code: ProblemCode | null;
  facts: Record<string, unknown> | null;
  replayed: boolean;
  balance: bigint | null;
  steps: { outcome: StepOutcome; transferIds: string[] }[] | null;
}
