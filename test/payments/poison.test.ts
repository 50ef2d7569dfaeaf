import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import type { ProviderNews } from '../../contract/payments.ts';
import { deliverNext, type Parked, type Subject } from '../../payments/index.ts';
import { aWebhookQueue } from './aWebhookQueue.ts';

describe('a word of a provider that cannot be handed over', () => {
  const queue = aWebhookQueue();
  const { handed, deliver, aDeposit, tell, deliverAll, webhooks, dueNow } = queue;

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
      await queue
        .db()
        .owner.query(
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
    await queue.db().owner.query('update payments.webhooks set tries = 1000 where processed_at is null');
    await deliverAll(failing);
    assert.ok((await webhooks())[0]!.waits <= 300_000n, 'five minutes at most');
    await queue
      .db()
      .owner.query('update payments.webhooks set next_try_at = clock_timestamp() where processed_at is null');
    await deliverAll();
    assert.deepEqual(
      handed.map(({ subject }) => subject.id),
      [good, poisonous],
    );
  });

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
      await deliverNext(queue.db().pool, raising, (one) => parked.push(one));
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
    await queue.db().owner.query('update payments.webhooks set parked_at = null');
    await deliverAll();
    assert.equal(handed.length, 2, 'a person lets it go on');
  });

  it('of a payment nobody knows is never parked: the payment may come yet', async () => {
    const id = randomUUID();
    await tell(id);
    await queue.db().owner.query('update payments.webhooks set tries = 1000');
    await deliverAll();
    await aDeposit(id);
    await dueNow();
    await deliverAll();
    assert.equal(handed.length, 1);
  });
});
