import { CancellationScope, condition, proxyActivities } from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import type { DepositInput, ProviderNews, Terms } from '../contract/payments.ts';
import { format } from '../money/index.ts';
import type { DepositRecord } from './depositRecord.ts';
import { PROVIDER } from './timeouts.ts';

const ask = (summary: string) => proxyActivities<PaymentsActivities>({ ...PROVIDER, summary });

/** Temporal's retry does the asking again, without an event in the history. */
const askOn = ({ askFirstAfterMs, askAtMostEveryMs }: Terms, summary: string) =>
  proxyActivities<PaymentsActivities>({
    ...PROVIDER,
    retry: { initialInterval: askFirstAfterMs, backoffCoefficient: 2, maximumInterval: askAtMostEveryMs },
    summary,
  });

interface Asking {
  readonly terms: Terms;
  readonly expiry: string;
  readonly over: () => boolean;
  readonly until: 'taken' | 'final';
}

/** Asks what became of a payment until there is an answer or it is over. */
export async function askUntil(
  { provider }: DepositRecord,
  input: DepositInput,
  { terms, expiry, over, until }: Asking,
): Promise<ProviderNews | undefined> {
  const { askDeposit } = askOn(terms, `ask ${provider} what became of the payment`);
  return await unless(over, () => askDeposit(input, provider, expiry, until));
}

/**
 * Tells the provider to forget a payment; what that one says of it, where it knows it and nothing hurries. One that it
 * cannot forget may still bring money, and the webhook that tells may not come: it is asked on.
 */
export async function forget(
  { provider }: DepositRecord,
  { depositId }: DepositInput,
  terms: Terms,
  hurried: () => boolean,
): Promise<ProviderNews | undefined> {
  const { cancelPayment } = askOn(terms, `tell ${provider} to forget the payment`);
  return (await unless(hurried, () => cancelPayment(depositId, provider))) ?? undefined;
}

/** What a question brings, or undefined where it was given up for something that came first. */
async function unless<T>(over: () => boolean, question: () => Promise<T>): Promise<T | undefined> {
  let answer: T | undefined;
  let answered = false;
  const asking = new CancellationScope();
  asking
    .run(async () => {
      answer = await question();
      answered = true;
    })
    // It fails only by being cancelled: until then it is tried on.
    .catch(() => undefined);
  await condition(() => answered || over());
  asking.cancel();
  return answer;
}

/** The provider sends the money back, or refuses to for good: it is asked with the same key until it answers. */
export async function sendBack(record: DepositRecord, { depositId }: DepositInput): Promise<void> {
  const { refund, provider } = record;
  if (refund === null) throw new Error('our books have no refund of it');
  record.tell(`asking ${provider} to send ${format(refund.amount)} back.`);
  const answer = await ask(`ask ${provider} to send ${format(refund.amount)} back`).refundPayment(
    depositId,
    provider,
    refund,
  );
  if (answer.outcome === 'accepted') {
    await record.step(refund.all ? 'refunded' : 'part_refunded', {
      facts: { refundReference: answer.providerReference },
    });
  } else {
    await record.step(refund.credited ? 'refund_refused' : 'return_refused', { reason: answer.reason });
  }
}

/** Where the payment stands at its provider, or null where that one does not know it. */
export const lookUp = (
  { provider }: DepositRecord,
  { depositId }: DepositInput,
): Promise<ProviderNews | null> =>
  ask(`ask ${provider} where the payment stands`).lookUpPayment(depositId, provider);
