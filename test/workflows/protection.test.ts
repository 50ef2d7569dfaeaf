import assert from 'node:assert/strict';
import { workflowIds } from '../../contract/names.ts';
import type { RaiseInput } from '../../contract/protection.ts';
import { applyRaise, block, limitsOf, register, setLimit, type LimitPeriod } from '../../players/index.ts';
import { testDatabase } from '../support/postgres.ts';
import { timeSkipping, testWorker, uniqueTaskQueue } from '../support/temporal.ts';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';
import { ADMIN } from '../support/origin.ts';

describe('a raise of a limit', () => {
  it('is in force after its wait and not before, and one taken back never is', async function () {
    this.timeout(60_000);
    const env = await timeSkipping();
    const db = await testDatabase();
    const player = { playerId: fresh('p'), jurisdiction: 'SE', currencies: ['SEK'] } as const;
    await register(db.pool, player);
    const set = (period: LimitPeriod, amount: bigint) =>
      setLimit(
        db.pool,
        { playerId: player.playerId, currency: 'SEK', kind: 'deposit', period, amount },
        ADMIN,
      );
    const applied: number[] = [];
    const activities = {
      // The workflow's clock jumps here and the database's does not: the database is told that the time has come.
      applyRaise: async ({ playerId, raiseId }: RaiseInput) => {
        applied.push(await env.currentTimeMs());
        await db.owner.query('update players.limits set raise_at = now() where raise_id = $1', [raiseId]);
        return await applyRaise(db.pool, playerId, raiseId);
      },
    };
    const taskQueue = uniqueTaskQueue();
    const worker = await testWorker(env, activities, taskQueue);
    const raise = async (period: LimitPeriod, meanwhile: () => Promise<unknown>) => {
      await set(period, 1_000n);
      const { raiseId, raiseAt, contact } = await set(period, 2_000n);
      assert.ok(raiseId !== null && raiseAt !== null);
      // As long from the start by this clock as it is by the database's.
      const started = await env.currentTimeMs();
      const waitMs = raiseAt.getTime() - Date.now();
      const input: RaiseInput = {
        playerId: player.playerId,
        raiseId,
        kind: 'deposit',
        period,
        currency: 'SEK',
        to: '2000',
        effectiveAt: new Date(started + waitMs).toISOString(),
        contact: contact === true,
      };
      const workflowId = workflowIds.raiseLimit(player.playerId, raiseId);
      const handle = await env.client.workflow.start('raiseLimit', { taskQueue, workflowId, args: [input] });
      await meanwhile();
      const ended: unknown = await handle.result();
      return { ended, waited: (applied.at(-1) ?? 0) - started };
    };
    await worker.runUntil(async () => {
      const day = await raise('day', () => Promise.resolve());
      assert.equal(day.ended, 'applied');
      assert.ok(day.waited >= 72 * 3_600_000 - 5_000, `waited ${String(day.waited)} ms`);
      assert.equal((await raise('week', () => set('week', 1_000n))).ended, 'cancelled');
    });
    const limits = await limitsOf(db.pool, player.playerId);
    assert.deepEqual(
      limits.map(({ period, amount }) => [period, amount]),
      [
        ['day', 2_000n],
        ['week', 1_000n],
      ],
    );
    await db.drop();
  });
});

describe('a deposit of a protected player', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  const limit = (player: string, period: LimitPeriod, amount: bigint) =>
    setLimit(desk.db.pool, { playerId: player, currency: 'SEK', kind: 'deposit', period, amount }, ADMIN);

  it('is refused by the lowest of several limits, which says how much is left, again for the same id', async () => {
    const player = await desk.player();
    await limit(player, 'day', 15_000n);
    await limit(player, 'week', 12_000n);
    assert.equal((await desk.deposit(player, 'sim_captured')).status, 201);
    const depositId = fresh('d');
    const refused = await desk.deposit(player, 'sim_captured', { depositId });
    assert.deepEqual([refused.status, refused.body.code], [422, 'limit_exceeded']);
    const { until: _until, ...facts } = refused.body['facts'] as Record<string, unknown>;
    const said = {
      kind: 'deposit',
      period: 'week',
      currency: 'SEK',
      limit: 12_000,
      used: 10_000,
      left: 2_000,
    };
    assert.deepEqual(facts, said);
    const again = await desk.deposit(player, 'sim_captured', { depositId });
    assert.deepEqual(
      [again.status, again.replayed, again.body],
      [422, true, { ...refused.body, traceId: again.body['traceId'] }],
    );
    assert.equal((await desk.deposit(player, 'sim_captured', { amount: 2_000 })).status, 201);
  });

  it('gives its room back when it is declined', async () => {
    const player = await desk.player();
    await limit(player, 'day', 10_000n);
    const depositId = fresh('d');
    await desk.deposit(player, 'sim_declined', { depositId });
    await desk.until('deposits', depositId, 'failed');
    assert.equal((await desk.deposit(player, 'sim_captured')).status, 201);
  });

  it('gives back the room of what was refunded of it', async () => {
    const player = await desk.player();
    await limit(player, 'day', 10_000n);
    const depositId = fresh('d');
    await desk.deposit(player, 'sim_captured', { depositId });
    await desk.until('deposits', depositId, 'credited');
    await desk.actOnDeposit(depositId, 'refund', { amount: 4_000 });
    await desk.until('deposits', depositId, 'credited');
    assert.equal((await desk.deposit(player, 'sim_captured', { amount: 4_001 })).body.code, 'limit_exceeded');
    assert.equal((await desk.deposit(player, 'sim_captured', { amount: 4_000 })).status, 201);
  });

  it('never exceeds the limit with ten at once', async function () {
    this.timeout(30_000);
    const player = await desk.player();
    await limit(player, 'day', 35_000n);
    const replies = await Promise.all(
      Array.from({ length: 10 }, () => desk.deposit(player, 'sim_abandoned')),
    );
    assert.equal(replies.filter(({ status }) => status === 201).length, 3);
    assert.equal(replies.filter(({ body }) => body.code === 'limit_exceeded').length, 7);
  });

  it('is refused to one who is excluded, whose withdrawal goes through', async () => {
    const player = await desk.player({ cash: 20_000 });
    await block(
      desk.db.pool,
      {
        blockId: fresh('b'),
        playerId: player,
        kind: 'self_exclusion',
        until: null,
        reason: null,
      },
      ADMIN,
    );
    assert.equal((await desk.deposit(player, 'sim_captured')).body.code, 'player_blocked');
    const withdrawalId = fresh('wd');
    assert.equal((await desk.withdraw(player, 'SIM-PAID', { withdrawalId })).status, 201);
    await desk.until('withdrawals', withdrawalId, 'paid');
  });
});
