import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WorkflowNotFoundError } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { SEARCH } from '../../contract/names.ts';
import type { Operation } from '../../rounds/index.ts';
import { fateOf, fresh } from '../rounds/table.ts';
import { aFloor, settling, type Floor, type Meddle, type Started } from './floor.ts';

const MOST = Number.MAX_SAFE_INTEGER;

describe('a round operation as a workflow', () => {
  let floor: Floor;
  before(async function () {
    this.timeout(60_000);
    floor = await aFloor();
  });
  after(() => floor.close());

  /** A round of two players, the first of whom is to win 300. */
  async function aRound({ winnerHas = 1_000 } = {}) {
    const { table } = floor;
    const [winner, loser, round] = [await table.player(winnerHas), await table.player(1_000), fresh('r')];
    const wagers = [await table.wager({ round, player: winner }), await table.wager({ round, player: loser })] as const;
    return { winner, loser, round, wagers, content: settling({ [wagers[0]]: 300 }) };
  }

  it('settles, answers the caller, and stays within 10 history events for 100 outcomes', async () => {
    const { table } = floor;
    const round = fresh('r');
    const outcomes: Record<string, number> = {};
    for (let i = 0; i < 100; i += 1) outcomes[await table.wager({ round, player: await table.player(100) })] = 150;
    const { handle, answered, read } = await floor.start('settlement', fresh('s'), round, settling(outcomes));
    await answered;
    const { status, settled, totals } = await read();
    assert.deepEqual({ status, settled, totals }, {
      status: 'done', settled: 100, totals: [{ currency: 'SEK', paid: 15_000, takenBack: 0, receivable: 0 }],
    });
    await handle.result();
    const { events } = await handle.fetchHistory();
    assert.ok((events?.length ?? 0) <= 10, `${String(events?.length)} events`);
  });

  it('posts more than a hundred players in several batches', async () => {
    const { table } = floor;
    const round = fresh('r');
    const players = await Promise.all(Array.from({ length: 205 }, () => table.player(100)));
    const outcomes = Object.fromEntries(await Promise.all(players.map(async (player) => [await table.wager({ round, player }), 150] as const)));
    const { status, settled } = await floor.operate('settlement', fresh('s'), round, settling(outcomes));
    assert.deepEqual({ status, settled }, { status: 'done', settled: 205 });
  });

  it('voids a round', async () => {
    const { round, winner } = await aRound();
    const { status, roundStatus } = await floor.operate('void', fresh('v'), round, { reason: 'a test', wagerIds: null });
    assert.deepEqual({ status, roundStatus }, { status: 'done', roundStatus: 'voided' });
    assert.equal((await floor.table.has(winner)).cash, 1_000);
  });

  it('ends as refused where an outcome is bad, and nothing was posted', async () => {
    const { round, winner, wagers } = await aRound();
    await floor.table.rollBack(wagers[1]);
    const { status, problem } = await floor.operate('settlement', fresh('s'), round, settling({ [wagers[0]]: 5, [wagers[1]]: 5 }));
    assert.deepEqual([status, problem?.code], ['refused', 'wager_rolled_back']);
    assert.equal((await floor.table.has(winner)).cash, 900);
  });

  it('says what it does in words a support person can read', async () => {
    const { round, content } = await aRound();
    const { handle, answered } = await floor.start('settlement', 's-words', round, content);
    await answered;
    const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
    assert.equal(currentDetails, `Settlement s-words of round ${round}: done.`);
  });

  it('answers again when it is asked again, and never starts a second time', async () => {
    const { round, content, winner } = await aRound();
    const { handle, answered } = await floor.start('settlement', fresh('s'), round, content);
    await answered;
    await handle.result();
    await floor.env.client.workflow.getHandle(handle.workflowId).executeUpdate('answer', { updateId: 'answer' });
    const again = floor.env.client.workflow.start('settlement', { workflowId: handle.workflowId, taskQueue: floor.queue, args: [], workflowIdReusePolicy: 'REJECT_DUPLICATE' });
    await assert.rejects(again, /already started/);
    assert.equal((await floor.table.has(winner)).cash, 1_200);
  });

  it('waits for its turn while another operation works on the round', async () => {
    const { round, content, winner } = await aRound();
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
    const { round, content, winner } = await aRound();
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

  describe('with a fault in a step', () => {
    const once = (step: string, fault: (run: () => Promise<unknown>) => Promise<unknown>): Meddle => (at, attempt, run) =>
      at === step && attempt === 1 ? fault(run) : run();
    const lost = () => ApplicationFailure.create({ message: 'the connection broke' });
    const FAULTS = {
      'a failure before it': () => Promise.reject(lost()),
      'a failure after it': async (run: () => Promise<unknown>) => {
        await run();
        throw lost();
      },
      // Longer than startToCloseTimeout: the step was done, and nobody heard.
      'a time-out in it': async (run: () => Promise<unknown>) => {
        await run();
        await sleep(10_500);
      },
      'a time-out, and the step lands late': async (run: () => Promise<unknown>) => {
        await sleep(10_500);
        await run();
      },
    } as const;

    it('every settlement ends, once, whatever the step and the fault', async function () {
      this.timeout(120_000);
      const ends = ['claimRound', 'postMoves', 'closeOperation'].flatMap((step) =>
        Object.values(FAULTS).map(async (fault) => {
          const { round, content, winner, loser } = await aRound();
          const id = fresh('s');
          floor.meddle(id, once(step, fault));
          const operation = await floor.operate('settlement', id, round, content);
          return { step, operation, has: [await floor.table.has(winner), await floor.table.has(loser)] };
        }),
      );
      for (const { step, operation, has } of await Promise.all(ends)) {
        assert.equal(operation.status, 'done', step);
        assert.deepEqual(has, [{ cash: 1_200, owed: 0, inPlay: 0 }, { cash: 900, owed: 0, inPlay: 0 }], step);
      }
    });

    it('every undo gives everything back, once, whatever the step and the fault', async function () {
      this.timeout(120_000);
      const ends = ['postMoves', 'undoMoves', 'undoClaim'].flatMap((step) =>
        Object.values(FAULTS).map(async (fault) => {
          const { id, ...refused } = await aRefusedRound();
          floor.meddle(id, inTurn(refused.enrich, once(step, fault)));
          return { step, ...refused, operation: await floor.operate('settlement', id, refused.round, refused.content) };
        }),
      );
      for (const { step, operation, ...parties } of await Promise.all(ends)) await assertUndone(operation, parties, step);
    });

    it('that goes on and on, people are told; it ends once the fault is gone', async function () {
      this.timeout(120_000);
      const { round, content, winner } = await aRound();
      const id = fresh('s');
      floor.meddle(id, (step, attempt, run) => (step === 'closeOperation' && attempt <= 8 ? Promise.reject(lost()) : run()));
      const { handle, answered, read } = await floor.start('settlement', id, round, content);
      await attention(handle, true);
      const { currentDetails } = await handle.query<{ currentDetails: string }>('__temporal_workflow_metadata');
      assert.match(currentDetails, /a step fails again and again \(the connection broke\)/);
      await answered;
      await attention(handle, false);
      assert.equal((await read()).status, 'done');
      assert.equal((await floor.table.has(winner)).cash, 1_200);
    });
  });

  /** A round whose second player becomes too rich for the win between claim and posting: the first is posted, then all is undone. */
  async function aRefusedRound() {
    const { table } = floor;
    const [first, second, round, id] = [await table.player(1_000), await table.player(1_000), fresh('r'), fresh('s')];
    const wagers = [await table.wager({ round, player: first }), await table.wager({ round, player: second })] as const;
    const enrich: Meddle = async (step, attempt, run) => {
      const result = await run();
      if (step === 'claimRound' && attempt === 1) await table.give(second, MOST - 1_000);
      return result;
    };
    return { id, round, first, second, wagers, enrich, content: settling({ [wagers[0]]: 300, [wagers[1]]: 300 }) };
  }

  const inTurn = (outer: Meddle, inner: Meddle): Meddle => (step, attempt, run) => outer(step, attempt, () => inner(step, attempt, run));

  async function assertUndone(operation: Operation, { first, second, round, wagers }: { first: string; second: string; round: string; wagers: readonly string[] }, step: string) {
    const { table } = floor;
    assert.deepEqual([operation.status, operation.problem?.code, operation.roundStatus], ['refused', 'amount_too_large', 'open'], step);
    assert.deepEqual([await table.has(first), await table.has(second)], [
      { cash: 900, owed: 0, inPlay: 100 }, { cash: MOST - 100, owed: 0, inPlay: 100 },
    ], step);
    for (const wager of wagers) assert.deepEqual(await table.wagerStatus(wager), { status: 'open', payout: 0 }, step);
    assert.equal(await table.roundStatus(round), 'open', step);
    // Each way round is still free: the second player's stake can come back another way.
    await table.stake({ round, wager: fresh('w'), player: second, amount: 1_000 });
    assert.equal(fateOf(await table.rollBack(wagers[1]!)), 'applied', step);
  }

  it('is undone as a whole where the ledger refuses a later player, and the round goes on', async () => {
    const { id, enrich, ...refused } = await aRefusedRound();
    floor.meddle(id, enrich);
    await assertUndone(await floor.operate('settlement', id, refused.round, refused.content), refused, 'undone');
  });

  it('parks where not even the undo is possible, answers so, and goes on once a person made room', async function () {
    this.timeout(60_000);
    const { table } = floor;
    const [first, second, round, id] = [await table.player(1_000), await table.player(1_000), fresh('r'), fresh('v')];
    const wagers = [await table.wager({ round, player: first }), await table.wager({ round, player: second })] as const;
    await table.settle(round, { [wagers[0]]: 500 }, { close: false });
    floor.meddle(id, async (step, attempt, run) => {
      // The first player's payout is taken back; then neither can take anything any more.
      if (step === 'claimRound' && attempt === 1) {
        const claimed = await run();
        await table.give(second, MOST - 900);
        return claimed;
      }
      const result = await run();
      if (step === 'postMoves' && attempt === 1) await table.give(first, MOST - 1_000);
      return result;
    });
    const { handle, answered, read } = await floor.start('void', id, round, { reason: 'a test', wagerIds: null });
    await answered;
    const parked = await read();
    assert.deepEqual([parked.status, parked.problem?.code], ['needs_attention', 'amount_too_large']);
    await attention(handle, true);
    await table.stake({ round: fresh('r'), wager: fresh('w'), player: first, amount: 10_000 });
    await handle.result();
    assert.equal((await read()).status, 'refused');
    await attention(handle, false);
    assert.deepEqual(await table.wagerStatus(wagers[0]), { status: 'settled', payout: 500 });
    assert.equal((await table.has(first)).cash, MOST - 10_000 + 400);
  });

  /** The start of a workflow, and what it shows of itself, follow a little later. */
  async function attention(handle: Started['handle'], wanted: boolean): Promise<void> {
    for (;;) {
      const seen = await handle.describe().catch((error: unknown) => {
        if (!(error instanceof WorkflowNotFoundError)) throw error;
      });
      if (seen?.typedSearchAttributes.get(SEARCH.needsAttention) === wanted) return;
      await sleep(200);
    }
  }
});
