import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { WorkflowFailedError } from '@temporalio/client';
import type { ActivityFailure } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLedgerActivities, type Verified } from '../../activities/index.ts';
import { expireHold, openPlayer, placeHold, post } from '../../ledger/index.ts';
import { createLog } from '../../ops/log.ts';
import { ensureSchedules, SCHEDULES } from '../../workers/schedules.ts';
import { aDeed, leg } from '../ledger/aLedger.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporal, testWorker, uniqueTaskQueue } from '../support/temporal.ts';

describe('what recurs', () => {
  let env: TestWorkflowEnvironment;
  let db: TestDatabase;
  const taskQueue = uniqueTaskQueue();
  before(async function () {
    this.timeout(60_000);
    [env, db] = await Promise.all([temporal(), testDatabase()]);
  });
  after(async () => {
    for (const { scheduleId } of SCHEDULES) await env.client.schedule.getHandle(scheduleId).delete();
    await checkInvariants(db.owner);
    await db.drop();
  });

  const activities = () => createLedgerActivities({ pool: db.pool, log: createLog('test', 'silent') });

  const ensure = () =>
    ensureSchedules({ connection: env.nativeConnection, namespace: 'default' }, { taskQueue });

  async function aHold(player: string, expiresAt: Date): Promise<string> {
    const deed = aDeed('withdrawal_hold');
    const hold = { ...deed, playerId: player, currency: 'SEK', amount: 10n, expiresAt };
    assert.equal((await placeHold(db.pool, hold)).outcome, 'applied');
    return deed.id;
  }

  const stateOf = async (hold: string) => {
    const { rows } = await db.pool.query<{ state: string }>('select state from ledger.holds where id = $1', [
      hold,
    ]);
    return rows[0]?.state;
  };

  it('is there after any number of starts, and stays paused where a person has paused it', async () => {
    await ensure();
    const handle = env.client.schedule.getHandle('expire-holds');
    await handle.pause('looking into something');
    await Promise.all([ensure(), ensure()]);
    const { state, action } = await handle.describe();
    assert.deepEqual([state.paused, action.workflowType], [true, 'expireHolds']);
  });

  it('gives holds back whose time is over, and no others', async function () {
    this.timeout(30_000);
    const player = `p-${randomUUID()}`;
    await openPlayer(db.pool, player, 'SEK');
    const legs = [leg('provider_clearing', 'nordpay', -5_000n), leg('player_cash', player, 5_000n)];
    await post(db.pool, { ...aDeed('deposit'), legs });
    const soon = new Date(Date.now() + 500);
    const due = await Promise.all(Array.from({ length: 120 }, () => aHold(player, soon)));
    const open = await aHold(player, new Date(Date.now() + 3_600_000));
    const early = await expireHold(db.pool, aDeed('withdrawal_release', open));
    assert.equal(early.outcome === 'refused' && early.code, 'hold_not_expired');
    await sleep(Math.max(0, soon.getTime() + 50 - Date.now()));
    await ensure();
    const worker = await testWorker(env, activities(), taskQueue);
    await worker.runUntil(async () => {
      await env.client.schedule.getHandle('expire-holds').trigger();
      while ((await Promise.all(due.map(stateOf))).some((state) => state !== 'expired')) await sleep(50);
    });
    assert.equal(await stateOf(open), 'open');
  });

  /** What the next run of a schedule ends with. */
  async function runOnce(scheduleId: string): Promise<unknown> {
    const handle = env.client.schedule.getHandle(scheduleId);
    const before = (await handle.describe()).info.numActionsTaken;
    await handle.trigger();
    for (;;) {
      const { info } = await handle.describe();
      const { workflow } = info.recentActions.at(-1)?.action ?? {};
      if (info.numActionsTaken > before && workflow !== undefined)
        return await env.client.workflow
          .getHandle(workflow.workflowId, workflow.firstExecutionRunId)
          .result();
      await sleep(50);
    }
  }

  it('verifies the ledger from where it stopped, fails while it drifts, and goes on once it is mended', async function () {
    this.timeout(60_000);
    await ensure();
    const player = `p-${randomUUID()}`;
    await openPlayer(db.pool, player, 'SEK');
    const deposit = () => {
      const legs = [leg('provider_clearing', 'nordpay', -50n), leg('player_cash', player, 50n)];
      return post(db.pool, { ...aDeed('deposit'), legs });
    };
    await deposit();
    const drift = (by: number) =>
      db.owner.query(
        `update ledger.accounts set posted = posted + $1 where kind = 'player_cash' and owner = $2`,
        [by, player],
      );
    const worker = await testWorker(env, activities(), taskQueue);
    await worker.runUntil(async () => {
      const first = (await runOnce('verify-ledger')) as Verified;
      assert.equal(first.place.pass, 'done');
      assert.ok(first.chained > 0 && first.head !== null);
      await drift(1);
      for (let times = 0; times < 2; times++)
        await assert.rejects(runOnce('verify-ledger'), (error: WorkflowFailedError) => {
          const { cause } = error.cause as ActivityFailure;
          return (
            /^The ledger drifts: 2 rows, such as .*player_cash:/.test(cause!.message) ||
            assert.fail(cause!.message)
          );
        });
      await drift(-1);
      await deposit();
      const again = (await runOnce('verify-ledger')) as Verified;
      assert.deepEqual([again.place.pass, again.chained], ['done', 1]);
      // The tail is cut off: the run before has noted the head. Temporal lists a run a moment after its end.
      await sleep(1_500);
      const tx = await db.owner.connect();
      await tx.query(
        `set session_replication_role = replica; delete from ledger.chain where number = ${again.head!.number}; reset session_replication_role`,
      );
      tx.release();
      await assert.rejects(runOnce('verify-ledger'), (error: WorkflowFailedError) =>
        /chain_has_the_noted_head/.test((error.cause as ActivityFailure).cause!.message),
      );
    });
  });

  it('opens the months ahead, and tells where something was written beyond them', async function () {
    this.timeout(30_000);
    await ensure();
    const worker = await testWorker(env, activities(), taskQueue);
    await worker.runUntil(async () => {
      assert.equal(await runOnce('open-months'), 'All months ahead are open.');
    });
  });
});
