import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { attemptKey, depositKey, type ProviderNews } from '../../contract/payments.ts';
import {
  deliverNext,
  openDeposit,
  openWithdrawal,
  stepWithdrawal,
  storeWebhook,
  type Parked,
  type Subject,
} from '../../payments/index.ts';
import { award, register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

const money = { minor: '10000', currency: 'SEK' };
const terms = {
  providers: ['nordpay'],
  fallback: 'off',
  askFirstAfterMs: 1_000,
  askAtMostEveryMs: 1_000,
  overdueAfterMs: 1_000,
  needsApproval: false,
} as const;

describe('what providers tell us', () => {
  let db: TestDatabase;
  const player = `p-${randomUUID()}`;
  /** Whom it was handed to, in order. */
  let handed: { subject: Subject; news: ProviderNews }[];
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
    handed = [];
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

  it('is stored once by its event id, and handed over once', async () => {
    const id = await aDeposit();
    for (let n = 0; n < 3; n++) await tell(id, { eventId: 'e-1' });
    await deliverAll();
    await tell(id, { eventId: 'e-1' });
    await deliverAll();
    assert.equal(handed.length, 1);
    assert.deepEqual(
      [handed[0]?.subject.workflowId, handed[0]?.news.state],
      [`deposit/cashier/${id}`, 'captured'],
    );
    assert.deepEqual(
      (await webhooks()).map(({ outcome, done }) => [outcome, done]),
      [['signalled', true]],
    );
  });

  it('of the same id from another provider is another event', async () => {
    const id = await aDeposit();
    await tell(id, { eventId: 'e-1' });
    await tell(id, { eventId: 'e-1', provider: 'eastpay' });
    assert.equal((await webhooks()).length, 2);
  });

  it('waits for its payment where nobody knows it yet', async () => {
    const id = randomUUID();
    await tell(id);
    await deliverAll();
    assert.equal(handed.length, 0);
    const [waiting] = await webhooks();
    assert.equal(waiting?.done, false);
    assert.match(waiting.outcome, /no deposit .* with nordpay yet/);
    await aDeposit(id);
    await db.owner.query('update payments.webhooks set next_try_at = clock_timestamp()');
    await deliverAll();
    assert.equal(handed.length, 1);
  });

  it('waits longer each time it fails, blocks nobody, and is handed over when it can be', async () => {
    const [poisonous, good] = [await aDeposit(), await aDeposit()];
    await tell(poisonous);
    await tell(good);
    const failing = (subject: Subject, told: ProviderNews) =>
      subject.id === poisonous ? Promise.reject(new Error('no sense')) : deliver(subject, told);
    const waits: bigint[] = [];
    for (let n = 0; n < 4; n++) {
      await deliverAll(failing);
      waits.push((await webhooks())[0]!.waits);
      await db.owner.query(
        'update payments.webhooks set next_try_at = clock_timestamp() where processed_at is null',
      );
    }
    assert.ok(
      waits.every((wait, n) => n === 0 || wait > (waits[n - 1]! * 3n) / 2n),
      waits.join(', '),
    );
    assert.deepEqual(
      handed.map(({ subject }) => subject.id),
      [good],
    );
    await db.owner.query('update payments.webhooks set tries = 1000 where processed_at is null');
    await deliverAll(failing);
    assert.ok((await webhooks())[0]!.waits <= 300_000n, 'five minutes at most');
    await db.owner.query(
      'update payments.webhooks set next_try_at = clock_timestamp() where processed_at is null',
    );
    await deliverAll();
    assert.deepEqual(
      handed.map(({ subject }) => subject.id),
      [good, poisonous],
    );
  });

  const dueNow = () =>
    db.owner.query('update payments.webhooks set next_try_at = clock_timestamp() where processed_at is null');

  it('that makes our own database refuse waits like any other failure, and those behind it are delivered', async () => {
    const [poisonous, good] = [await aDeposit(), await aDeposit()];
    await tell(poisonous);
    await tell(good);
    // Postgres keeps no NUL in a text: the update of the deposit raises.
    const raising = async (subject: Subject, told: ProviderNews) =>
      subject.id === poisonous ? { outcome: 'started', startedAs: 'a saga\0' } : await deliver(subject, told);
    await deliverAll(raising);
    assert.deepEqual(
      handed.map(({ subject }) => subject.id),
      [good],
    );
    const [waiting] = await webhooks();
    assert.equal(waiting?.done, false);
    assert.ok(waiting.waits > 0n);
    assert.match(waiting.outcome, /invalid byte sequence/);
    await dueNow();
    await deliverAll();
    assert.equal(handed.length, 2, 'it is handed over when it can be');
  });

  it('that fails with words Postgres cannot keep waits too', async () => {
    await tell(await aDeposit());
    await deliverAll(() => Promise.reject(new Error('a\0b')));
    assert.match((await webhooks())[0]!.outcome, /ab/);
  });

  it('that our own database refuses again and again is parked with its reason, once, and blocks nobody', async () => {
    const [poisonous, good] = [await aDeposit(), await aDeposit()];
    await tell(poisonous, { eventId: 'poison' });
    const parked: Parked[] = [];
    const raising = async (subject: Subject, told: ProviderNews) =>
      subject.id === poisonous ? { outcome: 'started', startedAs: 'a saga\0' } : await deliver(subject, told);
    for (let n = 0; n < 20; n++) {
      await deliverNext(db.pool, raising, (one) => parked.push(one));
      await dueNow();
    }
    assert.deepEqual(
      parked.map(({ provider, eventId }) => [provider, eventId]),
      [['nordpay', 'poison']],
    );
    assert.match(parked[0]!.reason, /invalid byte sequence/);
    await tell(good);
    await deliverAll(raising);
    assert.deepEqual(
      handed.map(({ subject }) => subject.id),
      [good],
    );
    await db.owner.query('update payments.webhooks set parked_at = null');
    await deliverAll();
    assert.equal(handed.length, 2, 'a person lets it go on');
  });

  it('of a payment nobody knows is never parked: the payment may come yet', async () => {
    const id = randomUUID();
    await tell(id);
    await db.owner.query('update payments.webhooks set tries = 1000');
    await deliverAll();
    await aDeposit(id);
    await dueNow();
    await deliverAll();
    assert.equal(handed.length, 1);
  });

  it('that comes twenty times at once is stored once and handed over once', async () => {
    const id = await aDeposit();
    await Promise.all(Array.from({ length: 20 }, () => tell(id, { eventId: 'e-1' })));
    assert.equal((await webhooks()).length, 1);
    await Promise.all(Array.from({ length: 5 }, () => deliverAll()));
    await deliverAll();
    assert.equal(handed.length, 1);
  });

  it('is handed over once by several dispatchers at once', async () => {
    const ids = await Promise.all(Array.from({ length: 30 }, () => aDeposit()));
    await Promise.all(ids.map((id) => tell(id)));
    await Promise.all(Array.from({ length: 5 }, () => deliverAll()));
    // One that was locked by another is skipped, and found by the next look.
    await deliverAll();
    assert.deepEqual(handed.map(({ subject }) => subject.id).sort(), [...ids].sort());
  });

  it('is still there where the dispatcher dies in the middle', async () => {
    const id = await aDeposit();
    await tell(id);
    const dies = async (subject: Subject, told: ProviderNews) => {
      await deliver(subject, told);
      await db.owner
        .query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and usename <> current_user and query like '%payments.%' and pid <> pg_backend_pid()`);
      return { outcome: 'signalled' };
    };
    await assert.rejects(deliverNext(db.pool, dies));
    assert.equal((await webhooks())[0]?.done, false);
    await deliverAll();
    assert.equal(handed.length, 2, 'a second time: the saga takes no word twice');
  });

  it('of an attempt is heard from the provider of that attempt alone, by its key', async () => {
    const withdrawalId = randomUUID();
    const common = { clientId: 'cashier', playerId: player, money, request: {}, objection: null };
    const input = { ...common, withdrawalId, destination: { type: 'bank', account: 'x' } };
    await openWithdrawal(db.pool, input, `withdrawal/cashier/${withdrawalId}`, terms);
    const key = attemptKey(withdrawalId, 1);
    const facts = { nextAttempt: 1, nextProvider: 'nordpay', nextKey: key };
    const step = { withdrawalId, seq: 1, event: 'checks_passed', to: 'submitting', by: 'countroom' } as const;
    await stepWithdrawal(db.pool, { ...step, attempt: 0, provider: '', facts });
    const told = { kind: 'withdrawal', reference: withdrawalId } as const;
    await storeWebhook(db.pool, 'eastpay', { ...told, eventId: 'e', news: news(key, 'paid') });
    await storeWebhook(db.pool, 'nordpay', {
      ...told,
      eventId: 'e',
      news: news(attemptKey(withdrawalId, 2), 'paid'),
    });
    await deliverAll();
    assert.equal(handed.length, 0);
    await storeWebhook(db.pool, 'nordpay', { ...told, eventId: 'f', news: news(key, 'paid') });
    await deliverAll();
    assert.equal(handed.length, 1);
  });
});
