import { activityInfo } from '@temporalio/activity';
import type { PaymentsConfig } from '../config/index.ts';
import type { Decision } from '../contract/adjustments.ts';
import {
  type DepositInput,
  type DepositStep,
  type Terms,
  type WithdrawalInput,
  type WithdrawalStep,
} from '../contract/payments.ts';
import { minorPerMajor, type MoneyDto } from '../money/index.ts';
import type { Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';
import {
  createProviders,
  decideAdjustment,
  openDeposit,
  openWithdrawal,
  resumeDeposit,
  resumeWithdrawal,
  reviewReason,
  routeOf,
  stepDeposit,
  stepWithdrawal,
} from '../payments/index.ts';
import { createProviderActivities } from './providers.ts';

/** The steps of deposits and withdrawals: our own books here, and the questions to providers. All are safe to repeat. */
export function createPaymentsActivities({
  pool,
  config,
  log,
}: {
  pool: Pool;
  config: PaymentsConfig;
  log: Log;
}) {
  const providers = createProviders(config);
  const terms = (money: MoneyDto, route: readonly string[] | undefined): Terms => ({
    providers: route ?? [...providers.keys()],
    fallback: config.fallback,
    askFirstAfterMs: config.askFirstAfterMs,
    askAtMostEveryMs: config.askAtMostEveryMs,
    overdueAfterMs: config.overdueAfterMs,
    needsApproval: BigInt(money.minor) > BigInt(config.approvalAboveMajor) * minorPerMajor(money.currency),
  });
  const routeOfDeposit = ({ playerId, money, method: { type: method } }: DepositInput) =>
    routeOf(pool, config, { kind: 'deposit', playerId, money, method });
  const routeOfWithdrawal = ({ playerId, money, destination: { type: method } }: WithdrawalInput) =>
    routeOf(pool, config, { kind: 'withdrawal', playerId, money, method });
  return {
    openDeposit: async (input: DepositInput) => {
      const route = await routeOfDeposit(input);
      return await openDeposit(pool, objected(input, route), workflowId(), terms(input.money, route));
    },
    openWithdrawal: async (input: WithdrawalInput) => {
      const route = await routeOfWithdrawal(input);
      return await openWithdrawal(pool, objected(input, route), workflowId(), terms(input.money, route));
    },
    termsNow: async (input: WithdrawalInput) => terms(input.money, await routeOfWithdrawal(input)),
    stepDeposit: (step: DepositStep) => stepDeposit(pool, step),
    stepWithdrawal: (step: WithdrawalStep) => stepWithdrawal(pool, step),
    reviewWithdrawal: (withdrawalId: string) => reviewReason(pool, withdrawalId, config),
    resumeDeposit: (depositId: string) => resumeDeposit(pool, depositId, workflowId()),
    resumeWithdrawal: (withdrawalId: string) => resumeWithdrawal(pool, withdrawalId, workflowId()),
    decideAdjustment: (adjustmentId: string, decision: Decision) =>
      decideAdjustment(pool, adjustmentId, decision),
    ...createProviderActivities({ providers, log }),
  };
}

/** Where no provider takes it, that is what is against it. */
const objected = <Input extends DepositInput | WithdrawalInput>(
  input: Input,
  route: readonly string[] | undefined,
): Input =>
  route?.length === 0 && input.objection === null ? { ...input, objection: 'no_provider' } : input;

export type PaymentsActivities = ReturnType<typeof createPaymentsActivities>;

function workflowId(): string {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) throw new Error('this activity belongs to a saga');
  return workflowExecution.workflowId;
}
