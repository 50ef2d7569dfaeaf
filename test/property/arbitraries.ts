import fc from 'fast-check';
import { MOST } from '../ledger/aLedger.ts';
import type { Batch, HousePosting, Operation, Posting } from './operation.ts';

/** The last of them has no accounts until they are opened; the others begin with this much cash. */
export const PLAYERS = [0, 1, 2];
export const START = 300n;

/** As a literal would be, also where it is shown. */
const record = <T>(of: { [Key in keyof T]: fc.Arbitrary<T[Key]> }) =>
  fc.record<T>(of, { noNullPrototype: true });

// Left to itself fast-check prefers 0 and the largest: then all operations would fight for two ids.
const hold = fc.noBias(fc.nat({ max: 9 }));
// The ranges overlap a little: an id of one kind is seldom another's.
const postingId = fc.noBias(fc.integer({ min: 7, max: 66 }));
/** Few of them, so that several reversals are of the same. */
const reversedId = fc.noBias(fc.integer({ min: 7, max: 14 }));
/** None that is reversed: the model knows only what players have. */
const houseId = fc.noBias(fc.integer({ min: 15, max: 59 }));
const laterId = fc.noBias(fc.integer({ min: 60, max: 139 }));
const opened = fc.constantFrom(0, 1);
const player = fc.oneof(
  { weight: 9, arbitrary: opened },
  { weight: 1, arbitrary: fc.constantFrom(...PLAYERS) },
);
const small = (max: bigint) => fc.noBias(fc.bigInt({ min: 1n, max }));
/** Small ones collide with each other's funds, a large one now and then with what an account may carry. */
const upTo = (max: bigint) =>
  fc.oneof({ weight: 30, arbitrary: small(max) }, { weight: 1, arbitrary: fc.constant(MOST - 50n) });
const amount = upTo(60n);
// Not of a player without accounts: where such a transfer is refused, the next one of its id in the same batch is a conflict
// if its content is another, while one after the other it would be posted.
const posting = <Kind extends Posting['kind']>(kind: Kind, amounts: fc.Arbitrary<bigint>) =>
  record({ kind: fc.constant(kind), id: postingId, player: opened, amount: amounts });
const postings = {
  deposit: { weight: 10, arbitrary: posting('deposit', upTo(200n)) },
  stake: { weight: 8, arbitrary: posting('stake', amount) },
  unbalanced: { weight: 1, arbitrary: posting('unbalanced', amount) },
  house: {
    weight: 3,
    arbitrary: record<HousePosting>({ kind: fc.constant('house'), id: houseId, amount: small(200n) }),
  },
};
const net = <Kind extends 'win' | 'clawBack'>(kind: Kind, of = player) =>
  record({ kind: fc.constant(kind), id: postingId, player: of, amount });
const capture = record({
  kind: fc.constant('capture'),
  id: laterId,
  hold,
  amount: fc.option(upTo(30n)),
  release: fc.constantFrom(false, false, true),
});
const many = <Kind extends Batch['kind'], One>(kind: Kind, one: fc.Arbitrary<One>) =>
  record({
    kind: fc.constant(kind),
    of: fc.array(one, { minLength: 1, maxLength: 6, size: 'max' }),
  });
const ofHold = <Kind extends 'void' | 'expire'>(kind: Kind) => record({ kind: fc.constant(kind), hold });
const expires = fc.constantFrom('never', 'long ago', 'one day');

type ByKind = { [Kind in Operation['kind']]: fc.WeightedArbitrary<Operation & { kind: Kind }> };

const byKind: ByKind = {
  ...postings,
  win: { weight: 6, arbitrary: net('win') },
  clawBack: { weight: 4, arbitrary: net('clawBack') },
  hold: {
    weight: 14,
    arbitrary: record({ kind: fc.constant('hold'), id: hold, player, amount, expires }),
  },
  capture: {
    weight: 28,
    arbitrary: capture,
  },
  void: { weight: 4, arbitrary: ofHold('void') },
  expire: { weight: 5, arbitrary: ofHold('expire') },
  reverse: {
    weight: 12,
    arbitrary: record({
      kind: fc.constant('reverse'),
      id: laterId,
      transfer: reversedId,
      amount: fc.option(upTo(30n)),
    }),
  },
  postings: {
    weight: 10,
    arbitrary: many(
      'postings',
      fc.oneof<fc.WeightedArbitrary<Posting | HousePosting>[]>(...Object.values(postings)),
    ),
  },
  nets: { weight: 3, arbitrary: many('nets', fc.oneof(net('win', opened), net('clawBack', opened))) },
  captures: { weight: 5, arbitrary: many('captures', capture) },
  voids: { weight: 1, arbitrary: many('voids', ofHold('void')) },
  open: {
    weight: 1,
    arbitrary: record({ kind: fc.constant('open'), player: fc.constantFrom(...PLAYERS) }),
  },
};

const operation = fc.oneof(...Object.values<fc.WeightedArbitrary<Operation>>(byKind));

/** What is sent at once. */
export interface Wave {
  readonly operations: readonly Operation[];
  /** Whether all wait at the players' accounts for each other: by then each has read all that it reads before. */
  readonly heldBack: boolean;
}

const POOL = 80;
const place = fc.noBias(fc.nat({ max: POOL - 1 }));
const steps = fc.array(fc.noBias(fc.nat({ max: 5 })), { minLength: 1, maxLength: 5, size: 'max' });
const wave = fc.tuple(place, steps, fc.nat({ max: 3 }));

/**
 * Wave after wave, each of neighbours in a pool of few operations that is sorted by what they are about. So much of it is
 * a repeat, and what is sent at once is often about the same hold. Waves and pool shrink by themselves.
 */
export const history: fc.Arbitrary<readonly Wave[]> = fc
  .tuple(
    fc.array(wave, { minLength: 1, maxLength: 160, size: 'max' }),
    fc.array(operation, { minLength: POOL, maxLength: POOL }),
  )
  .map(([waves, operations]) => {
    const pool = operations.toSorted((a, b) => subject(a) - subject(b));
    return waves.map(([from, by, chance]) => ({
      operations: by.flatMap((step) => pool[(from + step) % POOL] ?? []),
      heldBack: chance === 3,
    }));
  });

function subject(asked: Operation): number {
  if ('hold' in asked) return asked.hold;
  if ('transfer' in asked) return asked.transfer;
  if ('of' in asked) return asked.of[0] === undefined ? 0 : subject(asked.of[0]);
  return 'id' in asked ? asked.id : 0;
}
