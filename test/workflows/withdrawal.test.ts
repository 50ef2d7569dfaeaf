import assert from 'node:assert/strict';
import { stepsOf, type TimelineItem } from '../../payments/index.ts';
import { aCashier, aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';

describe('a withdrawal', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  /** Starts one and answers its id; the player has 500.00. */
  async function ask(account: string, amount = 10_000) {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    const { status, body } = await desk.withdraw(player, account, { withdrawalId, amount });
    assert.equal(status, 201, JSON.stringify(body));
    return { player, withdrawalId };
  }

  const paidOnce = async (withdrawalId: string, amount = 10_000) => {
    const books = (await desk.theirBooks(withdrawalId)).filter(({ state }) => state === 'paid');
    assert.deepEqual(
      books.map((item) => item.amount),
      [amount],
      'the providers paid it once',
    );
  };

  it('is held at once, paid once, and stays within 40 history events', async () => {
    const { player, withdrawalId } = await ask('SIM-PAID');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 10_000, owed: 0 });
    const paid = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 });
    await paidOnce(withdrawalId);
    const events = await desk.historyLength(paid['workflowId'] as string);
    assert.ok(events <= 40, `${String(events)} events`);
  });

  for (const account of [
    'SIM-NO-WEBHOOK',
    'SIM-TIMEOUT-TAKEN',
    'SIM-TIMEOUT-LOST',
    'SIM-503',
    'SIM-DUPLICATE',
    'SIM-LATE-PAID',
  ]) {
    it(`to ${account} is paid, by one attempt`, async function () {
      this.timeout(40_000);
      const { withdrawalId } = await ask(account);
      const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
      assert.deepEqual(
        attempts?.map(({ status }) => status),
        ['paid'],
      );
      await paidOnce(withdrawalId);
    });
  }

  it('that is not answered is unknown: the money stays held, and no second payout is sent', async () => {
    const { player, withdrawalId } = await ask('SIM-TIMEOUT-TAKEN');
    const { allowedActions } = await desk.until('withdrawals', withdrawalId, 'unknown');
    assert.deepEqual(allowedActions, ['mark-paid', 'declare-unpaid']);
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 10_000, owed: 0 });
    const { status, body } = await desk.act(withdrawalId, 'retry', 'finance');
    assert.deepEqual([status, body.code], [409, 'invalid_state'], 'a retry does not fit while nobody knows');
    await desk.until('withdrawals', withdrawalId, 'paid');
    await paidOnce(withdrawalId);
  });

  it('tells its story in order: to where, with which key, what the provider said by webhook, and the money', async () => {
    const { withdrawalId } = await ask('SIM-PAID');
    const paid = (await desk.until('withdrawals', withdrawalId, 'paid')) as unknown as {
      timeline: TimelineItem[];
    };
    const steps = stepsOf(paid.timeline);
    assert.deepEqual(
      steps.map(({ event }) => event),
      ['held', 'checks_passed', 'accepted', 'paid'],
    );
    const [held, sent, accepted] = steps;
    assert.deepEqual(held?.facts['destination'], { type: 'bank', account: '…PAID' });
    assert.equal(sent?.facts['nextKey'], `withdrawal:${withdrawalId}:1`);
    const [webhook] = paid.timeline.filter(({ event }) => event === 'webhook');
    const { key, state, providerReference } = webhook?.facts ?? {};
    assert.deepEqual(
      { key, state, providerReference },
      { key: sent.facts['nextKey'], state: 'paid', providerReference: accepted?.facts['providerReference'] },
    );
  });

  it('is refused without the money, and refused again after a deposit', async () => {
    const player = await desk.player({ cash: 100 });
    const withdrawalId = fresh('wd');
    const first = await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 101 });
    assert.deepEqual([first.status, first.body.code], [422, 'insufficient_funds']);
    await desk.deposit(player, 'sim_captured');
    const again = await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 101 });
    assert.deepEqual([again.status, again.body.code, again.replayed], [422, 'insufficient_funds', true]);
    assert.equal((await desk.call('GET', `/v1/withdrawals/${withdrawalId}`)).status, 404);
  });

  it('is answered the same when it is sent twice, at once and later; other content is a conflict', async () => {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    const both = await Promise.all([1, 2].map(() => desk.withdraw(player, 'SIM-PAID', { withdrawalId })));
    await desk.until('withdrawals', withdrawalId, 'paid');
    const later = await desk.withdraw(player, 'SIM-PAID', { withdrawalId });
    for (const { status, body } of both) assert.deepEqual([status, body], [201, later.body]);
    assert.ok(later.replayed);
    const other = await desk.withdraw(player, 'SIM-PAID', { withdrawalId, amount: 1 });
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_conflict']);
    assert.equal((await desk.cash(player)).cash, 40_000);
  });
});

describe('a withdrawal where another provider is tried by itself', () => {
  it('is paid by the next provider after a final refusal', async function () {
    this.timeout(60_000);
    const desk = await aCashier({ settings: { PAYOUT_FALLBACK: 'auto' } });
    const withdrawalId = fresh('wd');
    await desk.withdraw(await desk.player({ cash: 50_000 }), 'SIM-REFUSED-NORDPAY', { withdrawalId });
    const { attempts } = await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(
      attempts?.map(({ provider, status }) => [provider, status]),
      [
        ['nordpay', 'refused'],
        ['eastpay', 'paid'],
      ],
    );
    await desk.close();
  });
});
