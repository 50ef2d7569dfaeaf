import { z } from 'zod';
import type { Origin } from '../../contract/audit.ts';
import { ACT } from '../../contract/payments.ts';
import type { WithdrawalAction } from '../../contract/states/withdrawal.ts';
import { findWithdrawal, pressWithdrawal } from '../../payments/index.ts';
import type { Caller, Who } from '../auth.ts';
import { Problem } from '../problem.ts';
import { route, type Answer, type Services } from '../route.ts';
import { callerId, freeText } from '../schemas.ts';
import type { Wait } from '../temporal.ts';
import { notKnownYet, onceByKey } from './pressing.ts';
import { shapeOf, withdrawalShape } from './withdrawalShape.ts';
import { destination } from './withdrawals.ts';

interface Definition {
  readonly summary: string;
  readonly allow: readonly Who[];
  readonly more?: z.ZodRawShape;
}

const finance = ['finance', 'admin'] as const;

/** Each action: who may press it, and what it needs beside a reason. When it fits is the table of states' to say. */
export const ACTIONS: Readonly<Record<WithdrawalAction, Definition>> = {
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
      handle: async ({ caller, origin, params: { withdrawalId }, body, idempotencyKey, wait, services }) =>
        await press({
          caller,
          origin,
          withdrawalId,
          action,
          body: body,
          key: idempotencyKey,
          wait,
          services,
        }),
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
  readonly origin: Origin;
  readonly withdrawalId: string;
  readonly action: WithdrawalAction;
  readonly body: Body;
  readonly key: string;
  readonly wait: Wait;
  readonly services: Services;
}

/** The same key is answered the same. */
async function press({
  caller,
  origin,
  withdrawalId,
  action,
  body,
  key,
  wait,
  services,
}: Press): Promise<Answer> {
  const content = { action, ...body };
  const pressing = { origin, key, kind: 'withdrawal', id: withdrawalId, content } as const;
  return await onceByKey(services, pressing, async () => {
    const { pool, temporal, config } = services;
    const found = await findWithdrawal(pool, withdrawalId);
    if (
      found === undefined ||
      found.state === 'refused_at_once' ||
      (caller.kind === 'client' && caller.clientId !== found.clientId)
    ) {
      throw new Problem('not_found', `There is no withdrawal ${withdrawalId}.`);
    }
    requireProvider(services, body.provider);
    const pressed = await pressWithdrawal(
      { pool, config: config.payments },
      found,
      origin,
      { ...content, idempotencyKey: key },
      (workflowId, updateId, input) => temporal.update<null>(workflowId, ACT, updateId, input, wait),
    );
    if (pressed.outcome === 'not_known_yet') throw notKnownYet();
    if (pressed.outcome === 'done')
      return shapeOf((await findWithdrawal(pool, withdrawalId)) ?? found, services);
    const { code, detail, members } = pressed;
    return new Problem(code, detail, members === undefined ? {} : { members });
  });
}

export function requireProvider({ config }: Services, provider: string | undefined): void {
  if (provider === undefined || config.payments.providers.some(({ name }) => name === provider)) return;
  throw new Problem('invalid_request', `There is no provider ${provider}.`, {
    errors: [{ pointer: '/provider', detail: 'must be a configured provider' }],
  });
}
