/** A raise of a limit that waits. Everything but the ids is for the person who reads it in the Web UI. */
export interface RaiseInput {
  readonly playerId: string;
  readonly raiseId: string;
  readonly kind: string;
  readonly period: string;
  readonly currency: string;
  /** Minor units; null removes the limit. */
  readonly to: string | null;
  /** ISO 8601: not before this. */
  readonly effectiveAt: string;
  /** Staff must contact the player meanwhile. */
  readonly contact: boolean;
}
