import { MOST } from '../ledger/aLedger.ts';

/** What can be asked of the ledger. Ids come from a small pool, so that duplicates and conflicts are common. */
export type Operation =
  | { kind: 'deposit' | 'stake' | 'win' | 'clawBack'; id: number; player: number; amount: bigint }
  | { kind: 'hold'; id: number; player: number; amount: bigint }
  | { kind: 'capture'; id: number; hold: number; amount: bigint | null; release: boolean }
  | { kind: 'void'; hold: number }
  | { kind: 'reverse'; id: number; transfer: number };

/** `applied 70`, `replayed applied 70`, `insufficient_funds`, `replayed insufficient_funds`, or a violated constraint. */
export type Answer = string;

interface Hold {
  readonly player: number;
  readonly left: bigint;
  readonly state: 'open' | 'captured' | 'voided';
}

type Legs = Readonly<Record<string, bigint>>;

/** A ledger in forty lines: never changed, each step makes another. */
export interface Model {
  /** By account, such as `cash:1`; house accounts are left out. */
  readonly posted: Readonly<Record<string, bigint>>;
  readonly fates: Readonly<Record<string, { content: string; answer: Answer }>>;
  readonly legs: Readonly<Record<string, Legs>>;
  readonly reversed: readonly string[];
  readonly holds: Readonly<Record<number, Hold | 'tombstone'>>;
}

export const EMPTY: Model = { posted: {}, fates: {}, legs: {}, reversed: [], holds: {} };

export const balance = (model: Model, account: string): bigint => model.posted[account] ?? 0n;

type Step = readonly [answer: Answer, after: Model];

export function step(model: Model, operation: Operation): Step {
  switch (operation.kind) {
    case 'deposit':
      return once(model, operation, (id, content) =>
        write(model, id, content, { [`cash:${String(operation.player)}`]: operation.amount }),
      );
    case 'stake':
      return once(model, operation, (id, content) =>
        write(model, id, content, { [`cash:${String(operation.player)}`]: -operation.amount }),
      );
    case 'win':
    case 'clawBack':
      return once(model, operation, (id, content) => write(model, id, content, netLegs(model, operation)));
    case 'hold':
      return once(model, operation, (id, content) => hold(model, id, content, operation));
    case 'capture':
      return once(model, operation, (id, content) => capture(model, id, content, operation));
    case 'void':
      return voidHold(model, operation.hold);
    case 'reverse':
      return reverse(model, operation);
  }
}

/** The first outcome again, where the id is known. */
function once(
  model: Model,
  operation: Exclude<Operation, { kind: 'void' }>,
  first: (id: string, content: string) => Step,
): Step {
  const content = JSON.stringify(operation, (_, value: unknown) =>
    typeof value === 'bigint' ? value.toString() : value,
  );
  const known = model.fates[operation.id];
  if (known === undefined) return first(String(operation.id), content);
  return [known.content === content ? `replayed ${known.answer}` : 'idempotency_conflict', model];
}

function write(model: Model, id: string, content: string, legs: Legs): Step {
  const after = (account: string) => balance(model, account) + (legs[account] ?? 0n);
  const accounts = Object.keys(legs);
  const tooLarge = (account: string) =>
    after(account) > (account.startsWith('debt') ? 0n : MOST) || after(account) < -MOST;
  if (accounts.some(tooLarge)) return settle(model, id, content, 'amount_too_large');
  if (accounts.some((account) => !account.startsWith('debt') && after(account) < 0n))
    return settle(model, id, content, 'insufficient_funds');
  const cash = accounts.find((account) => account.startsWith('cash'));
  const posted = {
    ...model.posted,
    ...Object.fromEntries(accounts.map((account) => [account, after(account)])),
  };
  const [answer, settled] = settle(
    model,
    id,
    content,
    `applied ${cash === undefined ? 'null' : String(after(cash))}`,
  );
  return [answer, { ...settled, posted, legs: { ...model.legs, [id]: legs } }];
}

const settle = (model: Model, id: string, content: string, answer: Answer): Step => [
  answer,
  { ...model, fates: { ...model.fates, [id]: { content, answer } } },
];

function netLegs(
  model: Model,
  { kind, player, amount }: { kind: string; player: number; amount: bigint },
): Legs {
  const [cash, debt] = [`cash:${String(player)}`, `debt:${String(player)}`];
  const limit = kind === 'win' ? -balance(model, debt) : balance(model, cash);
  const part = amount < limit ? amount : limit;
  return kind === 'win' ? { [cash]: amount - part, [debt]: part } : { [cash]: -part, [debt]: part - amount };
}

function hold(
  model: Model,
  id: string,
  content: string,
  { id: key, player, amount }: Extract<Operation, { kind: 'hold' }>,
): Step {
  if (model.holds[key] !== undefined) return settle(model, id, content, 'hold_already_voided');
  const [answer, after] = write(model, id, content, {
    [`cash:${String(player)}`]: -amount,
    [`held:${String(player)}`]: amount,
  });
  if (!answer.startsWith('applied')) return [answer, after];
  return [answer, { ...after, holds: { ...model.holds, [key]: { player, left: amount, state: 'open' } } }];
}

function capture(
  model: Model,
  id: string,
  content: string,
  asked: Extract<Operation, { kind: 'capture' }>,
): Step {
  const held = model.holds[asked.hold];
  if (held === undefined) return ['hold_not_found', model];
  if (held === 'tombstone') return settle(model, id, content, 'hold_already_voided');
  if (held.state !== 'open') return settle(model, id, content, `hold_already_${held.state}`);
  const taken = asked.amount ?? held.left;
  if (taken > held.left) return settle(model, id, content, 'hold_exceeded');
  const rest = asked.release ? held.left - taken : 0n;
  const left = held.left - taken - rest;
  const [answer, after] = write(model, id, content, {
    [`held:${String(held.player)}`]: -(taken + rest),
    [`cash:${String(held.player)}`]: rest,
  });
  if (!answer.startsWith('applied')) return [answer, after];
  return [
    answer,
    {
      ...after,
      holds: { ...model.holds, [asked.hold]: { ...held, left, state: left === 0n ? 'captured' : 'open' } },
    },
  ];
}

function voidHold(model: Model, key: number): Step {
  const held = model.holds[key];
  if (held === undefined)
    return ['applied null', { ...model, holds: { ...model.holds, [key]: 'tombstone' } }];
  if (held === 'tombstone') return ['replayed applied null', model];
  if (held.state === 'captured') return ['hold_already_captured', model];
  const id = `void of ${String(key)}`;
  if (held.state === 'voided') return [`replayed ${model.fates[id]?.answer ?? '?'}`, model];
  const [answer, after] = write(model, id, '', {
    [`held:${String(held.player)}`]: -held.left,
    [`cash:${String(held.player)}`]: held.left,
  });
  if (!answer.startsWith('applied')) return [answer, model]; // not recorded: it may be tried again
  return [answer, { ...after, holds: { ...model.holds, [key]: { ...held, left: 0n, state: 'voided' } } }];
}

const reverse = (model: Model, operation: Extract<Operation, { kind: 'reverse' }>): Step =>
  once(model, operation, (id, content) => {
    const key = String(operation.transfer);
    const legs = Object.entries(model.legs[key] ?? {}).filter(([, amount]) => amount !== 0n);
    if (legs.length === 0) return ['transfer_not_found', model];
    if (legs.some(([account]) => account.startsWith('held'))) return ['legs_make_sense', model];
    if (model.reversed.includes(key)) return settle(model, id, content, 'transfer_already_reversed');
    const opposite = Object.fromEntries(legs.map(([account, amount]) => [account, -amount]));
    const [answer, after] = write(model, id, content, opposite);
    return [answer, answer.startsWith('applied') ? { ...after, reversed: [...model.reversed, key] } : after];
  });
