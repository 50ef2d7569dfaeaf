import type { PaymentsConfig } from '../config/index.ts';
import type { Origin } from '../contract/audit.ts';
import type { ProblemCode } from '../contract/codes.ts';
import type { ActionInput, BulkAction, Misfit } from '../contract/payments.ts';
import {
  allowedActions,
  isAction,
  WITHDRAWAL,
  type WithdrawalAction,
  type WithdrawalEvent,
} from '../contract/states/withdrawal.ts';
import type { Pool } from '../ops/postgres.ts';
import type { Updated } from '../ops/updates.ts';
import { wasDone } from './actions.ts';
import { findWithdrawal, type Withdrawal } from './read.ts';
import { thatTake } from './routing.ts';

/** Why an action was not taken. */
export interface Refusal {
  readonly outcome: 'refused';
  readonly code: ProblemCode;
  readonly detail: string;
  readonly members?: Readonly<Record<string, unknown>>;
}

/** `not_known_yet`: the saga took too long to tell. The same may be pressed again. */
export type Pressed = { readonly outcome: 'done' } | { readonly outcome: 'not_known_yet' } | Refusal;

/** Brings an action to the saga that decides, as an update with that id. */
export type TellSaga = (workflowId: string, updateId: string, input: ActionInput) => Promise<Updated<null>>;

/** Where an action is pressed: our books, and the providers as they are configured. */
export interface Desk {
  readonly pool: Pool;
  readonly config: PaymentsConfig;
}

/** A person's action on a withdrawal; its saga's validator has the last word. The same key acts once. */
export async function pressWithdrawal(
  { pool, config }: Desk,
  found: Withdrawal,
  origin: Origin,
  press: Omit<ActionInput, 'by' | 'at' | 'origin'>,
  tell: TellSaga,
): Promise<Pressed> {
  const { withdrawalId } = found;
  const { actor: by } = origin;
  const forbidden = forbids(origin.role, press.action, found);
  if (forbidden !== undefined) return forbidden;
  const noProvider = actionsOf(found).includes(press.action) ? cannotPay(config, found, press) : undefined;
  if (noProvider !== undefined) return noProvider;
  const input = { ...press, by, origin, at: new Date().toISOString() };
  const updated = await tell(found.workflowId, `${by}:${press.idempotencyKey}`, input);
  if (updated.outcome === 'answered') return { outcome: 'done' };
  if (updated.outcome === 'running') return { outcome: 'not_known_yet' };
  if (updated.outcome === 'rejected' && updated.type === 'forbidden') return OWN_APPROVAL;
  // Where it was written down, and the saga had no time to tell, it was done.
  const pressing = { kind: 'withdrawal', id: withdrawalId, origin, key: press.idempotencyKey } as const;
  if (await wasDone(pool, pressing)) return { outcome: 'done' };
  // The saga tells what it found; one that has ended leaves it to our books.
  const [told] = (updated.outcome === 'rejected' ? updated.details : []) as Misfit[];
  if (told !== undefined) return misfit(press.action, told);
  return misfitOf(press.action, (await findWithdrawal(pool, withdrawalId)) ?? found);
}

/** What would come of it by our books, without asking the saga: for a dry run. */
export function wouldRefuse(
  config: PaymentsConfig,
  found: Withdrawal,
  { actor: by, role }: Origin,
  press: BulkAction,
): Refusal | undefined {
  const { action } = press;
  const forbidden = forbids(role, action, found);
  if (forbidden !== undefined) return forbidden;
  if (!actionsOf(found).includes(action)) return misfitOf(action, found);
  const lastActor = found.timeline.findLast(({ event }) => isAction(event as WithdrawalEvent))?.by;
  if (action === 'approve' && by === lastActor) return OWN_APPROVAL;
  return cannotPay(config, found, press);
}

/** The actions that fit a withdrawal now. */
export function actionsOf({ state, attempts, overdue, timeline }: Withdrawal): WithdrawalAction[] {
  const last = attempts.at(-1)?.status;
  const provenUnpaid = last === undefined || last === 'refused' || last === 'declared_unpaid';
  const paidTwice = timeline.some(({ event }) => event === 'written_off_paid');
  return allowedActions(state, { overdue, provenUnpaid, paidTwice });
}

const OWN_APPROVAL: Refusal = {
  outcome: 'refused',
  code: 'forbidden',
  detail: 'Nobody approves what they asked for, or were the last to act on.',
};

function forbids(role: Origin['role'], action: WithdrawalAction, found: Withdrawal): Refusal | undefined {
  if (role === 'cashier' && action === 'cancel' && found.jurisdiction === 'GB') {
    return {
      outcome: 'refused',
      code: 'forbidden',
      detail: 'In Great Britain a player may not take back a withdrawal that is under way.',
    };
  }
  if (role === 'finance-approver' && WITHDRAWAL[found.state].status !== 'awaiting_approval')
    return misfitOf(action, found);
  return undefined;
}

/** A provider that a person names has to take the payout, as the configured order does: currency, method, amount, jurisdiction. */
function cannotPay(
  config: PaymentsConfig,
  { amount, currency, jurisdiction, method }: Withdrawal,
  { provider, destination }: Pick<ActionInput, 'provider' | 'destination'>,
): Refusal | undefined {
  if (provider === undefined) return undefined;
  const able = thatTake(config, {
    kind: 'withdrawal',
    money: { minor: String(amount), currency },
    method: destination?.type ?? method,
    jurisdiction,
  });
  if (able.includes(provider)) return undefined;
  const those = able.length === 0 ? 'no provider does' : `these do: ${able.join(', ')}`;
  return {
    outcome: 'refused',
    code: 'no_provider',
    detail: `${provider} is off, or does not take this payout's currency, method, amount or jurisdiction; ${those}.`,
    members: { providers: able },
  };
}

const misfitOf = (action: WithdrawalAction, found: Withdrawal) =>
  misfit(action, { state: found.state, allowedActions: actionsOf(found) });

function misfit(action: WithdrawalAction, { state: found, allowedActions: allowed }: Misfit): Refusal {
  const state = WITHDRAWAL[found].status;
  const fits = allowed.length === 0 ? 'nothing fits' : `what fits is ${allowed.join(', ')}`;
  return {
    outcome: 'refused',
    code: 'invalid_state',
    detail: `${action} does not fit a withdrawal that is ${String(state)}; ${fits}.`,
    members: { state, allowedActions: allowed },
  };
}
