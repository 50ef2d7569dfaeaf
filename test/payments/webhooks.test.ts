import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { attemptKey, type ProviderNews } from '../../contract/payments.ts';
import {
  deliverNext,
  openWithdrawal,
  stepWithdrawal,
  storeWebhook,
  type Subject,
} from '../../payments/index.ts';
import { aWebhookQueue, money, terms } from './aWebhookQueue.ts';

describe('what providers tell us', () => {
  const queue = aWebhookQueue();
  const { player, handed, deliver, news, aDeposit, tell, deliverAll, webhooks } = queue;

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
    await queue.db().owner.query('update payments.webhooks set next_try_at = clock_timestamp()');
    await deliverAll();
    assert.equal(handed.length, 1);
  });

  it('that names a payment only as its provider does finds it by that, with the same provider', async () => {
    const id = await aDeposit();
    await queue
      .db()
      .owner.query(
        `update payments.deposits set provider = 'nordpay', provider_reference = 'pi_7' where deposit_id = $1`,
        [id],
      );
    const dispute = { ...news(id), key: '', providerReference: 'pi_7', state: 'charged_back' } as const;
    const event = { eventId: 'e-7', kind: 'deposit', reference: '', news: dispute } as const;
    await storeWebhook(queue.db().pool, 'eastpay', event);
    await deliverAll();
    assert.equal(handed.length, 0);
    await storeWebhook(queue.db().pool, 'nordpay', event);
    await deliverAll();
    assert.deepEqual(
      handed.map(({ subject, news: { key, state } }) => [subject.id, key, state]),
      [[id, `deposit:${id}`, 'charged_back']],
    );
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
      await queue.db().owner
        .query(`select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database()
        and usename <> current_user and query like '%payments.%' and pid <> pg_backend_pid()`);
      return { outcome: 'signalled' };
    };
    await assert.rejects(deliverNext(queue.db().pool, dies));
    assert.equal((await webhooks())[0]?.done, false);
    await deliverAll();
    assert.equal(handed.length, 2, 'a second time: the saga takes no word twice');
  });

  it('of an attempt is heard from the provider of that attempt alone, by its key', async () => {
    const withdrawalId = randomUUID();
    const common = { clientId: 'cashier', playerId: player, money, request: {}, objection: null };
    const input = { ...common, withdrawalId, destination: { type: 'bank', account: 'x' } };
    await openWithdrawal(queue.db().pool, input, `withdrawal/cashier/${withdrawalId}`, terms);
    const key = attemptKey(withdrawalId, 1);
    const facts = { nextAttempt: 1, nextProvider: 'nordpay', nextKey: key };
    const step = { withdrawalId, seq: 1, event: 'checks_passed', to: 'submitting', by: 'countroom' } as const;
    await stepWithdrawal(queue.db().pool, { ...step, attempt: 0, provider: '', facts });
    const told = { kind: 'withdrawal', reference: withdrawalId } as const;
    await storeWebhook(queue.db().pool, 'eastpay', { ...told, eventId: 'e', news: news(key, 'paid') });
    await storeWebhook(queue.db().pool, 'nordpay', {
      ...told,
      eventId: 'e',
      news: news(attemptKey(withdrawalId, 2), 'paid'),
    });
    await deliverAll();
    assert.equal(handed.length, 0);
    await storeWebhook(queue.db().pool, 'nordpay', { ...told, eventId: 'f', news: news(key, 'paid') });
    await deliverAll();
    assert.equal(handed.length, 1);
  });
});
