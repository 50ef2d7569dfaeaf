import type { ProviderNews } from '../contract/payments.ts';
import { inTransaction, type Pool } from '../ops/postgres.ts';
import type { WebhookEvent } from './provider.ts';

/** Stores what a provider said. A second delivery of the same event changes nothing. */
export async function storeWebhook(pool: Pool, provider: string, event: WebhookEvent): Promise<void> {
  await pool.query({
    name: 'store_webhook',
    text: 'insert into payments.webhooks (provider, event_id, body) values ($1::text, $2::text, $3::jsonb) on conflict do nothing',
    values: [provider, event.eventId, JSON.stringify(event)],
  });
}

/** The payment an event is about, as far as our books know. */
export interface Subject {
  readonly kind: 'deposit' | 'withdrawal';
  readonly id: string;
  readonly clientId: string;
  readonly workflowId: string;
  readonly returns: number;
}

/** Hands news to the saga of its payment. `later`: it cannot be taken just now. */
export type Deliver = (subject: Subject, news: ProviderNews) => Promise<string>;

const LONGEST_WAIT = '5 minutes';

/**
 * Delivers the next stored webhook, if one is due; answers whether there was one. Several may run at once: each event
 * is locked by the one that delivers it, and one that fails waits longer each time and blocks nobody.
 */
export async function deliverNext(pool: Pool, deliver: Deliver): Promise<boolean> {
  // The lock is held over a call to our own Temporal, not to a third party: one event, one short transaction.
  return await inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<{ provider: string; eventId: string; body: WebhookEvent }>(`
      select provider, event_id as "eventId", body from payments.webhooks
       where processed_at is null and next_try_at <= clock_timestamp()
       order by next_try_at limit 1 for update skip locked`);
    const [webhook] = rows;
    if (webhook === undefined) return false;
    const { provider, eventId, body } = webhook;
    const outcome = await deliverOne(tx, body, deliver).catch((error: unknown) => ({
      failed: String(error),
    }));
    if (typeof outcome === 'string') {
      await tx.query(
        'update payments.webhooks set processed_at = clock_timestamp(), outcome = $3, tries = tries + 1 where provider = $1 and event_id = $2',
        [provider, eventId, outcome],
      );
    } else {
      await tx.query(
        `update payments.webhooks set tries = tries + 1, outcome = $3,
                next_try_at = clock_timestamp() + least(interval '200 milliseconds' * 2 ^ least(tries, 20), $4::interval)
          where provider = $1 and event_id = $2`,
        [provider, eventId, outcome.failed.slice(0, 500), LONGEST_WAIT],
      );
    }
    return true;
  });
}

async function deliverOne(tx: Pick<Pool, 'query'>, event: WebhookEvent, deliver: Deliver): Promise<string> {
  const { rows } = await tx.query<Subject>(
    event.kind === 'deposit'
      ? `select 'deposit' as kind, deposit_id as id, client_id as "clientId", workflow_id as "workflowId", 0 as returns from payments.deposits where deposit_id = $1`
      : `select 'withdrawal' as kind, withdrawal_id as id, client_id as "clientId", workflow_id as "workflowId", returns from payments.withdrawals where withdrawal_id = $1`,
    [event.reference],
  );
  const [subject] = rows;
  if (subject === undefined) throw new Error(`no ${event.kind} ${event.reference} yet`);
  return await deliver(subject, event.news);
}
