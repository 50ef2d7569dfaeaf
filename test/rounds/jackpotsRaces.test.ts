import assert from 'node:assert/strict';
import { aPot, aWager, bookOf, inPot, wins } from './pots.ts';
import { aTable, fateOf, fresh, type Table } from './table.ts';

/** Runs them in an order nobody chose, all at once. */
const atOnce = <T>(calls: readonly (() => Promise<T>)[]): Promise<T[]> =>
  Promise.all(
    calls
      .map((call) => ({ call, at: Math.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ call }) => call()),
  );

describe('at the same moment, of one pot', () => {
  let table: Table;
  before(async () => {
    table = await aTable({ poolSize: 20 });
  });
  after(() => table.leave());

  /** A settlement of a client marked `direct`: where the pot is busy it goes on as a saga. */
  async function settleDirect(round: string, wager: string, potId: string, amount: number, id: string) {
    const operation = await table.settleAtOnce(round, { [wager]: wins(potId, amount) }, { id });
    const ended = operation.status === 'done' || operation.status === 'refused';
    return ended ? operation : await table.run('settlement', id);
  }

  it('two winners, each sent twice, 50 times over: both are paid once, the second after the seed', async function () {
    this.timeout(60_000);
    for (let run = 0; run < 50; run += 1) {
      const potId = await aPot(table, 100);
      const winners = await Promise.all([aWager(table, potId, 50), aWager(table, potId, 50)]);
      const pay = winners.flatMap(({ round, wager }, index) => {
        const id = fresh('s');
        const amount = index === 0 ? 200 : 100;
        const direct = () => settleDirect(round, wager, potId, amount, id);
        const bySteps = () => table.settle(round, { [wager]: wins(potId, amount) }, { id });
        return run % 2 === 0 ? [direct, direct] : [bySteps, direct];
      });
      const statuses = (await atOnce(pay)).map(({ status, problem }) => problem?.code ?? status);
      const cash = await Promise.all(winners.map(async ({ player }) => (await table.has(player)).cash));
      // 200 first leaves 0, then 100 of the seed. 100 first leaves 100: then 200 is refused, and for good.
      if (cash[0] === 1_100) {
        assert.deepEqual([statuses, cash[1]], [['done', 'done', 'done', 'done'], 1_000]);
      } else {
        assert.deepEqual(statuses.toSorted(), ['done', 'done', 'insufficient_funds', 'insufficient_funds']);
        assert.deepEqual(cash, [900, 1_000]);
      }
      assert.equal(await inPot(table, potId), 100);
    }
  });

  it('20 winners of what is there once: one is paid all of it, the others the seed or nothing', async () => {
    const potId = await aPot(table, 10);
    const winners = await Promise.all(Array.from({ length: 20 }, () => aWager(table, potId, 50)));
    const statuses = await atOnce(
      winners.map(
        ({ round, wager }) =>
          () =>
            settleDirect(round, wager, potId, 1_010, fresh('s')),
      ),
    );
    assert.equal(statuses.filter(({ status }) => status === 'done').length, 1);
    assert.ok(
      statuses.every(({ status, problem }) => status === 'done' || problem?.code === 'insufficient_funds'),
    );
    assert.equal(await inPot(table, potId), 10);
  });

  it('contributions, rollbacks, voids and wins: every stake comes back whole, and the pot is never below zero', async function () {
    this.timeout(60_000);
    for (let run = 0; run < 10; run += 1) {
      const [potId, other] = [await aPot(table, 20), await aPot(table, 0)];
      const contributions = [
        { potId, amount: 5 },
        { potId: other, amount: 3 },
      ];
      const player = await table.player(10_000);
      const [rolledBack, voided] = [
        Array.from({ length: 20 }, () => ({ wager: fresh('w'), round: fresh('r') })),
        Array.from({ length: 10 }, () => ({ wager: fresh('w'), round: fresh('r') })),
      ];
      const winners = await Promise.all(Array.from({ length: 4 }, () => aWager(table, other, 7)));
      const fates: string[] = [];
      const stake = (each: { wager: string; round: string }) => async () =>
        fates.push(fateOf(await table.stake({ ...each, player, amount: 10, contributions })));
      await atOnce<unknown>([
        ...rolledBack.flatMap((each) => [stake(each), () => table.rollBack(each.wager, `rb-${each.wager}`)]),
        ...voided.map((each) => async () => {
          await stake(each)();
          await table.voidRound(each.round);
        }),
        ...winners.map(({ round, wager }, index) => async () => {
          const pot = index % 2 === 0 ? potId : other;
          await settleDirect(round, wager, pot, 5 + index, fresh('s'));
        }),
      ]);
      assert.ok(fates.every((fate) => fate === 'applied' || fate === 'noop'));
      assert.deepEqual(await table.has(player), { cash: 10_000, owed: 0, inPlay: 0 });
      assert.ok((await inPot(table, potId)) >= 0 && (await inPot(table, other)) >= 0);
    }
  });

  it('the same wager sent ten times contributes once', async () => {
    const [potId, player, round, wager] = [
      await aPot(table, 0),
      await table.player(),
      fresh('r'),
      fresh('w'),
    ];
    const contributions = [{ potId, amount: 10 }];
    await atOnce(
      Array.from({ length: 10 }, () => () => table.stake({ round, wager, player, contributions })),
    );
    assert.deepEqual(await bookOf(table, potId), ['stake 10']);
  });
});
