import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createLedgerActivities } from '../../activities/index.ts';
import { expireHold, openPlayer, placeHold, post } from '../../ledger/index.ts';
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
    const worker = await testWorker(env, createLedgerActivities({ pool: db.pool }), taskQueue);
    await worker.runUntil(async () => {
      await env.client.schedule.getHandle('expire-holds').trigger();
      while ((await Promise.all(due.map(stateOf))).some((state) => state !== 'expired')) await sleep(50);
    });
    assert.equal(await stateOf(open), 'open');
  });
});
