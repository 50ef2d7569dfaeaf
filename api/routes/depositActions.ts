import { z } from 'zod';
import type { Origin } from '../../contract/audit.ts';
import type { ProblemCode } from '../../contract/codes.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import { ACT, type DepositActionInput, type Misfit } from '../../contract/payments.ts';
import { DEPOSIT_ACTIONS, depositActions, type DepositAction } from '../../contract/states/deposit.ts';
import { format } from '../../money/index.ts';
import {
  endedDeposit,
  findDeposit,
  stepsOf,
  wasDone,
  type Deposit,
  type Pressing,
} from '../../payments/index.ts';
import type { Updated } from '../../ops/updates.ts';
import { Problem, problemOf } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { amount, callerId, freeText } from '../schemas.ts';
import type { Wait } from '../temporal.ts';
import { depositBody, depositShape } from './depositShape.ts';
import { notKnownYet, onceByKey } from './pressing.ts';

const SUMMARIES: Readonly<Record<DepositAction, string>> = {
  refund: 'Send a deposit back, all or a part',
  retry: 'Try again to credit what was captured',
  'mark-failed': 'Give up a deposit that its provider leaves open',
};

export const depositActionsRoutes = DEPOSIT_ACTIONS.map((action) =>
  route({
    method: 'post',
    path: `/v1/deposits/{depositId}/${action}`,
    tag: 'Finance and support',
    summary: SUMMARIES[action],
    description:
      'Answers the deposit as it is after it. What does not fit the state is 409 `invalid_state`, with `state` and `allowedActions`.',
    allow: ['finance', 'admin'],
    params: z.strictObject({ depositId: callerId }),
    body: z.strictObject({ reason: freeText, ...(action === 'refund' ? { amount: amount.optional() } : {}) }),
    idempotencyKey: true,
    waits: true,
    answers: { 200: depositShape },
    handle: async ({ origin, params: { depositId }, body, idempotencyKey, wait, services }) =>
      await press({ origin, depositId, action, body: body as Body, key: idempotencyKey, wait, services }),
  }),
);

interface Body {
  readonly reason: string;
  readonly amount?: number;
}

interface Pressed {
  readonly origin: Origin;
  readonly depositId: string;
  readonly action: DepositAction;
  readonly body: Body;
  readonly key: string;
  readonly wait: Wait;
  readonly services: Services;
}

/** The saga has the last word; the same key is answered the same. */
async function press(pressed: Pressed): Promise<Answer> {
  const { origin, depositId, action, body, key, services } = pressed;
  const content = { action, ...body };
  const pressing = { origin, key, kind: 'deposit', id: depositId, content } as const;
  return await onceByKey(services, pressing, async () => {
    const found = await findDeposit(services.pool, depositId);
    if (found === undefined || found.status === 'refused')
      throw new Problem('not_found', `There is no deposit ${depositId}.`);
    return (
      (await act(pressed, found, pressing)) ??
      depositBody((await findDeposit(services.pool, depositId)) ?? found, services)
    );
  });
}

/** Asks the saga; answers the refusal where the action does not fit. */
async function act(pressed: Pressed, found: Deposit, pressing: Pressing): Promise<Problem | undefined> {
  const { action, services } = pressed;
  if (await wasDone(services.pool, pressing)) return undefined;
  const updated = await update(pressed, found);
  if (updated.outcome === 'answered') return undefined;
  if (updated.outcome === 'running') throw notKnownYet();
  // Where it was written down, and the saga had no time to tell, it was done.
  if (await wasDone(services.pool, pressing)) return undefined;
  if (updated.outcome === 'rejected' && updated.type !== 'invalid_state')
    return problemOf({ code: updated.type as ProblemCode });
  const now = (await findDeposit(services.pool, found.depositId)) ?? found;
  return misfit(action, { state: now.status, allowedActions: depositActions(now.status, now) });
}

/** To the saga that runs, or to one that takes the deposit up; its id is that of its first step, so that a repeat finds it. */
async function update(
  { origin, depositId, action, body, key, wait, services }: Pressed,
  found: Deposit,
): Promise<Updated<null>> {
  const { actor: by } = origin;
  const at = new Date().toISOString();
  const press = { action, by, origin, idempotencyKey: key, reason: body.reason, at };
  const input: DepositActionInput =
    body.amount === undefined ? press : { ...press, amountMinor: String(body.amount) };
  const updateId = `${by}:${key}`;
  const told = await services.temporal.update<null>(found.workflowId, ACT, updateId, input, wait);
  if (told.outcome !== 'gone' || !depositActions(found.status, found).includes(action)) return told;
  const ended = await endedDeposit(services.pool, depositId);
  if (ended === undefined) return told;
  const { playerId, clientId, money } = ended.input;
  const saga = {
    workflow: 'deposit',
    workflowId: workflowIds.depositAction(clientId, depositId, stepsOf(found.timeline).length),
    taskQueue: 'payments',
    args: [ended.input],
    update: ACT,
    searchAttributes: [
      { key: SEARCH.clientId, value: clientId },
      { key: SEARCH.playerId, value: playerId },
      { key: SEARCH.currency, value: money.currency },
    ],
    summary: `Deposit of ${format(money)} for player ${playerId}: ${action}, asked by ${by}`,
  } as const;
  return await services.temporal.updateAnew<null>(saga, updateId, input, wait);
}

function misfit(action: DepositAction, { state, allowedActions }: Misfit<string>): Problem {
  const fits = allowedActions.length === 0 ? 'nothing fits' : `what fits is ${allowedActions.join(', ')}`;
  return new Problem('invalid_state', `${action} does not fit a deposit that is ${state}; ${fits}.`, {
    members: { state, allowedActions },
  });
}
