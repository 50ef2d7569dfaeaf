/** One transfer: `unbalanced` is what no program may ask for. */
export interface Posting {
  readonly kind: 'deposit' | 'stake' | 'unbalanced';
  readonly id: number;
  readonly player: number;
  readonly amount: bigint;
}

/** Between two accounts of the house, with no player in it. */
export interface HousePosting {
  readonly kind: 'house';
  readonly id: number;
  readonly amount: bigint;
}

export interface Net {
  readonly kind: 'win' | 'clawBack';
  readonly id: number;
  readonly player: number;
  readonly amount: bigint;
}

export interface Hold {
  readonly kind: 'hold';
  readonly id: number;
  readonly player: number;
  readonly amount: bigint;
  readonly expires: 'never' | 'long ago' | 'one day';
}

export interface Capture {
  readonly kind: 'capture';
  readonly id: number;
  readonly hold: number;
  /** Null: all that is left. */
  readonly amount: bigint | null;
  readonly release: boolean;
}

export interface EndHold {
  readonly kind: 'void' | 'expire';
  readonly hold: number;
}

export interface Reverse {
  readonly kind: 'reverse';
  readonly id: number;
  readonly transfer: number;
  /** Null: all that is left. */
  readonly amount: bigint | null;
}

/** Many in one call, and in one transaction; each kind has a call of its own. */
interface Many<Kind extends string, One> {
  readonly kind: Kind;
  readonly of: readonly One[];
}

export type Batch =
  | Many<'postings', Posting | HousePosting>
  | Many<'nets', Net>
  | Many<'captures', Capture>
  | Many<'voids', EndHold & { kind: 'void' }>;

export interface Open {
  readonly kind: 'open';
  readonly player: number;
}

/**
 * What can be asked of the ledger. Ids come from a small pool, so that duplicates and conflicts are common. One more kind
 * needs an arbitrary, a step of the model and a call of the world: the compiler asks for each of them.
 */
export type Operation = Posting | HousePosting | Net | Hold | Capture | EndHold | Reverse | Batch | Open;

/**
 * `applied 70`, `replayed applied 70`, `insufficient_funds`, `replayed insufficient_funds`, `opened`, or a violated
 * constraint; of a batch all answers, with a comma between.
 */
export type Answer = string;
