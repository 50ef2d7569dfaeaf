import { activityInfo, ApplicationFailure } from '@temporalio/activity';
import type { PaymentsConfig } from '../config/index.ts';
import {
  attemptKey,
  depositKey,
  type DepositInput,
  type DepositStep,
  type ProviderAnswer,
  type ProviderNews,
  type Terms,
  type WithdrawalInput,
  type WithdrawalStep,
} from '../contract/payments.ts';
import { minorPerMajor, type MoneyDto } from '../money/index.ts';
import type { Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';
import {
  createProviders,
  openDeposit,
  openWithdrawal,
  resumeDeposit,
  resumeWithdrawal,
  reviewReason,
  stepDeposit,
  stepWithdrawal,
  type Asked,
  type PaymentProvider,
} from '../payments/index.ts';

export interface Attempt {
  readonly attempt: number;
  readonly provider: string;
  readonly destination: WithdrawalInput['destination'];
}

/** The steps of deposits and withdrawals: our own books, and questions to providers. All are safe to repeat. */
export function createPaymentsActivities({ pool, config, log }: { pool: Pool; config: PaymentsConfig; log: Log }) {
  const providers = createProviders(config);
  const provider = (name: string) => mustFind(providers, name);
  const terms = (money: MoneyDto): Terms => ({
    providers: [...providers.keys()],
    fallback: config.fallback,
    askFirstAfterMs: config.askFirstAfterMs,
    askAtMostEveryMs: config.askAtMostEveryMs,
    overdueAfterMs: config.overdueAfterMs,
    needsApproval: BigInt(money.minor) > BigInt(config.approvalAboveMajor) * minorPerMajor(money.currency),
  });
  return {
    openDeposit: (input: DepositInput) => openDeposit(pool, input, workflowId(), terms(input.money)),
    openWithdrawal: (input: WithdrawalInput) => openWithdrawal(pool, input, workflowId(), terms(input.money)),
    termsNow: (money: MoneyDto) => Promise.resolve(terms(money)),
    stepDeposit: (step: DepositStep) => stepDeposit(pool, step),
    stepWithdrawal: (step: WithdrawalStep) => stepWithdrawal(pool, step),
    reviewWithdrawal: (withdrawalId: string) => reviewReason(pool, withdrawalId, config.withdrawalsPerHour),
    resumeDeposit: (depositId: string) => resumeDeposit(pool, depositId),
    resumeWithdrawal: (withdrawalId: string, news: ProviderNews) =>
      resumeWithdrawal(pool, withdrawalId, workflowId(), news),

    /** Asks a provider to take a payment; a repeat has the same key. */
    async createPayment(input: DepositInput, name: string, expiresAt: string): Promise<ProviderAnswer> {
      const { depositId, money, method, returnUrl } = input;
      const answer = await provider(name).createPayment({ key: depositKey(depositId), reference: depositId, money, method, returnUrl, expiresAt });
      log.info({ depositId, provider: name, ...answer }, 'payment asked for');
      return answer;
    },

    cancelPayment: (depositId: string, name: string) => provider(name).cancelPayment(depositKey(depositId)),

    /** Sends a payout with the key of its attempt. */
    async submitPayout(input: WithdrawalInput, { attempt, provider: name, destination }: Attempt): Promise<ProviderAnswer> {
      const { withdrawalId, money } = input;
      const answer = await provider(name).submitPayout({ key: attemptKey(withdrawalId, attempt), reference: withdrawalId, attempt, money, destination });
      log.info({ withdrawalId, attempt, provider: name, ...answer }, 'payout submitted');
      return answer;
    },

    /** Asks until the provider has taken a deposit's payment, or until it has a final word of it. */
    async askDeposit(depositId: string, name: string, until: 'taken' | 'final'): Promise<ProviderNews> {
      const asked = await provider(name).ask('deposit', depositKey(depositId));
      if (asked.outcome === 'not_found') throw stillWaiting(name, 'does not know the payment');
      return said(asked, name, until);
    },

    /**
     * Asks until the provider has taken a payout, or until it has a final word. A key it does not know was never
     * taken: the same request is sent again, with the same key, so that whichever arrives first is the only one.
     */
    async askPayout(input: WithdrawalInput, attempt: Attempt, until: 'taken' | 'final'): Promise<ProviderNews> {
      const { withdrawalId, money } = input;
      const key = attemptKey(withdrawalId, attempt.attempt);
      const port = provider(attempt.provider);
      const asked = await port.ask('withdrawal', key);
      if (asked.outcome !== 'not_found') return said(asked, port.name, until);
      const answer = await port.submitPayout({ key, reference: withdrawalId, attempt: attempt.attempt, money, destination: attempt.destination });
      log.info({ withdrawalId, ...attempt, ...answer }, 'payout submitted again');
      if (answer.outcome === 'unknown') throw stillWaiting(port.name, answer.reason);
      const refused = answer.outcome === 'refused';
      const news: ProviderNews = {
        key,
        state: refused ? 'refused' : 'pending',
        providerReference: refused ? '' : answer.providerReference,
        money,
        reason: refused ? answer.reason : null,
        via: 'asked',
      };
      return said({ outcome: 'known', news }, port.name, until);
    },
  };
}

export type PaymentsActivities = ReturnType<typeof createPaymentsActivities>;

function workflowId(): string {
  const { workflowExecution } = activityInfo();
  if (workflowExecution === undefined) throw new Error('this activity belongs to a saga');
  return workflowExecution.workflowId;
}

function mustFind(providers: ReadonlyMap<string, PaymentProvider>, name: string): PaymentProvider {
  const found = providers.get(name);
  if (found === undefined) throw new Error(`provider ${name} is not configured: COUNTROOM_PROVIDERS`);
  return found;
}

/** What was said, where it is enough; else a failure that Temporal retries with its back-off, without history events. */
function said(asked: Exclude<Asked, { outcome: 'not_found' }>, name: string, until: 'taken' | 'final'): ProviderNews {
  if (asked.outcome === 'silent') throw stillWaiting(name, asked.reason);
  if (until === 'final' && asked.news.state === 'pending') throw stillWaiting(name, 'still pending');
  return asked.news;
}

const stillWaiting = (name: string, why: string) => ApplicationFailure.retryable(`${name}: ${why}`, 'still_waiting');
