import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createRoundsActivities, createStaleRoundsActivities } from '../../activities/index.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import { STALE_DECISION, type StalePolicy } from '../../contract/rounds.ts';
import { claimRound, parkOperation, postMoves, requestStaleEnd, undoMoves } from '../../rounds/index.ts';
import { aTable, CLIENT, fateOf, fresh, type Table } from '../rounds/table.ts';
import { temporal, testWorker, uniqueTaskQueue } from '../support/temporal.ts';

describe('a round of which nothing is heard any more', () => {
  let table: Table;
  let env: TestWorkflowEnvironment;
  let stop: () => Promise<void>;
  const taskQueue = uniqueTaskQueue();

  before(async function () {
    this.timeout(60_000);
    [table, env] = await Promise.all([aTable(), temporal()]);
    await table.db.owner.query(
      `insert into access.clients (client_id, name, kind, api_key_hash, signed) values ($1, 'a game', 'game', '\\x00', false)`,
      [CLIENT],
    );
    const { pool } = table;
    const activities = {
      ...createRoundsActivities({ pool }),
      ...createStaleRoundsActivities({ pool, taskQueue }),
    };
    const worker = await testWorker(env, activities, taskQueue);
    const running = worker.run();
    stop = async () => {
      worker.shutdown();
      await running;
    };
  });
  after(async () => {
    await stop();
    await table.leave();
  });

  /** Its last sign was that many hours ago. */
  async function silentFor(hours: number, round: string): Promise<void> {
    for (const [rows, column] of [
      ['rounds', 'opened_at'],
      ['wagers', 'placed_at'],
      ['operations', 'requested_at'],
    ])
      await table.db.owner.query(
        `update rounds.${rows!} set ${column!} = now() - $2 * interval '1 hour' where round_id = $1`,
        [round, hours],
      );
  }

  async function look(policy: StalePolicy): Promise<string> {
    await table.db.owner.query('update access.clients set stale_policy = $1', [policy]);
    return await env.client.workflow.execute<() => Promise<string>>('staleRounds', {
      workflowId: fresh('stale-rounds'),
      taskQueue,
    });
  }
  const watch = (round: string) => env.client.workflow.getHandle(workflowIds.staleRound(CLIENT, round));
  const fateOfSettling = async (round: string, wager: string) =>
    (await table.settle(round, { [wager]: 250 })).problem?.code;

  it('is settled as lost, where its client says so, and a late win is a resettlement', async () => {
    const [player, round] = [await table.player(300), fresh('r')];
    const wager = await table.wager({ round, player });
    await silentFor(25, round);
    assert.equal(await look('lost'), '1 rounds are stale, 0 operations overdue.');
    assert.match((await watch(round).result()) as string, /what was open of it is lost/);
    assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 0 });
    assert.equal(await table.roundStatus(round), 'closed');
    assert.equal(await fateOfSettling(round, wager), 'round_closed');
    assert.equal(fateOf(await table.rollBack(wager)), 'wager_settled');
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player })), 'round_closed');
    await table.resettle(round, { [wager]: 250 });
    assert.equal((await table.has(player)).cash, 450);
    assert.equal(await look('lost'), '0 rounds are stale, 0 operations overdue.');
  });

  it('gets its open stakes back, where its client says so, and keeps what was settled', async () => {
    const [player, round, untouched] = [await table.player(1_000), fresh('r'), fresh('r')];
    const [won, open] = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.settle(round, { [won]: 400 }, { close: false });
    const only = await table.wager({ round: untouched, player });
    for (const id of [round, untouched]) await silentFor(25, id);
    assert.equal(await look('void'), '2 rounds are stale, 0 operations overdue.');
    for (const id of [round, untouched]) await watch(id).result();
    assert.deepEqual(await table.has(player), { cash: 1_300, owed: 0, inPlay: 0 });
    assert.deepEqual(await table.wagerStatus(won), { status: 'settled', payout: 400 });
    assert.deepEqual(await table.wagerStatus(open), { status: 'voided', payout: 0 });
    assert.deepEqual(
      [await table.roundStatus(round), await table.roundStatus(untouched)],
      ['closed', 'voided'],
    );
    assert.equal(await fateOfSettling(untouched, only), 'round_voided');
    assert.equal(fateOf(await table.rollBack(only)), 'noop');
  });

  it('gives every open stake back also where one is rolled back, and one settled, at that very moment', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [won, back] = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.wager({ round, player });
    // The operation is taken down; before it holds the round, late messages come.
    const input = await requestStaleEnd(table.pool, { clientId: CLIENT, roundId: round }, 'void');
    assert.equal(fateOf(await table.rollBack(back)), 'applied');
    await table.settle(round, { [won]: 400 }, { close: false });
    await table.wager({ round, player });
    const { status, roundStatus } = await table.run('void', input!.operationId);
    assert.deepEqual([status, roundStatus], ['done', 'closed']);
    assert.deepEqual(await table.wagerStatus(won), { status: 'settled', payout: 400 });
    assert.deepEqual(await table.has(player), { cash: 1_300, owed: 0, inPlay: 0 });
  });

  it('waits for a person where a stake finds no room in its player’s account, and is not lost for that', async () => {
    const [player, round] = [await table.player(100), fresh('r')];
    const wager = await table.wager({ round, player });
    await table.give(player, Number.MAX_SAFE_INTEGER);
    await silentFor(25, round);
    await look('void');
    await shown(true, round);
    assert.deepEqual(await table.wagerStatus(wager), { status: 'open', payout: 0 });
    await table.stake({ round: fresh('r'), wager: fresh('w'), player, amount: 10_000 });
    await watch(round).executeUpdate(STALE_DECISION, { args: ['void'] });
    await watch(round).result();
    assert.deepEqual(await table.wagerStatus(wager), { status: 'voided', payout: 0 });
    assert.equal((await table.has(player)).cash, Number.MAX_SAFE_INTEGER - 9_900);
  });

  it('that the game server has ended meanwhile is left alone', async () => {
    const [player, round] = [await table.player(100), fresh('r')];
    const wager = await table.wager({ round, player });
    const input = await requestStaleEnd(table.pool, { clientId: CLIENT, roundId: round }, 'void');
    await table.settle(round, { [wager]: 250 });
    const { status, problem } = await table.run('void', input!.operationId);
    assert.deepEqual([status, problem?.code], ['refused', 'round_closed']);
    assert.equal((await table.has(player)).cash, 250);
  });

  it('waits for a person, where its client says so, who ends it as lost or void', async () => {
    const [player, round] = [await table.player(300), fresh('r')];
    await table.wager({ round, player });
    await silentFor(25, round);
    for (let times = 0; times < 2; times += 1)
      assert.equal(await look('park'), '1 rounds are stale, 0 operations overdue.');
    const { typedSearchAttributes } = await shown(true, round);
    assert.equal(typedSearchAttributes.get(SEARCH.roundId), round);
    assert.deepEqual(await table.has(player), { cash: 200, owed: 0, inPlay: 100 });
    await assert.rejects(watch(round).executeUpdate(STALE_DECISION, { args: ['won'] }));
    await watch(round).executeUpdate(STALE_DECISION, { args: ['void'] });
    assert.match((await watch(round).result()) as string, /what was open of it is void/);
    assert.deepEqual(await table.has(player), { cash: 300, owed: 0, inPlay: 0 });
    await shown(false, round);
  });

  it('may still be ended by its game server while it waits for a person', async () => {
    const [player, round] = [await table.player(300), fresh('r')];
    const wager = await table.wager({ round, player });
    await silentFor(25, round);
    await look('park');
    await shown(true, round);
    assert.equal(await fateOfSettling(round, wager), undefined);
    assert.equal((await table.has(player)).cash, 450);
    // Whoever decides too late finds it ended.
    await watch(round).executeUpdate(STALE_DECISION, { args: ['lost'] });
    await watch(round).result();
    assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 250 });
  });

  it('is one of which really nothing was heard: not a wager, not a settlement, for as long as its client waits', async () => {
    const [player, fed, settled, patient] = [await table.player(1_000), fresh('r'), fresh('r'), fresh('r')];
    for (const round of [fed, settled, patient]) await table.wager({ round, player });
    await silentFor(30, fed);
    await silentFor(30, settled);
    await silentFor(23, patient);
    await table.wager({ round: fed, player });
    await table.settle(settled, {}, { close: false });
    assert.equal(await look('lost'), '0 rounds are stale, 0 operations overdue.');
    await table.db.owner.query(`update access.clients set stale_after = '22 hours'`);
    assert.equal(await look('lost'), '1 rounds are stale, 0 operations overdue.');
    await watch(patient).result();
    assert.equal(await table.roundStatus(patient), 'closed');
    await table.db.owner.query(`update access.clients set stale_after = '24 hours'`);
  });

  it('is not kept for ever by an operation whose workflow is gone: another one goes on with it', async () => {
    const [player, round, settlement] = [await table.player(300), fresh('r'), fresh('s')];
    const wager = await table.wager({ round, player });
    const content = { outcomes: [{ wagerId: wager, payout: 250 }], closeRound: true };
    await table.request('settlement', settlement, round, content);
    await claimRound(table.pool, { clientId: CLIENT, kind: 'settlement', operationId: settlement }, 0);
    await silentFor(1, round);
    assert.equal(await look('lost'), '0 rounds are stale, 1 operations overdue.');
    while ((await table.roundStatus(round)) !== 'closed') await sleep(20);
    assert.equal((await table.has(player)).cash, 450);
  });

  it('is not kept for ever by an operation that was parked, and whose workflow is gone', async () => {
    const { pool } = table;
    const [first, second, round] = [await table.player(100), await table.player(100), fresh('r')];
    const won = await table.wager({ round, player: first });
    await table.wager({ round, player: second });
    await table.settle(round, { [won]: 500 }, { close: false });
    const ref = { clientId: CLIENT, kind: 'void' as const, operationId: fresh('v') };
    await table.request('void', ref.operationId, round, { reason: 'a test', wagerIds: null });
    await claimRound(pool, ref, 0);
    await table.give(second, Number.MAX_SAFE_INTEGER);
    const { problem } = await postMoves(pool, ref);
    await table.give(first, Number.MAX_SAFE_INTEGER - 100);
    assert.deepEqual([problem?.code, (await undoMoves(pool, ref)).remaining], ['amount_too_large', 1]);
    await parkOperation(pool, ref, { code: 'amount_too_large' });
    // A person makes room, and later somebody notices that nothing goes on.
    await table.stake({ round: fresh('r'), wager: fresh('w'), player: first, amount: 10_000 });
    await silentFor(1, round);
    assert.equal(await look('lost'), '0 rounds are stale, 1 operations overdue.');
    while ((await table.roundStatus(round)) !== 'open') await sleep(20);
    assert.deepEqual(await table.wagerStatus(won), { status: 'settled', payout: 500 });
    assert.equal((await table.has(first)).cash, Number.MAX_SAFE_INTEGER - 10_000 + 400);
  });

  /** The workflow, once the Web UI finds it by its need of a person. */
  async function shown(wanted: boolean, round: string) {
    for (;;) {
      const seen = await watch(round).describe();
      if (seen.typedSearchAttributes.get(SEARCH.needsAttention) === wanted) return seen;
      await sleep(20);
    }
  }
});
