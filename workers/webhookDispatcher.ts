import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  type Connection,
} from '@temporalio/client';
import type { NativeConnection } from '@temporalio/worker';
import { workflowIds } from '../contract/names.ts';
import {
  PROVIDER_NEWS,
  type DepositInput,
  type ProviderNews,
  type WithdrawalInput,
} from '../contract/payments.ts';
import { alert, type Log } from '../ops/log.ts';
import type { Pool } from '../ops/postgres.ts';
import {
  deliverNext,
  lateDeposit,
  lateWithdrawal,
  type Delivered,
  type Parked,
  type Subject,
} from '../payments/index.ts';

const IDLE_MS = 200;
/** Shorter than Postgres lets a transaction rest: ops/postgres.ts. */
const LONGEST_CALL_MS = 5_000;

/**
 * Hands stored webhooks to the sagas of their payments, until it is stopped. It polls our own table: whatever dies
 * between the provider's call and the saga, the event is still there.
 */
export function startWebhookDispatcher({
  pool,
  connection,
  namespace,
  log,
}: {
  pool: Pool;
  connection: NativeConnection;
  namespace: string;
  log: Log;
}) {
  const client = new Client({ connection: connection as unknown as Connection, namespace });
  const deliver = (subject: Subject, news: ProviderNews) =>
    connection.withDeadline(Date.now() + LONGEST_CALL_MS, () => handOver(client, pool, subject, news));
  const onParked = (parked: Parked) => {
    alert(log, 'webhooks', parked, 'webhook parked');
  };
  let running = true;
  const loop = async () => {
    while (running) {
      const found = await deliverNext(pool, deliver, onParked).catch((error: unknown) => {
        log.warn({ err: String(error) }, 'webhooks wait');
        return false;
      });
      if (!found) await sleep(IDLE_MS);
    }
  };
  const ended = loop();
  return async () => {
    running = false;
    await ended;
  };
}

/** A saga that runs gets a signal; one that has ended is taken up by a new one, where the news changes anything. */
async function handOver(
  client: Client,
  pool: Pool,
  subject: Subject,
  news: ProviderNews,
): Promise<Delivered> {
  try {
    await client.workflow.getHandle(subject.workflowId).signal(PROVIDER_NEWS, news);
    return { outcome: 'signalled' };
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error;
  }
  return subject.kind === 'deposit'
    ? await takeUpDeposit(client, pool, subject, news)
    : await takeUpWithdrawal(client, pool, subject, news);
}

async function takeUpDeposit(
  client: Client,
  pool: Pool,
  { id, clientId }: Subject,
  news: ProviderNews,
): Promise<Delivered> {
  const input = await lateDeposit(pool, id, news);
  if (input === undefined) return { outcome: 'no news' };
  const workflowId =
    news.state === 'charged_back'
      ? workflowIds.chargeback(clientId, id)
      : workflowIds.lateDeposit(clientId, id);
  return await start(client, 'deposit', workflowId, input, news);
}

async function takeUpWithdrawal(
  client: Client,
  pool: Pool,
  { id, clientId, returns }: Subject,
  news: ProviderNews,
): Promise<Delivered> {
  const input = await lateWithdrawal(pool, id, news);
  if (input === undefined) return { outcome: 'no news' };
  const workflowId =
    news.state === 'returned'
      ? workflowIds.returnedPayout(clientId, id, returns + 1)
      : workflowIds.latePayout(clientId, id, news.key);
  return await start(client, 'withdrawal', workflowId, input, news);
}

/** Started by the news itself; where a first try has started it already, it hears the news all the same. */
async function start(
  client: Client,
  workflow: string,
  workflowId: string,
  input: DepositInput | WithdrawalInput,
  news: ProviderNews,
): Promise<Delivered> {
  try {
    await client.workflow.signalWithStart(workflow, {
      workflowId,
      taskQueue: 'payments',
      args: [input],
      signal: PROVIDER_NEWS,
      signalArgs: [news],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      staticSummary: `${workflow} of player ${input.playerId}: ${news.state} after it had ended`,
    });
    return { outcome: `started ${workflowId}`, startedAs: workflowId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return { outcome: `known to ${workflowId}` };
    throw error;
  }
}
