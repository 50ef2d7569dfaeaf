import { activityInfo, ApplicationFailure, heartbeat } from '@temporalio/activity';
import {
  attemptKey,
  depositKey,
  type DepositInput,
  type ProviderAnswer,
  type ProviderNews,
  type Refund,
  type WithdrawalInput,
} from '../contract/payments.ts';
import { alert, type Log } from '../ops/log.ts';
import type { Asked, PaymentProvider, PaymentRequest, PayoutRequest } from '../payments/index.ts';

export interface Attempt {
  readonly attempt: number;
  readonly provider: string;
  readonly destination: WithdrawalInput['destination'];
  /** When its key came to be. */
  readonly startedAt: string;
}

interface Parts {
  readonly providers: ReadonlyMap<string, PaymentProvider>;
  readonly log: Log;
}

/** Questions to payment providers. All are safe to repeat: each carries the key of its deposit, refund or attempt. */
export const createProviderActivities = (parts: Parts) => ({
  ...paymentActivities(parts),
  ...payoutActivities(parts),
});

function paymentActivities({ providers, log }: Parts) {
  const provider = (name: string) => mustFind(providers, name);
  return {
    /** Asks a provider to take a payment; a repeat has the same key. */
    createPayment: beating(
      async (input: DepositInput, name: string, expiresAt: string): Promise<ProviderAnswer> => {
        if (ageOf(expiresAt) > 0) return { outcome: 'unknown', reason: 'it has expired' };
        const answer = await provider(name).createPayment(paymentOf(input, expiresAt));
        tell(log, { depositId: input.depositId, provider: name }, answer, 'payment asked for');
        return answer;
      },
    ),

    /** Tells a provider to forget a payment until it has, or has the money after all; null where it does not know it. */
    cancelPayment: beating(async (depositId: string, name: string): Promise<ProviderNews | null> => {
      const asked = await provider(name).cancelPayment(depositKey(depositId));
      return asked.outcome === 'not_found' ? null : said(asked, name, 'final');
    }),

    /** Where a payment stands at its provider, or null where that one does not know it. */
    lookUpPayment: beating(async (depositId: string, name: string): Promise<ProviderNews | null> => {
      const asked = await provider(name).ask('deposit', depositKey(depositId));
      return asked.outcome === 'not_found' ? null : said(asked, name, 'taken');
    }),

    /** Asks for a refund until the provider has made it, or refused it for good; a repeat has the same key. */
    refundPayment: beating(
      async (
        depositId: string,
        name: string,
        refund: Refund,
      ): Promise<Exclude<ProviderAnswer, { outcome: 'unknown' }>> => {
        const port = provider(name);
        const answer = await port.refundPayment({
          key: refund.key,
          providerReference: refund.providerReference ?? (await referenceOf(port, depositId)),
          money: refund.amount,
        });
        tell(log, { depositId, provider: name }, answer, 'refund asked for');
        if (answer.outcome === 'unknown') throw stillWaiting(name, answer.reason);
        return answer;
      },
    ),

    /**
     * Asks until the provider has taken a deposit's payment, or until it has a final word of it. As of a payout, a key
     * it does not know was never taken, and the same request is sent again.
     */
    askDeposit: beating(
      async (
        input: DepositInput,
        name: string,
        expiresAt: string,
        until: 'taken' | 'final',
      ): Promise<ProviderNews> => {
        const payment = paymentOf(input, expiresAt);
        const asked = await provider(name).ask('deposit', payment.key);
        if (asked.outcome !== 'not_found') return said(asked, name, until);
        if (ageOf(expiresAt) > 0) throw stillWaiting(name, 'it has expired');
        const answer = await provider(name).createPayment(payment);
        tell(log, { depositId: input.depositId, provider: name }, answer, 'payment asked for again');
        if (answer.outcome === 'unknown') throw stillWaiting(name, answer.reason);
        return said({ outcome: 'known', news: newsOf(answer, payment, 'declined') }, name, until);
      },
    ),
  };
}

function payoutActivities({ providers, log }: Parts) {
  const provider = (name: string) => mustFind(providers, name);
  return {
    /** Sends a payout with the key of its attempt. */
    submitPayout: beating(async (input: WithdrawalInput, attempt: Attempt): Promise<ProviderAnswer> => {
      const port = provider(attempt.provider);
      if (mayBeForgotten(port, attempt))
        return { outcome: 'unknown', reason: 'its key is too old to be sent' };
      const answer = await port.submitPayout(payoutOf(input, attempt));
      tell(log, factsOf(input, attempt), answer, 'payout submitted');
      return answer;
    }),

    /**
     * Asks until the provider has taken a payout, or until it has a final word. A key it does not know was never
     * taken: the same request is sent again, with the same key, so that whichever arrives first is the only one. But a
     * key it may have forgotten by then proves nothing, and is not sent again: a person finds out, and vouches for it.
     */
    askPayout: beating(
      async (input: WithdrawalInput, attempt: Attempt, until: 'taken' | 'final'): Promise<ProviderNews> => {
        const port = provider(attempt.provider);
        const payout = payoutOf(input, attempt);
        escalate(log, input, attempt);
        const asked = await port.ask('withdrawal', payout.key);
        if (asked.outcome !== 'not_found') return said(asked, port.name, until);
        if (mayBeForgotten(port, attempt)) {
          const byReference = await port.askByReference('withdrawal', payout.reference, payout.key);
          if (byReference.outcome === 'not_found')
            throw stillWaiting(port.name, 'it may have forgotten the key');
          return said(byReference, port.name, until);
        }
        const answer = await port.submitPayout(payout);
        tell(log, factsOf(input, attempt), answer, 'payout submitted again');
        if (answer.outcome === 'unknown') throw stillWaiting(port.name, answer.reason);
        return said({ outcome: 'known', news: newsOf(answer, payout, 'refused') }, port.name, until);
      },
    ),
  };
}

/** Milliseconds since then, by the later of two clocks: a task may have lain for days before it is run. */
const ageOf = (at: string): number =>
  Math.max(Date.now(), activityInfo().currentAttemptScheduledTimestampMs) - Date.parse(at);

const mayBeForgotten = (port: PaymentProvider, { startedAt }: Attempt): boolean =>
  ageOf(startedAt) >= port.remembersKeysForMs;

const AN_HOUR_MS = 3_600_000;

/** A payout that stays open is told of with each question, and wakes somebody from its second day on. */
function escalate(log: Log, input: WithdrawalInput, attempt: Attempt): void {
  const openForHours = Math.floor(ageOf(attempt.startedAt) / AN_HOUR_MS);
  const facts = { ...factsOf(input, attempt), openForHours };
  if (openForHours >= 24) alert(log, 'payoutStuck', facts, 'payout stuck');
  else if (openForHours >= 1) log.warn(facts, 'payout still open');
}

const factsOf = ({ withdrawalId }: WithdrawalInput, { attempt, provider }: Attempt) => ({
  withdrawalId,
  attempt,
  provider,
});

/** Every answer is in the log; one that no repeat will better wakes somebody. */
function tell(log: Log, facts: object, answer: ProviderAnswer, message: string): void {
  if (answer.outcome === 'unknown' && answer.ours === true)
    alert(log, 'providerDown', { ...facts, ...answer }, `${message}: the provider refuses our calls`);
  else log.info({ ...facts, ...answer }, message);
}

async function referenceOf(port: PaymentProvider, depositId: string): Promise<string> {
  const asked = await port.ask('deposit', depositKey(depositId));
  if (asked.outcome !== 'known')
    throw stillWaiting(port.name, 'it does not tell its reference of the payment');
  return asked.news.providerReference;
}

const BEAT_MS = 2_000;

/** Says that it still works, so that what a dying worker leaves behind is taken up in seconds: timeouts.ts. */
function beating<Args extends unknown[], T>(work: (...args: Args) => Promise<T>) {
  return async (...args: Args): Promise<T> => {
    const beat = setInterval(() => heartbeat(), BEAT_MS);
    try {
      return await work(...args);
    } finally {
      clearInterval(beat);
    }
  };
}

function paymentOf({ depositId, money, method, returnUrl }: DepositInput, expiresAt: string): PaymentRequest {
  return { key: depositKey(depositId), reference: depositId, money, method, returnUrl, expiresAt };
}

function payoutOf(
  { withdrawalId, money }: WithdrawalInput,
  { attempt, destination }: Attempt,
): PayoutRequest {
  return { key: attemptKey(withdrawalId, attempt), reference: withdrawalId, attempt, money, destination };
}

/** What a provider answered a request with, as if it had been asked. */
function newsOf(
  answer: Exclude<ProviderAnswer, { outcome: 'unknown' }>,
  { key, money }: PaymentRequest | PayoutRequest,
  refused: 'declined' | 'refused',
): ProviderNews {
  return answer.outcome === 'refused'
    ? { key, money, state: refused, providerReference: '', reason: answer.reason, via: 'asked' }
    : {
        key,
        money,
        state: 'pending',
        providerReference: answer.providerReference,
        reason: null,
        ...(answer.redirectUrl === undefined ? {} : { redirectUrl: answer.redirectUrl }),
        via: 'asked',
      };
}

function mustFind(providers: ReadonlyMap<string, PaymentProvider>, name: string): PaymentProvider {
  const found = providers.get(name);
  if (found === undefined) throw new Error(`provider ${name} is not configured: COUNTROOM_PROVIDERS`);
  return found;
}

/** What was said, where it is enough; else a failure that Temporal retries with its back-off, without history events. */
function said(
  asked: Exclude<Asked, { outcome: 'not_found' }>,
  name: string,
  until: 'taken' | 'final',
): ProviderNews {
  if (asked.outcome === 'silent') throw stillWaiting(name, asked.reason);
  if (until === 'final' && asked.news.state === 'pending') throw stillWaiting(name, 'still pending');
  return asked.news;
}

const stillWaiting = (name: string, why: string) =>
  ApplicationFailure.retryable(`${name}: ${why}`, 'still_waiting');
