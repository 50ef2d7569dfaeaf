import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ApplicationFailure } from '@temporalio/common';
import type { Operation } from '../../rounds/index.ts';
import { fateOf, fresh } from '../rounds/table.ts';
import { aFloor, settling, untilAttention, type Floor, type Meddle } from './floor.ts';

const MOST = Number.MAX_SAFE_INTEGER;

describe('a round operation that meets trouble', () => {
  let floor: Floor;
  let atOnce: Floor;
  before(async function () {
    this.timeout(60_000);
    [floor, atOnce] = await Promise.all([aFloor(), aFloor({ stepByStep: false })]);
  });
  after(() => Promise.all([floor.close(), atOnce.close()]));

  describe('with a fault in a step', () => {
    const once =
      (step: string, fault: (run: () => Promise<unknown>) => Promise<unknown>): Meddle =>
      (at, attempt, run) =>
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
      const steps = [
        ...['claimRound', 'postMoves', 'closeOperation'].map((step) => ({ on: floor, step })),
        { on: atOnce, step: 'claimRound' },
      ];
      const ends = steps.flatMap(({ on, step }) =>
        Object.values(FAULTS).map(async (fault) => {
          const { round, content, winner, loser } = await on.aRound();
          const id = fresh('s');
          on.meddle(id, once(step, fault));
          const operation = await on.operate('settlement', id, round, content);
          return { step, operation, has: [await on.table.has(winner), await on.table.has(loser)] };
        }),
      );
      for (const { step, operation, has } of await Promise.all(ends)) {
        assert.equal(operation.status, 'done', step);
        assert.deepEqual(
          has,
          [
            { cash: 1_200, owed: 0, inPlay: 0 },
            { cash: 900, owed: 0, inPlay: 0 },
          ],
          step,
        );
      }
    });

    it('every undo gives everything back, once, whatever the step and the fault', async function () {
      this.timeout(120_000);
      const ends = ['postMoves', 'undoMoves', 'undoClaim'].flatMap((step) =>
        Object.values(FAULTS).map(async (fault) => {
          const { id, ...refused } = await aRefusedRound();
          floor.meddle(id, inTurn(refused.enrich, once(step, fault)));
          return {
            step,
            ...refused,
            operation: await floor.operate('settlement', id, refused.round, refused.content),
          };
        }),
      );
      for (const { step, operation, ...parties } of await Promise.all(ends))
        await assertUndone(operation, parties, step);
    });

    it('that goes on and on, people are told; it ends once the fault is gone', async function () {
      this.timeout(120_000);
      const { round, content, winner } = await floor.aRound();
      const id = fresh('s');
      floor.meddle(id, (step, attempt, run) =>
        step === 'closeOperation' && attempt <= 8 ? Promise.reject(lost()) : run(),
      );
      const { handle, answered, read } = await floor.start('settlement', id, round, content);
      await untilAttention(handle, true);
      const { currentDetails } = await handle.query<{ currentDetails: string }>(
        '__temporal_workflow_metadata',
      );
      assert.match(currentDetails, /a step fails again and again \(the connection broke\)/);
      await answered;
      await untilAttention(handle, false);
      assert.equal((await read()).status, 'done');
      assert.equal((await floor.table.has(winner)).cash, 1_200);
    });
  });

  /** A round whose second player becomes too rich for the win between claim and posting: the first is posted, then all is undone. */
  async function aRefusedRound() {
    const { table } = floor;
    const [first, second, round, id] = [
      await table.player(1_000),
      await table.player(1_000),
      fresh('r'),
      fresh('s'),
    ];
    const wagers = [
      await table.wager({ round, player: first }),
      await table.wager({ round, player: second }),
    ] as const;
    const enrich: Meddle = async (step, attempt, run) => {
      const result = await run();
      if (step === 'claimRound' && attempt === 1) await table.give(second, MOST - 1_000);
      return result;
    };
    return {
      id,
      round,
      first,
      second,
      wagers,
      enrich,
      content: settling({ [wagers[0]]: 300, [wagers[1]]: 300 }),
    };
  }

  const inTurn =
    (outer: Meddle, inner: Meddle): Meddle =>
    (step, attempt, run) =>
      outer(step, attempt, () => inner(step, attempt, run));

  async function assertUndone(
    operation: Operation,
    {
      first,
      second,
      round,
      wagers,
    }: { first: string; second: string; round: string; wagers: readonly string[] },
    step: string,
  ) {
    const { table } = floor;
    assert.deepEqual(
      [operation.status, operation.problem?.code, operation.roundStatus],
      ['refused', 'amount_too_large', 'open'],
      step,
    );
    assert.deepEqual(
      [await table.has(first), await table.has(second)],
      [
        { cash: 900, owed: 0, inPlay: 100 },
        { cash: MOST - 100, owed: 0, inPlay: 100 },
      ],
      step,
    );
    for (const wager of wagers)
      assert.deepEqual(await table.wagerStatus(wager), { status: 'open', payout: 0 }, step);
    assert.equal(await table.roundStatus(round), 'open', step);
    // Each way round is still free: the second player's stake can come back another way.
    await table.stake({ round, wager: fresh('w'), player: second, amount: 1_000 });
    assert.equal(fateOf(await table.rollBack(wagers[1]!)), 'applied', step);
  }

  it('is undone as a whole where the ledger refuses a later player, and the round goes on', async () => {
    const { id, enrich, ...refused } = await aRefusedRound();
    floor.meddle(id, enrich);
    await assertUndone(
      await floor.operate('settlement', id, refused.round, refused.content),
      refused,
      'undone',
    );
  });

  it('parks where not even the undo is possible, answers so, and goes on once a person made room', async function () {
    this.timeout(60_000);
    const { table } = floor;
    const [first, second, round, id] = [
      await table.player(1_000),
      await table.player(1_000),
      fresh('r'),
      fresh('v'),
    ];
    const wagers = [
      await table.wager({ round, player: first }),
      await table.wager({ round, player: second }),
    ] as const;
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
    const { handle, answered, read } = await floor.start('void', id, round, {
      reason: 'a test',
      wagerIds: null,
    });
    await answered;
    const parked = await read();
    assert.deepEqual([parked.status, parked.problem?.code], ['needs_attention', 'amount_too_large']);
    await untilAttention(handle, true);
    await table.stake({ round: fresh('r'), wager: fresh('w'), player: first, amount: 10_000 });
    await handle.result();
    assert.equal((await read()).status, 'refused');
    await untilAttention(handle, false);
    assert.deepEqual(await table.wagerStatus(wagers[0]), { status: 'settled', payout: 500 });
    assert.equal((await table.has(first)).cash, MOST - 10_000 + 400);
  });
});
