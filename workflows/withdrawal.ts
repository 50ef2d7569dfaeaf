import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineSignal,
  defineUpdate,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import type { PaymentsActivities } from '../activities/index.ts';
import {
  ACT,
  PAYMENT_ANSWER,
  PROVIDER_NEWS,
  type ActionInput,
  type Opened,
  type ProviderNews,
  type Terms,
  type WithdrawalInput,
} from '../contract/payments.ts';
import { isFinal, type WithdrawalEvent } from '../contract/states/withdrawal.ts';
import { format } from '../money/index.ts';
import { OWN_BOOKS } from './timeouts.ts';
import { WithdrawalDesk } from './withdrawalDesk.ts';
import { Payout } from './withdrawalPayout.ts';
import { WithdrawalRecord } from './withdrawalRecord.ts';

const books = (summary: string) => proxyLocalActivities<PaymentsActivities>({ ...OWN_BOOKS, summary });

/** Answered once the money is held, or was refused: our own books tell which. */
const answer = defineUpdate(PAYMENT_ANSWER);
/** A person's action; answered once it is written down. Refused where it does not fit the state. */
const act = defineUpdate<null, [ActionInput]>(ACT);
const providerNews = defineSignal<[ProviderNews]>(PROVIDER_NEWS);

/**
 * Hold → checks → approval → submit → webhook, answer or action → paid. docs/payments.md has the states; the table
 * in contract/states says what an event leads to, and this procedure makes the events happen.
 */
export async function withdrawal(input: WithdrawalInput): Promise<string> {
  let answered = false;
  const news: ProviderNews[] = [];
  const record = new WithdrawalRecord(input);
  const desk = new WithdrawalDesk(record);
  setHandler(answer, async () => {
    await condition(() => answered);
  });
  setHandler(providerNews, (said) => {
    news.push(said);
  });
  setHandler(act, (action) => desk.take(action), { validator: (action: ActionInput) => desk.check(action) });

  // A person who cancels it in the Web UI changes nothing: half a payout is none. The finance actions are the way.
  await CancellationScope.nonCancellable(async () => {
    const terms = input.late === undefined ? await open(input, record) : await takeUp(input, record);
    answered = true;
    if (terms !== undefined) await goOn(terms, input, record, desk, news);
    desk.close();
    await condition(allHandlersFinished);
  });
  return record.story;
}

async function open(input: WithdrawalInput, record: WithdrawalRecord): Promise<Terms | undefined> {
  const opened: Opened = await books(`hold ${format(input.money)}`).openWithdrawal(input);
  if (opened.outcome === 'refused') {
    record.refusedAtOnce(opened.code);
    return undefined;
  }
  record.opened(opened.terms, opened.openedAt);
  return opened.terms;
}

/** After a provider's word that came when the saga had ended. Where another saga goes on with it, that one will hear. */
async function takeUp(input: WithdrawalInput, record: WithdrawalRecord): Promise<Terms | undefined> {
  const terms = await books('read the terms').termsNow(input);
  const stands = await books('take up the withdrawal again').resumeWithdrawal(input.withdrawalId);
  record.resumed(terms, stands);
  return stands.mine ? terms : undefined;
}

/** From state to state until one is final. Each turn makes one event happen: a check, a provider's word, an action. */
async function goOn(
  terms: Terms,
  input: WithdrawalInput,
  record: WithdrawalRecord,
  desk: WithdrawalDesk,
  news: ProviderNews[],
): Promise<void> {
  const payout = new Payout(input, record, terms, news);
  for (;;) {
    if (isFinal(record.state)) {
      const thought = record.attempts.afterthought(news);
      if (thought === undefined || !record.fits(thought.event)) return;
      const { event, attempt, reason } = thought;
      await record.step(event, { by: record.attempts.providerOf(attempt) ?? 'countroom', reason, attempt });
    }
    switch (record.state) {
      case 'held':
        await checks(input, terms, record, desk);
        break;
      case 'submitting':
      case 'submitted':
      case 'unknown':
        await payout.untilSomethingHappens(desk);
        break;
      default:
        await waitForPerson(record, desk, news);
    }
  }
}

/** Our own checks; a person's action that came first goes first. */
async function checks(
  input: WithdrawalInput,
  terms: Terms,
  record: WithdrawalRecord,
  desk: WithdrawalDesk,
): Promise<void> {
  const review = record.reviewed
    ? null
    : await books('check whether a person should look').reviewWithdrawal(input.withdrawalId);
  if (await desk.actIfAsked()) return;
  const event: WithdrawalEvent =
    review !== null ? 'review_needed' : terms.needsApproval ? 'approval_needed' : 'checks_passed';
  await record.step(event, {
    by: 'countroom',
    reason: review ?? (terms.needsApproval ? 'above the approval tier' : null),
  });
}

/** Parked with a person: an action, or the provider's late word that an attempt given up was paid after all. */
async function waitForPerson(
  record: WithdrawalRecord,
  desk: WithdrawalDesk,
  news: ProviderNews[],
): Promise<void> {
  const paid = () => (record.fits('paid') ? record.attempts.paidAfterAll(news) : undefined);
  await condition(() => desk.asked || paid() !== undefined);
  const late = paid();
  if (late === undefined) {
    await desk.actIfAsked();
    return;
  }
  const attempt = record.attempts.numberOf(late);
  await record.step('paid', {
    by: record.attempts.providerOf(attempt) ?? 'countroom',
    reason: null,
    attempt,
  });
}
