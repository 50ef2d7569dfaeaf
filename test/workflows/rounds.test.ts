import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { fresh } from '../rounds/table.ts';
import { aFloor, settling, type Floor } from './floor.ts';

describe('a round operation as a workflow', () => {
  let floor: Floor;
  before(async function () {
    this.timeout(60_000);
    floor = await aFloor({ stepByStep: false });
  });
  after(() => floor.close());

  it('settles, answers the caller, and stays within 10 history events for 100 outcomes', async () => {
    const { table } = floor;
    const round = fresh('r');
    const outcomes: Record<string, number> = {};
    for (let i = 0; i < 100; i += 1)
      outcomes[await table.wager({ round, player: await table.player(100) })] = 150;
    const { handle, answered, read } = await floor.start('settlement', fresh('s'), round, settling(outcomes));
    await answered;
    const { status, settled, totals } = await read();
    assert.deepEqual(
      { status, settled, totals },
      {
        status: 'done',
        settled: 100,
        totals: [{ currency: 'SEK', paid: 15_000, takenBack: 0, receivable: 0 }],
      },
    );
    await handle.result();
    const { events } = await handle.fetchHistory();
    assert.ok((events?.length ?? 0) <= 10, `${String(events?.length)} events`);
  });

  it('posts more than a hundred players in several batches', async () => {
    const { table } = floor;
    const round = fresh('r');
    const players = await Promise.all(Array.from({ length: 205 }, () => table.player(100)));
    const outcomes = Object.fromEntries(
      await Promise.all(players.map(async (player) => [await table.wager({ round, player }), 150] as const)),
    );
    const { status, settled } = await floor.operate('settlement', fresh('s'), round, settling(outcomes));
    assert.deepEqual({ status, settled }, { status: 'done', settled: 205 });
  });

  it('voids a round', async () => {
    const { round, winner } = await floor.aRound();
    const { status, roundStatus } = await floor.operate('void', fresh('v'), round, {
      reason: 'a test',
      wagerIds: null,
    });
    assert.deepEqual({ status, roundStatus }, { status: 'done', roundStatus: 'voided' });
    assert.equal((await floor.table.has(winner)).cash, 1_000);
  });

  it('ends as refused where an outcome is bad, and nothing was posted', async () => {
    const { round, winner, wagers } = await floor.aRound();
    await floor.table.rollBack(wagers[1]);
    const { status, problem } = await floor.operate(
      'settlement',
      fresh('s'),
      round,
      settling({ [wagers[0]]: 5, [wagers[1]]: 5 }),
    );
    assert.deepEqual([status, problem?.code], ['refused', 'wager_rolled_back']);
    assert.equal((await floor.table.has(winner)).cash, 900);
  });

  it('says what it does in words a support person can read', async () => {
    const { round, content } = await floor.aRound();
    const { handle, answered } = await floor.start('settlement', 's-words', round, content);
    await answered;
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.equal(currentDetails, `Settlement s-words of round ${round}: done.`);
  });

  it('answers again when it is asked again, and never starts a second time', async () => {
    const { round, content, winner } = await floor.aRound();
    const { handle, answered } = await floor.start('settlement', fresh('s'), round, content);
    await answered;
    await handle.result();
    await floor.env.client.workflow
      .getHandle(handle.workflowId)
      .executeUpdate('answer', { updateId: 'answer' });
    const again = floor.env.client.workflow.start('settlement', {
      workflowId: handle.workflowId,
      taskQueue: floor.queue,
      args: [],
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
    });
    await assert.rejects(again, /already started/);
    assert.equal((await floor.table.has(winner)).cash, 1_200);
  });
});

describe('a round operation of several batches', () => {
  let floor: Floor;
  before(async () => {
    floor = await aFloor();
  });
  after(() => floor.close());

  it('waits for its turn while another operation works on the round', async () => {
    const { round, content, winner } = await floor.aRound();
    const [first, second] = [fresh('s'), fresh('v')];
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    floor.meddle(first, async (step, _attempt, run) => {
      if (step === 'postMoves') await held;
      return await run();
    });
    const settlement = await floor.start('settlement', first, round, content);
    while ((await settlement.read()).status !== 'running') await sleep(10);
    const voided = await floor.start('void', second, round, { reason: 'a test', wagerIds: null });
    await sleep(500);
    assert.equal((await voided.read()).status, 'requested');
    release();
    await Promise.all([settlement.answered, voided.answered]);
    assert.deepEqual([(await settlement.read()).status, (await voided.read()).status], ['done', 'done']);
    assert.equal((await floor.table.has(winner)).cash, 1_000);
  });

  it('cancelled in the Web UI goes on all the same: half a settlement is none', async () => {
    const { round, content, winner } = await floor.aRound();
    const id = fresh('s');
    let claimed: () => void = () => undefined;
    const between = new Promise<void>((resolve) => (claimed = resolve));
    floor.meddle(id, async (step, _attempt, run) => {
      if (step !== 'postMoves') return await run();
      claimed();
      await sleep(300);
      return await run();
    });
    const { handle, answered, read } = await floor.start('settlement', id, round, content);
    await between;
    await handle.cancel();
    // The server drops an update that was under way when the cancel came; a caller would send again.
    await answered.catch(() => undefined);
    await handle.result();
    assert.equal((await read()).status, 'done');
    assert.equal((await floor.table.has(winner)).cash, 1_200);
  });
});
