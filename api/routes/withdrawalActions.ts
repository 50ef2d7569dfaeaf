import { z } from 'zod';
import { ACT, type ActionInput, type Misfit } from '../../contract/payments.ts';
import { WITHDRAWAL, type WithdrawalAction } from '../../contract/states/withdrawal.ts';
import { findWithdrawal, wasDone, type Pressing, type Withdrawal } from '../../payments/index.ts';
import { whoIs, type Caller, type Who } from '../auth.ts';
import { Problem } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { callerId, freeText } from '../schemas.ts';
import type { Wait } from '../temporal.ts';
import { notKnownYet, onceByKey } from './pressing.ts';
import { actionsOf, shapeOf, withdrawalShape } from './withdrawalShape.ts';
import { destination } from './withdrawals.ts';

interface Definition {
  readonly summary: string;
  readonly allow: readonly Who[];
  readonly more?: z.ZodRawShape;
}

const finance = ['finance', 'admin'] as const;

/** Each action: who may press it, and what it needs beside a reason. When it fits is the table of states' to say. */
const ACTIONS: Readonly<Record<WithdrawalAction, Definition>> = {
  approve: { summary: 'Approve what waits for approval', allow: ['finance-approver', 'admin'] },
  reject: {
    summary: 'Reject: the money goes back to the player',
    allow: ['finance', 'finance-approver', 'admin'],
  },
  retry: {
    summary: 'Try again, with a new attempt',
    allow: finance,
    more: { provider: callerId.optional(), destination: destination.optional() },
  },
  cancel: { summary: 'Cancel: the money goes back to the player', allow: ['cashier', ...finance] },
  'mark-paid': { summary: 'Mark as paid by hand', allow: finance, more: { externalReference: callerId } },
  'declare-unpaid': {
    summary: 'Vouch that a payout never left',
    allow: finance,
    more: { evidence: freeText },
  },
  hold: { summary: 'Put on hold', allow: finance },
  release: { summary: 'Release from review or from hold', allow: finance },
};

export const withdrawalActionsRoutes = (Object.entries(ACTIONS) as [WithdrawalAction, Definition][]).map(
  ([action, { summary, allow, more }]) =>
    route({
      method: 'post',
      path: `/v1/withdrawals/{withdrawalId}/${action}`,
      tag: 'Finance and support',
      summary,
      description:
        'Answers the withdrawal as it is after it. What does not fit the state is 409 `invalid_state`, with `state` and `allowedActions`.',
      allow,
      params: z.strictObject({ withdrawalId: callerId }),
      body: z.strictObject({ reason: freeText, ...more }),
      idempotencyKey: true,
      waits: true,
      answers: { 200: withdrawalShape, 202: withdrawalShape },
      handle: async ({ caller, params: { withdrawalId }, body, idempotencyKey, wait, services }) =>
        await press({ caller, withdrawalId, action, body: body, key: idempotencyKey, wait, services }),
    }),
);

interface Body {
  readonly reason: string;
  readonly provider?: string;
  readonly destination?: { type: string; account: string };
  readonly externalReference?: string;
  readonly evidence?: string;
}

interface Press {
  readonly caller: Caller;
  readonly withdrawalId: string;
  readonly action: WithdrawalAction;
  readonly body: Body;
  readonly key: string;
  readonly wait: Wait;
  readonly services: Services;
}

/** The saga's validator has the last word; the same key is answered the same. */
async function press(pressed: Press): Promise<Answer> {
  const { caller, withdrawalId, action, body, key, services } = pressed;
  const personId = caller.kind === 'client' ? `client:${caller.clientId}` : caller.personId;
  const content = { action, ...body };
  const pressing = { personId, key, kind: 'withdrawal', id: withdrawalId, content } as const;
  return await onceByKey(services, pressing, async () => {
    const found = await findWithdrawal(services.pool, withdrawalId);
    if (
      found === undefined ||
      found.state === 'refused_at_once' ||
      (caller.kind === 'client' && caller.clientId !== found.clientId)
    ) {
      throw new Problem('not_found', `There is no withdrawal ${withdrawalId}.`);
    }
    requireMay(caller, action, found);
    if (
      body.provider !== undefined &&
      !services.config.payments.providers.some(({ name }) => name === body.provider)
    ) {
      throw new Problem('invalid_request', `There is no provider ${body.provider}.`, {
        errors: [{ pointer: '/provider', detail: 'must be a configured provider' }],
      });
    }
    const refusal = await act(pressed, found, pressing);
    return refusal ?? shapeOf((await findWithdrawal(services.pool, withdrawalId)) ?? found, services);
  });
}

/** Asks the saga. Answers the refusal where the action does not fit. */
async function act(
  { caller, action, body, key, wait, services }: Press,
  found: Withdrawal,
  pressing: Pressing,
): Promise<Problem | undefined> {
  const { personId } = pressing;
  if (
    caller.kind === 'person' &&
    caller.role === 'finance-approver' &&
    WITHDRAWAL[found.state].status !== 'awaiting_approval'
  )
    return misfitOf(action, found);
  const input: ActionInput = {
    action,
    by: personId,
    idempotencyKey: key,
    at: new Date().toISOString(),
    ...body,
  };
  const updated = await services.temporal.update<null>(
    found.workflowId,
    ACT,
    `${personId}:${key}`,
    input,
    wait,
  );
  if (updated.outcome === 'answered') return undefined;
  if (updated.outcome === 'running') throw notKnownYet();
  if (updated.outcome === 'rejected' && updated.type === 'forbidden') {
    throw new Problem('forbidden', 'Nobody approves what they asked for, or were the last to act on.');
  }
  // Where it was written down, and the saga had no time to tell, it was done.
  if (await wasDone(services.pool, pressing)) return undefined;
  // The saga tells what it found; one that has ended leaves it to our books.
  const [told] = (updated.outcome === 'rejected' ? updated.details : []) as Misfit[];
  if (told !== undefined) return misfit(action, told);
  return misfitOf(action, (await findWithdrawal(services.pool, found.withdrawalId)) ?? found);
}

const misfitOf = (action: WithdrawalAction, found: Withdrawal) =>
  misfit(action, { state: found.state, allowedActions: actionsOf(found) });

function misfit(action: WithdrawalAction, { state: found, allowedActions: allowed }: Misfit): Problem {
  const state = WITHDRAWAL[found].status;
  const fits = allowed.length === 0 ? 'nothing fits' : `what fits is ${allowed.join(', ')}`;
  return new Problem(
    'invalid_state',
    `${action} does not fit a withdrawal that is ${String(state)}; ${fits}.`,
    { members: { state, allowedActions: allowed } },
  );
}

function requireMay(caller: Caller, action: WithdrawalAction, { jurisdiction }: Withdrawal): void {
  if (whoIs(caller) === 'cashier' && action === 'cancel' && jurisdiction === 'GB') {
    throw new Problem(
      'forbidden',
      'In Great Britain a player may not take back a withdrawal that is under way.',
    );
  }
}
