import { capture, endHold, placeHold } from './holdsModel.ts';
import {
  account,
  balance,
  isApplied,
  once,
  settle,
  write,
  type Legs,
  type Model,
  type Step,
} from './model.ts';
import type { Answer, Batch, Net, Operation, Posting, Reverse } from './operation.ts';

/** What a ledger without concurrency answers, and what it is afterwards. */
export function step(model: Model, operation: Operation): Step {
  switch (operation.kind) {
    case 'deposit':
    case 'stake':
    case 'unbalanced':
      return post(model, operation);
    case 'house':
      return once(model, operation, (deed) => write(model, deed, {}));
    case 'win':
    case 'clawBack':
      return once(model, operation, (deed) => write(model, deed, netLegs(model, operation)));
    case 'hold':
      return placeHold(model, operation);
    case 'capture':
      return capture(model, operation);
    case 'void':
    case 'expire':
      return endHold(model, operation);
    case 'reverse':
      return reverse(model, operation);
    case 'postings':
    case 'nets':
    case 'captures':
    case 'voids':
      return batch(model, operation);
    case 'open':
      return ['opened', { ...model, opened: [...new Set([...model.opened, operation.player])].sort() }];
  }
}

const post = (model: Model, asked: Posting): Step =>
  once(model, asked, (deed) => {
    const sign = asked.kind === 'stake' ? -1n : 1n;
    const [answer, after] = write(model, deed, { [account('cash', asked.player)]: sign * asked.amount });
    return asked.kind === 'unbalanced' && isApplied(answer) ? [UNBALANCED, model] : [answer, after];
  });

const UNBALANCED = 'entries_sum_to_zero';

/** One after the other; where the legs of one make no sense, none of them was ever there. */
function batch(model: Model, { of }: Batch): Step {
  const answers: Answer[] = [];
  let after = model;
  for (const asked of of) {
    const [answer, next] = step(after, asked);
    if (answer === UNBALANCED) return [answer, model];
    answers.push(answer);
    after = next;
  }
  return [answers.join(', '), after];
}

function netLegs(model: Model, { kind, player, amount }: Net): Legs {
  const [cash, debt] = [account('cash', player), account('debt', player)];
  const limit = kind === 'win' ? -balance(model, debt) : balance(model, cash);
  const part = amount < limit ? amount : limit;
  return kind === 'win' ? { [cash]: amount - part, [debt]: part } : { [cash]: -part, [debt]: part - amount };
}

const sum = (amounts: readonly bigint[]) => amounts.reduce((total, amount) => total + amount, 0n);

const reverse = (model: Model, asked: Reverse): Step =>
  once(model, asked, (deed) => {
    const key = String(asked.transfer);
    const legs = Object.entries(model.legs[key] ?? {}).filter(([, amount]) => amount !== 0n);
    if (legs.length === 0) return ['transfer_not_found', model];
    // The house has the other side, or, of a hold, the player has both.
    const isHold = legs.some(([name]) => name.startsWith('held'));
    const net = sum(legs.map(([, amount]) => (isHold && amount < 0n ? 0n : amount)));
    const moved = net < 0n ? -net : net;
    const before = model.reversed[key] ?? 0n;
    const part = asked.amount ?? moved - before;
    if (before === moved) return settle(model, deed, 'transfer_already_reversed');
    if (part > moved - before) return settle(model, deed, 'reversal_exceeded');
    if (isHold || (part < moved && legs.length > 1)) return ['legs_make_sense', model];
    const back = (amount: bigint) => (part === moved ? -amount : amount < 0n ? part : -part);
    const opposite = Object.fromEntries(legs.map(([name, amount]) => [name, back(amount)]));
    const [answer, after] = write(model, deed, opposite);
    const reversed = { ...model.reversed, [key]: before + part };
    return [answer, isApplied(answer) ? { ...after, reversed } : after];
  });
