import { account, isApplied, once, settle, write, type Model, type Step } from './model.ts';
import type { Capture, EndHold, Hold } from './operation.ts';

export const placeHold = (model: Model, asked: Hold): Step =>
  once(model, asked, (deed) => {
    const { id, player, amount, expires } = asked;
    if (model.holds[id] !== undefined) return settle(model, deed, 'hold_already_voided');
    const [answer, after] = write(model, deed, {
      [account('cash', player)]: -amount,
      [account('held', player)]: amount,
    });
    if (!isApplied(answer)) return [answer, after];
    const placed = { player, left: amount, due: expires === 'long ago', state: 'open' } as const;
    return [answer, { ...after, holds: { ...model.holds, [id]: placed } }];
  });

export const capture = (model: Model, asked: Capture): Step =>
  once(model, asked, (deed) => {
    const held = model.holds[asked.hold];
    if (held === undefined) return ['hold_not_found', model];
    if (held === 'tombstone') return settle(model, deed, 'hold_already_voided');
    if (held.state !== 'open') return settle(model, deed, `hold_already_${held.state}`);
    const taken = asked.amount ?? held.left;
    if (taken > held.left) return settle(model, deed, 'hold_exceeded');
    const rest = asked.release ? held.left - taken : 0n;
    const left = held.left - taken - rest;
    const [answer, after] = write(model, deed, {
      [account('held', held.player)]: -(taken + rest),
      [account('cash', held.player)]: rest,
    });
    if (!isApplied(answer)) return [answer, after];
    const now = { ...held, left, state: left === 0n ? 'captured' : 'open' } as const;
    return [answer, { ...after, holds: { ...model.holds, [asked.hold]: now } }];
  });

export function endHold(model: Model, { kind, hold }: EndHold): Step {
  const held = model.holds[hold];
  const ended = (state: 'tombstone' | Exclude<typeof held, undefined>, after = model): Model => ({
    ...after,
    holds: { ...model.holds, [hold]: state },
  });
  if (kind === 'expire') {
    if (held === undefined || held === 'tombstone') return ['hold_not_found', model];
    if (held.state === 'open' && !held.due) return ['hold_not_expired', model];
  }
  if (held === undefined) return ['applied null', ended('tombstone')];
  if (held === 'tombstone') return ['replayed applied null', model];
  if (held.state === 'captured') return ['hold_already_captured', model];
  const deed = { id: `end of ${String(hold)}`, content: '' };
  if (held.state !== 'open') return [`replayed ${model.fates[deed.id]?.answer ?? '?'}`, model];
  const [answer, after] = write(model, deed, {
    [account('held', held.player)]: -held.left,
    [account('cash', held.player)]: held.left,
  });
  if (!isApplied(answer)) return [answer, model]; // not recorded: it may be tried again
  return [answer, ended({ ...held, left: 0n, state: kind === 'void' ? 'voided' : 'expired' }, after)];
}
