import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { stepsOf, type TimelineItem } from '../../payments/index.ts';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';

describe('a deposit', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  async function start(token: string, more: { expiresIn?: number } = {}) {
    const player = await desk.player();
    const depositId = fresh('d');
    const reply = await desk.deposit(player, token, { depositId, ...more });
    return { player, depositId, reply };
  }

  const creditedOnce = async (player: string, depositId: string) => {
    assert.equal((await desk.cash(player)).cash, 10_000);
    assert.deepEqual(
      (await desk.theirBooks(depositId)).map(({ state }) => state),
      ['captured'],
    );
  };

  it('is answered with a redirect, credited once, and stays within 30 history events', async () => {
    const { player, depositId, reply } = await start('sim_captured');
    assert.deepEqual(
      [reply.status, reply.body.status, typeof reply.body['redirectUrl']],
      [201, 'pending', 'string'],
    );
    const credited = await desk.until('deposits', depositId, 'credited');
    await creditedOnce(player, depositId);
    const events = await desk.historyLength(credited['workflowId'] as string);
    assert.ok(events <= 30, `${String(events)} events`);
  });

  for (const token of ['sim_no_webhook', 'sim_duplicate', 'sim_timeout']) {
    it(`by ${token} is credited once`, async () => {
      const { player, depositId } = await start(token);
      await desk.until('deposits', depositId, 'credited');
      await sleep(300);
      await creditedOnce(player, depositId);
    });
  }

  it('tells its story in order: the request, what its provider called it, each webhook, and the money', async () => {
    const { depositId } = await start('sim_duplicate');
    const told = (await desk.until('deposits', depositId, 'credited')) as unknown as {
      timeline: TimelineItem[];
      providerReference: string;
      transferIds: string[];
      workflowUrl: string;
    };
    const { timeline, providerReference, transferIds } = told;
    const [requested, taken, captured] = stepsOf(timeline);
    assert.deepEqual(
      [requested?.event, requested?.facts['method']],
      ['requested', { type: 'card', token: '…cate' }],
      'of a card its last four',
    );
    assert.deepEqual([taken?.event, taken?.facts['providerReference']], ['taken', providerReference]);
    assert.deepEqual([captured?.event, captured?.facts['transferId']], ['captured', transferIds[0]]);
    const webhooks = timeline.filter(({ event }) => event === 'webhook');
    assert.ok(webhooks.some(({ by, facts }) => by === 'nordpay' && facts['state'] === 'captured'));
    assert.equal(new Set(webhooks.map(({ facts }) => facts['eventId'])).size, webhooks.length);
    assert.deepEqual(
      timeline.map(({ at }) => at),
      timeline.map(({ at }) => at).sort(),
    );
    assert.match(told.workflowUrl, /^http/);
  });

  it('that is declined ends failed, and credits nothing', async () => {
    const { player, depositId } = await start('sim_declined');
    await desk.until('deposits', depositId, 'failed');
    assert.equal((await desk.cash(player)).cash, 0);
  });

  it('that nobody finishes expires', async () => {
    const { player, depositId } = await start('sim_abandoned', { expiresIn: 2 });
    await desk.until('deposits', depositId, 'expired');
    assert.equal((await desk.cash(player)).cash, 0);
  });

  it('that arrives after it expired is credited all the same', async () => {
    const { player, depositId } = await start('sim_late', { expiresIn: 2 });
    await desk.until('deposits', depositId, 'expired');
    await desk.until('deposits', depositId, 'credited');
    await creditedOnce(player, depositId);
  });

  it('that is charged back is taken from the player', async () => {
    const { player, depositId } = await start('sim_chargeback');
    await desk.until('deposits', depositId, 'charged_back');
    assert.deepEqual(await desk.cash(player), { cash: 0, pendingWithdrawals: 0, owed: 0 });
  });

  it('that is charged back after the money was spent is owed by the player', async () => {
    const { player, depositId } = await start('sim_chargeback');
    await desk.until('deposits', depositId, 'credited');
    await desk.withdraw(player, 'SIM-PAID', { amount: 7_000 });
    await desk.until('deposits', depositId, 'charged_back');
    const { cash, owed } = await desk.cash(player);
    assert.deepEqual({ cash, owed }, { cash: 0, owed: 7_000 });
  });

  it('is answered the same when it is sent again, whatever has become of it; other content is a conflict', async () => {
    const { player, depositId, reply } = await start('sim_captured');
    await desk.until('deposits', depositId, 'credited');
    const again = await desk.deposit(player, 'sim_captured', { depositId });
    assert.deepEqual([again.status, again.body, again.replayed], [201, reply.body, true]);
    const other = await desk.deposit(player, 'sim_declined', { depositId });
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_conflict']);
  });

  it('of an unknown player is refused, and goes through once the player is registered', async () => {
    const depositId = fresh('d');
    const first = await desk.deposit(fresh('nobody'), 'sim_captured', { depositId });
    assert.deepEqual([first.status, first.body.code], [422, 'player_unknown']);
    const player = await desk.player();
    assert.equal((await desk.deposit(player, 'sim_captured', { depositId })).status, 201);
  });

  it('in a currency that is not configured is refused, and the refusal is recorded', async () => {
    const player = await desk.player();
    const depositId = fresh('d');
    const body = {
      depositId,
      playerId: player,
      amount: 1,
      currency: 'XAU',
      method: { type: 'card', token: 'sim_captured' },
      returnUrl: 'https://casino.example',
    };
    const first = await desk.call('POST', '/v1/deposits', { body });
    const again = await desk.call('POST', '/v1/deposits', { body });
    assert.deepEqual(
      [first.status, first.body.code, again.body.code, again.replayed],
      [422, 'unknown_currency', 'unknown_currency', true],
    );
  });
});
