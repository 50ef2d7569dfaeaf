import { depositKey, type ProviderNews } from '../contract/payments.ts';
import { inTransaction, isOfTheData, type Pool, type Tx } from '../ops/postgres.ts';
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

/** What became of news. `startedAs`: the saga had ended, and this workflow takes the payment up. */
export interface Delivered {
  readonly outcome: string;
  readonly startedAs?: string;
}

/** Hands news to the saga of its payment; throws where it cannot be taken just now. */
export type Deliver = (subject: Subject, news: ProviderNews) => Promise<Delivered>;

const LONGEST_WAIT = '5 minutes';
/** About twenty minutes: whatever our database refuses for so long needs a person. What only waits is never parked. */
const TRIES_BEFORE_PARKED = 15;

/** A webhook that is tried no more until a person clears its `parked_at`. */
export interface Parked {
  readonly provider: string;
  readonly eventId: string;
  readonly reason: string;
}

/**
 * Delivers the next stored webhook, if one is due; answers whether there was one. Several may run at once: each event
 * is locked by the one that delivers it, and one that fails waits longer each time and blocks nobody. One that our database
 * itself refuses, again and again, is parked.
 */
export async function deliverNext(
  pool: Pool,
  deliver: Deliver,
  onParked: (parked: Parked) => void = () => undefined,
): Promise<boolean> {
  let parked: Parked | undefined;
  // The lock is held over a call to our own Temporal, not to a third party: one event, one short transaction.
  const found = await inTransaction(pool, async (tx) => {
    const { rows } = await tx.query<Stored>(`
      select provider, event_id as "eventId", body, tries from payments.webhooks
       where processed_at is null and parked_at is null and next_try_at <= clock_timestamp()
       order by next_try_at limit 1 for update skip locked`);
    const [webhook] = rows;
    if (webhook === undefined) return false;
    parked = await deliverOrWait(tx, webhook, deliver);
    return true;
  });
  // Only after the commit: what was rolled back was not parked.
  if (parked !== undefined) onParked(parked);
  return found;
}

interface Stored {
  readonly provider: string;
  readonly eventId: string;
  readonly body: WebhookEvent;
  readonly tries: number;
}

async function deliverOrWait(
  tx: Tx,
  { provider, eventId, body, tries }: Stored,
  deliver: Deliver,
): Promise<Parked | undefined> {
  // Without it, a statement that raises aborts the transaction, and the wait that is written here is lost with it.
  await tx.query('savepoint delivery');
  try {
    const outcome = await deliverOne(tx, provider, body, deliver);
    await tx.query(
      'update payments.webhooks set processed_at = clock_timestamp(), outcome = $3, tries = tries + 1 where provider = $1 and event_id = $2',
      [provider, eventId, outcome],
    );
    return undefined;
  } catch (error) {
    await tx.query('rollback to savepoint delivery');
    const parks = isOfTheData(error) && tries + 1 >= TRIES_BEFORE_PARKED;
    // Postgres keeps no NUL in a text.
    const reason = String(error).replaceAll('\0', '').slice(0, 500);
    await tx.query(
      `update payments.webhooks set tries = tries + 1, outcome = $3, parked_at = case when $5::boolean then clock_timestamp() end,
              next_try_at = clock_timestamp() + least(interval '200 milliseconds' * 2 ^ least(tries, 20), $4::interval)
        where provider = $1 and event_id = $2`,
      [provider, eventId, reason, LONGEST_WAIT, parks],
    );
    return parks ? { provider, eventId, reason } : undefined;
  }
}

/** A payment is known by its key and its provider: what another provider says of it is not news. */
const SUBJECTS = {
  deposit: `
    select 'deposit' as kind, deposit_id as id, client_id as "clientId", workflow_id as "workflowId", 0 as returns from payments.deposits
     where (deposit_id = $1 and 'deposit:' || deposit_id = $2 and coalesce(provider, $3) = $3)
        or ($2 = '' and provider_reference = $4 and provider = $3)`,
  withdrawal: `
    select 'withdrawal' as kind, w.withdrawal_id as id, client_id as "clientId", workflow_id as "workflowId", returns
      from payments.withdrawals w join payments.attempts a using (withdrawal_id)
     where w.withdrawal_id = $1 and a.key = $2 and a.provider = $3 and $4::text is not null`,
} as const;

async function deliverOne(
  tx: Tx,
  provider: string,
  { kind, reference, news: told }: WebhookEvent,
  deliver: Deliver,
): Promise<string> {
  // One at a time per payment: two that come after its end must not both start a saga for it.
  await tx.query('select pg_advisory_xact_lock(hashtextextended($1, 1))', [
    `${kind}/${told.key === '' ? told.providerReference : reference}`,
  ]);
  const { rows } = await tx.query<Subject>(SUBJECTS[kind], [
    reference,
    told.key,
    provider,
    told.providerReference,
  ]);
  const [subject] = rows;
  if (subject === undefined) throw new Error(`no ${kind} ${reference} with ${provider} yet`);
  const news = told.key === '' ? { ...told, key: depositKey(subject.id) } : told;
  const { outcome, startedAs } = await deliver(subject, news);
  if (startedAs !== undefined) {
    // What comes next is for the new saga to hear.
    await tx.query(
      kind === 'deposit'
        ? 'update payments.deposits set workflow_id = $2 where deposit_id = $1'
        : 'update payments.withdrawals set workflow_id = $2 where withdrawal_id = $1',
      [subject.id, startedAs],
    );
  }
  return outcome;
}
