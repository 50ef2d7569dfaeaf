import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { depositKey, type ProviderNews } from '../../contract/payments.ts';
import { deliverNext, openDeposit, storeWebhook, type Subject } from '../../payments/index.ts';
import { award, register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

export const money = { minor: '10000', currency: 'SEK' };
export const terms = {
  providers: ['nordpay'],
  fallback: 'off',
  askFirstAfterMs: 1_000,
  askAtMostEveryMs: 1_000,
  overdueAfterMs: 1_000,
  needsApproval: false,
} as const;

/** The stored webhooks of a suite, and those they were handed to. */
export function aWebhookQueue() {
  let db: TestDatabase;
  const player = `p-${randomUUID()}`;
  /** Whom it was handed to, in order. */
  const handed: { subject: Subject; news: ProviderNews }[] = [];
  const deliver = (subject: Subject, news: ProviderNews) => {
    handed.push({ subject, news });
    return Promise.resolve({ outcome: 'signalled' });
  };

  before(async () => {
    db = await testDatabase();
    await register(db.pool, { playerId: player, jurisdiction: 'MT', currencies: ['SEK'] });
    const gift = { clientId: 'game', awardId: 'a', playerId: player, currency: 'SEK', amount: 1_000_000n };
    await award(db.pool, { ...gift, request: {}, objection: null });
  });
  beforeEach(async () => {
    handed.length = 0;
    await db.owner.query('delete from payments.webhooks');
  });
  after(async () => {
    await checkInvariants(db.owner);
    await db.drop();
  });

  const news = (key: string, state: ProviderNews['state'] = 'captured'): ProviderNews => ({
    key,
    state,
    providerReference: 'x',
    money,
    reason: null,
    via: 'webhook',
  });

  async function aDeposit(depositId: string = randomUUID()): Promise<string> {
    const method = { type: 'card', token: 't' };
    const common = { clientId: 'cashier', playerId: player, money, request: {}, objection: null };
    const input = { ...common, depositId, method, returnUrl: 'https://x.example', expiresInMs: 60_000 };
    assert.equal(
      (await openDeposit(db.pool, input, `deposit/cashier/${depositId}`, terms)).outcome,
      'opened',
    );
    return depositId;
  }

  const tell = (
    depositId: string,
    { eventId = randomUUID(), provider = 'nordpay' }: { eventId?: string; provider?: string } = {},
  ) =>
    storeWebhook(db.pool, provider, {
      eventId,
      kind: 'deposit',
      reference: depositId,
      news: news(depositKey(depositId)),
    });

  async function deliverAll(with_ = deliver): Promise<void> {
    while (await deliverNext(db.pool, with_));
  }

  const webhooks = async () => {
    const { rows } = await db.owner.query<{ outcome: string; tries: number; done: boolean; waits: bigint }>(
      `select outcome, tries, processed_at is not null as done,
              (extract(epoch from next_try_at - clock_timestamp()) * 1000)::bigint as waits
         from payments.webhooks order by received_at`,
    );
    return rows;
  };

  const dueNow = () =>
    db.owner.query('update payments.webhooks set next_try_at = clock_timestamp() where processed_at is null');

  return { player, handed, deliver, news, aDeposit, tell, deliverAll, webhooks, dueNow, db: () => db };
}
