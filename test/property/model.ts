import { MOST } from '../ledger/aLedger.ts';
import type { Answer } from './operation.ts';

interface HoldState {
  readonly player: number;
  readonly left: bigint;
  readonly due: boolean;
  readonly state: 'open' | 'captured' | 'voided' | 'expired';
}

/** What a transfer moves, by account, such as `cash:1`; house accounts are left out. */
export type Legs = Readonly<Record<string, bigint>>;

/** A ledger without SQL: never changed, each step makes another. */
export interface Model {
  readonly opened: readonly number[];
  readonly posted: Legs;
  readonly fates: Readonly<Record<string, { content: string; answer: Answer }>>;
  readonly legs: Readonly<Record<string, Legs>>;
  /** Of each transfer, how much of it was reversed. */
  readonly reversed: Legs;
  readonly holds: Readonly<Record<number, HoldState | 'tombstone'>>;
}

/** Each of these players has accounts, and that much cash. */
export const aModel = (opened: readonly number[], cash: bigint): Model => ({
  opened,
  posted: Object.fromEntries(opened.map((player) => [account('cash', player), cash])),
  fates: {},
  legs: {},
  reversed: {},
  holds: {},
});

export type Step = readonly [answer: Answer, after: Model];

/** What is asked, as it is compared with what the same id asked before. */
export interface Deed {
  readonly id: string;
  readonly content: string;
}

export const account = (kind: 'cash' | 'held' | 'debt', player: number) => `${kind}:${String(player)}`;

export const balance = (model: Model, name: string): bigint => model.posted[name] ?? 0n;

/** The first outcome again, where the id is known. */
export function once(model: Model, operation: { readonly id: number }, first: (deed: Deed) => Step): Step {
  const content = JSON.stringify(operation, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  const known = model.fates[operation.id];
  if (known === undefined) return first({ id: String(operation.id), content });
  return [known.content === content ? `replayed ${known.answer}` : 'idempotency_conflict', model];
}

/** An outcome that is final for this id. */
export const settle = (model: Model, { id, content }: Deed, answer: Answer): Step => [
  answer,
  { ...model, fates: { ...model.fates, [id]: { content, answer } } },
];

/** Moves money of one player, or refuses to. */
export function write(model: Model, deed: Deed, legs: Legs): Step {
  const after = (name: string) => balance(model, name) + (legs[name] ?? 0n);
  const names = Object.keys(legs);
  if (names.some((name) => !model.opened.some((player) => name.endsWith(`:${String(player)}`))))
    return ['account_not_found', model];
  const isDebt = (name: string) => name.startsWith('debt');
  if (names.some((name) => after(name) > (isDebt(name) ? 0n : MOST) || after(name) < -MOST))
    return settle(model, deed, 'amount_too_large');
  if (names.some((name) => !isDebt(name) && after(name) < 0n))
    return settle(model, deed, 'insufficient_funds');
  const cash = names.find((name) => name.startsWith('cash'));
  const posted = { ...model.posted, ...Object.fromEntries(names.map((name) => [name, after(name)])) };
  const [answer, settled] = settle(
    model,
    deed,
    `applied ${cash === undefined ? 'null' : String(after(cash))}`,
  );
  return [answer, { ...settled, posted, legs: { ...model.legs, [deed.id]: legs } }];
}

export const isApplied = (answer: Answer) => answer.startsWith('applied');
