import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { block } from '../../players/index.ts';
import { stepsOf, type TimelineItem } from '../../payments/index.ts';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';
import { ADMIN } from '../support/origin.ts';

describe("finance's hands on a deposit", () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  async function credited(token = 'sim_captured') {
    const player = await desk.player();
    const depositId = fresh('d');
    await desk.deposit(player, token, { depositId });
    await desk.until('deposits', depositId, 'credited');
    return { player, depositId };
  }

  const theirs = async (depositId: string) => (await desk.theirBooks(depositId)).map(({ state }) => state);
  const cash = async (player: string) => (await desk.cash(player)).cash;

  it('send all of it back: the player no longer has it, and the provider tells the same', async () => {
    const { player, depositId } = await credited();
    const pressed = await desk.actOnDeposit(depositId, 'refund');
    assert.equal(pressed.status, 200, JSON.stringify(pressed.body));
    const { timeline, transferIds } = (await desk.until('deposits', depositId, 'refunded')) as unknown as {
      timeline: TimelineItem[];
      transferIds: string[];
    };
    assert.deepEqual(
      stepsOf(timeline)
        .slice(-2)
        .map(({ event, by }) => [event, by]),
      [
        ['refund', 'finance'],
        ['refunded', 'nordpay'],
      ],
    );
    assert.equal(transferIds.length, 3);
    assert.equal(await cash(player), 0);
    assert.deepEqual(await theirs(depositId), ['refunded']);
  });

  it('send it back in parts, and never more than came', async () => {
    const { player, depositId } = await credited();
    await desk.actOnDeposit(depositId, 'refund', { amount: 4_000 });
    await desk.until('deposits', depositId, 'credited');
    assert.equal(await cash(player), 6_000);
    const more = await desk.actOnDeposit(depositId, 'refund', { amount: 6_001 });
    assert.deepEqual([more.status, more.body.code], [422, 'insufficient_funds']);
    await desk.actOnDeposit(depositId, 'refund');
    await desk.until('deposits', depositId, 'refunded');
    assert.equal(await cash(player), 0);
    const again = await desk.actOnDeposit(depositId, 'refund');
    assert.deepEqual(
      [again.status, again.body.code, again.body['state'], again.body.allowedActions],
      [409, 'invalid_state', 'refunded', []],
    );
  });

  it('cannot send back what the player has spent, and hear the same when they ask again', async () => {
    const { player, depositId } = await credited();
    await desk.withdraw(player, 'SIM-PAID', { amount: 7_000 });
    const key = fresh('key');
    const first = await desk.actOnDeposit(depositId, 'refund', { key });
    const again = await desk.actOnDeposit(depositId, 'refund', { key });
    assert.deepEqual([first.status, first.body.code], [422, 'insufficient_funds']);
    assert.deepEqual([again.status, again.body.code, again.replayed], [422, 'insufficient_funds', true]);
    assert.equal((await desk.until('deposits', depositId, 'credited')).status, 'credited');
    assert.equal((await desk.actOnDeposit(depositId, 'refund', { amount: 3_000 })).status, 200);
    await desk.until('deposits', depositId, 'credited');
    assert.equal(await cash(player), 0);
  });

  it('press twenty times at once, and one refund goes out', async () => {
    const { player, depositId } = await credited();
    const presses = await Promise.all(
      Array.from({ length: 20 }, () => desk.actOnDeposit(depositId, 'refund', { amount: 1_000 })),
    );
    const done = presses.filter(({ status }) => status === 200).length;
    await desk.until('deposits', depositId, 'credited');
    await sleep(300);
    assert.ok(done >= 1);
    assert.equal(await cash(player), 10_000 - done * 1_000);
    for (const { status, body } of presses.filter((one) => one.status !== 200))
      assert.deepEqual([status, body.code], [409, 'invalid_state']);
  });

  it('send the same key ten times at once, and it is one refund; other content is a conflict', async () => {
    const { player, depositId } = await credited();
    const key = fresh('key');
    const presses = await Promise.all(
      Array.from({ length: 10 }, () => desk.actOnDeposit(depositId, 'refund', { key, amount: 1_000 })),
    );
    assert.deepEqual(
      presses.map(({ status }) => status),
      presses.map(() => 200),
    );
    await desk.until('deposits', depositId, 'credited');
    assert.equal(await cash(player), 9_000);
    const other = await desk.actOnDeposit(depositId, 'refund', { key, amount: 2_000 });
    assert.equal(other.body.code, 'idempotency_conflict');
  });

  it('a refund waits for a provider that is down, and is made once', async () => {
    const { player, depositId } = await credited();
    await desk.breakProviders('down', 2_500);
    await desk.actOnDeposit(depositId, 'refund', { amount: 4_000 });
    assert.equal((await desk.until('deposits', depositId, 'refunding')).status, 'refunding');
    assert.equal(await cash(player), 6_000);
    await desk.until('deposits', depositId, 'credited');
    await desk.actOnDeposit(depositId, 'refund', { amount: 6_000 });
    await desk.until('deposits', depositId, 'refunded');
    assert.deepEqual(await theirs(depositId), ['refunded']);
  });

  it('a refund that the provider refuses gives the money back to the player', async () => {
    const { player, depositId } = await credited();
    desk.meddle(depositId, async (step, _attempt, run) =>
      step === 'refundPayment' ? { outcome: 'refused', reason: 'not_refundable' } : await run(),
    );
    await desk.actOnDeposit(depositId, 'refund');
    const after = await desk.until('deposits', depositId, 'credited');
    assert.equal(after['reason'], 'not_refundable');
    assert.equal(await cash(player), 10_000);
  });

  it('a chargeback that comes while a refund is under way waits for its end, and takes what is left', async () => {
    const { player, depositId } = await credited('sim_chargeback');
    desk.meddle(depositId, async (step, _attempt, run) => {
      // The chargeback comes a second after the capture.
      if (step === 'refundPayment') await sleep(2_000);
      return step === 'refundPayment' ? { outcome: 'accepted', providerReference: 'r-1' } : await run();
    });
    await desk.actOnDeposit(depositId, 'refund', { amount: 4_000 });
    const { timeline } = (await desk.until('deposits', depositId, 'charged_back')) as unknown as {
      timeline: TimelineItem[];
    };
    assert.deepEqual(
      stepsOf(timeline)
        .slice(-3)
        .map(({ event }) => event),
      ['refund', 'part_refunded', 'charged_back'],
    );
    const { cash: left, owed } = await desk.cash(player);
    assert.deepEqual([left, owed], [0, 0]);
  });

  it('late money of a player who is excluded by then goes back by itself', async () => {
    const player = await desk.player();
    const depositId = fresh('d');
    await desk.deposit(player, 'sim_late', { depositId, expiresIn: 2 });
    await desk.until('deposits', depositId, 'expired');
    const exclusion = { kind: 'self_exclusion', until: null, reason: null } as const;
    await block(desk.db.pool, { blockId: fresh('b'), playerId: player, ...exclusion }, ADMIN);
    await desk.until('deposits', depositId, 'refunded');
    assert.equal(await cash(player), 0);
    assert.deepEqual(await theirs(depositId), ['refunded']);
  });

  it('a capture of another amount waits for a person, who sends all of it back', async () => {
    const player = await desk.player();
    const depositId = fresh('d');
    const sent: unknown[] = [];
    desk.meddle(depositId, async (step, _attempt, run) => {
      if (step === 'refundPayment') {
        sent.push(step);
        return { outcome: 'accepted', providerReference: 'r-1' };
      }
      const said = (await run()) as object;
      return step === 'askDeposit' ? { ...said, money: { minor: '500', currency: 'SEK' } } : said;
    });
    await desk.deposit(player, 'sim_no_webhook', { depositId });
    const parked = await desk.until('deposits', depositId, 'needs_attention');
    assert.match(String(parked['reason']), /captured 5\.00 SEK instead of 100\.00 SEK/);
    const part = await desk.actOnDeposit(depositId, 'refund', { amount: 100 });
    assert.deepEqual([part.status, part.body.code], [409, 'invalid_state']);
    await desk.actOnDeposit(depositId, 'refund');
    const { timeline } = (await desk.until('deposits', depositId, 'refunded')) as unknown as {
      timeline: { event: string; facts: { refund?: { amount: object } } }[];
    };
    assert.deepEqual(timeline.findLast(({ event }) => event === 'refund')?.facts.refund?.amount, {
      minor: '500',
      currency: 'SEK',
    });
    assert.deepEqual(sent, ['refundPayment']);
    assert.equal(await cash(player), 0);
  });

  it('a retry asks the provider again, and credits what fits by then', async () => {
    const player = await desk.player();
    const depositId = fresh('d');
    desk.meddle(depositId, async (step, _attempt, run) => {
      const said = (await run()) as object;
      return step === 'askDeposit' ? { ...said, money: { minor: '500', currency: 'SEK' } } : said;
    });
    await desk.deposit(player, 'sim_no_webhook', { depositId });
    await desk.until('deposits', depositId, 'needs_attention');
    assert.equal((await desk.actOnDeposit(depositId, 'retry')).status, 200);
    await desk.until('deposits', depositId, 'credited');
    assert.equal(await cash(player), 10_000);
  });

  it('an open one is given up only once its provider is overdue; money that comes all the same is credited', async () => {
    const player = await desk.player();
    const depositId = fresh('d');
    await desk.deposit(player, 'sim_late', { depositId, expiresIn: 3 });
    const early = await desk.actOnDeposit(depositId, 'mark-failed');
    assert.deepEqual([early.status, early.body.code, early.body['state']], [409, 'invalid_state', 'pending']);
    await sleep(1_700);
    const late = await desk.actOnDeposit(depositId, 'mark-failed');
    assert.deepEqual([late.status, late.body.status], [200, 'failed']);
    await desk.until('deposits', depositId, 'credited');
    assert.equal(await cash(player), 10_000);
  });

  it('five deposits that failed in ten minutes stop a sixth in New Jersey, and nowhere else', async () => {
    for (const [jurisdiction, sixth] of [
      ['NJ', 422],
      ['MT', 201],
    ] as const) {
      const player = await desk.player({ jurisdiction });
      for (let failed = 0; failed < 5; failed += 1) {
        const depositId = fresh('d');
        await desk.deposit(player, 'sim_declined', { depositId });
        await desk.until('deposits', depositId, 'failed');
      }
      const reply = await desk.deposit(player, 'sim_captured');
      assert.equal(reply.status, sixth, jurisdiction);
      if (sixth === 422) assert.equal(reply.body.code, 'player_blocked');
    }
  });
});
