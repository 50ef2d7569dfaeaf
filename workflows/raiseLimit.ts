import {
  proxyLocalActivities,
  setCurrentDetails,
  sleep,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import type { ProtectionActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import type { RaiseInput } from '../contract/protection.ts';
import { OWN_BOOKS } from './timeouts.ts';

const { applyRaise } = proxyLocalActivities<ProtectionActivities>({
  ...OWN_BOOKS,
  summary: 'end the wait of the raise',
});

/** A raise or removal of a limit waits here for its time. One taken back, or replaced by another, changes nothing then. */
export async function raiseLimit(input: RaiseInput): Promise<string> {
  const what = `The ${input.period}'s ${input.kind} limit of player ${input.playerId}`;
  const change = input.to === null ? 'removed' : `raised to ${input.to} ${input.currency} (minor units)`;
  const contact = input.contact ? ' Staff must contact the player.' : '';
  upsertSearchAttributes([
    { key: SEARCH.stage, value: 'waiting' },
    ...(input.contact
      ? [
          { key: SEARCH.needsAttention, value: true },
          { key: SEARCH.reason, value: 'contact_player' },
        ]
      : []),
  ]);
  setCurrentDetails(`${what} will be ${change} at ${input.effectiveAt}.${contact}`);
  const wait = Date.parse(input.effectiveAt) - workflowInfo().startTime.getTime();
  if (wait > 0) await sleep(wait, { summary: `wait until ${input.effectiveAt}` });
  const ended = await applyRaise(input);
  upsertSearchAttributes([{ key: SEARCH.stage, value: ended }]);
  const story =
    ended === 'applied' ? `${what} was ${change}.` : `${what} was not ${change}: it was taken back.`;
  setCurrentDetails(`${story}${contact}`);
  return ended;
}
