import assert from 'node:assert/strict';
import type { Answered } from '../../rounds/index.ts';
import { aTable, fateOf, fresh, type Table } from './table.ts';

/** Runs them in an order nobody chose, all at once. */
const atOnce = <T>(calls: readonly (() => Promise<T>)[]): Promise<T[]> =>
  Promise.all(
    calls
      .map((call) => ({ call, at: Math.random() }))
      .sort((a, b) => a.at - b.at)
      .map(({ call }) => call()),
  );

const count = (fates: readonly string[], fate: string) => fates.filter((each) => each === fate).length;

describe('at the same moment', () => {
  let table: Table;
  before(async () => {
    table = await aTable({ poolSize: 20 });
  });
  after(() => table.leave());

  it('30 wagers and their rollbacks, each twice, leave every stake where it was', async () => {
    for (let run = 0; run < 5; run += 1) {
      const [player, round] = [await table.player(2_000), fresh('r')];
      const ids = Array.from({ length: 30 }, () => fresh('w'));
      const calls = ids.flatMap((wager) => {
        const stake = () => table.stake({ round, wager, player, amount: 50 });
        const rollBack = () => table.rollBack(wager, `rb-${wager}`);
        return [stake, stake, rollBack, rollBack];
      });
      const answers = await atOnce<Answered>(calls);
      assert.ok(answers.every(({ outcome }) => outcome !== 'refused'));
      assert.deepEqual(await table.has(player), { cash: 2_000, owed: 0, inPlay: 0 });
    }
  });

  it('the same wager sent 20 times takes one stake, and all hear the same', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    const answers = await atOnce(
      Array.from({ length: 20 }, () => () => table.stake({ round, wager, player, amount: 100 })),
    );
    assert.equal(answers.filter(({ replayed }) => !replayed).length, 1);
    assert.deepEqual(
      new Set(answers.map((answer) => ('balance' in answer ? answer.balance : null))),
      new Set([900n]),
    );
    assert.equal((await table.has(player)).cash, 900);
  });

  it('wagers for more than the player has: just as many go through as there is money for', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const answers = await atOnce(
      Array.from({ length: 25 }, () => () => table.stake({ round, wager: fresh('w'), player, amount: 100 })),
    );
    assert.deepEqual(
      [count(answers.map(fateOf), 'applied'), count(answers.map(fateOf), 'insufficient_funds')],
      [10, 15],
    );
    assert.equal((await table.has(player)).cash, 0);
  });

  it('wagers and a closing settlement: each is either in, and settled, or refused', async () => {
    for (let run = 0; run < 5; run += 1) {
      const [player, round] = [await table.player(2_000), fresh('r')];
      const first = await table.wager({ round, player, amount: 10 });
      const fates: string[] = [];
      await atOnce<unknown>([
        ...Array.from(
          { length: 30 },
          () => async () =>
            fates.push(fateOf(await table.stake({ round, wager: fresh('w'), player, amount: 10 }))),
        ),
        () => table.settle(round, { [first]: 1 }),
      ]);
      assert.equal(count(fates, 'applied') + count(fates, 'round_closed'), 30);
      assert.deepEqual(await table.has(player), {
        cash: 1_991 - 10 * count(fates, 'applied'),
        owed: 0,
        inPlay: 0,
      });
    }
  });

  it('two settlements of one round take turns: neither is lost', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const ids = await Promise.all(
      Array.from({ length: 12 }, () => table.wager({ round, player, amount: 10 })),
    );
    const operations = await atOnce(
      ids.map((wager) => () => table.settle(round, { [wager]: 20 }, { close: false })),
    );
    assert.ok(operations.every(({ status, settled }) => status === 'done' && settled === 1));
    assert.equal((await table.has(player)).cash, 1_120);
  });

  it('two closing settlements: one closes the round, the other hears that it is closed', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wager = await table.wager({ round, player });
    const operations = await atOnce(
      [() => table.settle(round, { [wager]: 150 }), () => table.settleAtOnce(round, { [wager]: 150 })].map(
        (settle) => async () => {
          const { status, problem, operationId } = await settle();
          // At once it does not wait: a busy round is left to a workflow, here played by the table.
          return status === 'requested' ? await table.run('settlement', operationId) : { status, problem };
        },
      ),
    );
    assert.deepEqual(operations.map(({ status }) => status).sort(), ['done', 'refused']);
    assert.equal(operations.find(({ status }) => status === 'refused')?.problem?.code, 'round_closed');
    assert.equal((await table.has(player)).cash, 1_050);
  });

  it('a settlement and the rollback of its wager: the stake goes one way', async () => {
    for (let run = 0; run < 10; run += 1) {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const wager = await table.wager({ round, player, amount: 100 });
      const [rolledBack, settled] = await Promise.all([
        table.rollBack(wager),
        table.settle(round, { [wager]: 300 }),
      ]);
      const won = settled.status === 'done';
      assert.equal(fateOf(rolledBack), won ? 'wager_settled' : 'applied');
      assert.equal((await table.has(player)).cash, won ? 1_200 : 1_000);
    }
  });

  it('a void and a settlement of one round: in the end all stakes are back', async () => {
    for (let run = 0; run < 5; run += 1) {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const wager = await table.wager({ round, player, amount: 100 });
      const [voided, settled] = await Promise.all([
        table.voidRound(round),
        table.settle(round, { [wager]: 300 }),
      ]);
      assert.equal(voided.status, 'done');
      assert.ok(settled.status === 'done' || settled.problem?.code === 'round_voided');
      assert.equal((await table.has(player)).cash, 1_000);
    }
  });

  it('plays of one round that close it: one does, the later are refused, no money hangs', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const answers = await atOnce(
      Array.from(
        { length: 12 },
        () => () =>
          table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 10, payout: 0 }),
      ),
    );
    assert.deepEqual(
      [count(answers.map(fateOf), 'applied'), count(answers.map(fateOf), 'round_closed')],
      [1, 11],
    );
    assert.equal((await table.has(player)).cash, 990);
  });

  it('settlements of the same players in other orders post their batches without a deadlock', async () => {
    const players = await Promise.all(Array.from({ length: 40 }, () => table.player(1_000)));
    const rounds = Array.from({ length: 6 }, () => fresh('r'));
    const operations = await atOnce(
      rounds.map((round, turn) => async () => {
        const outcomes: Record<string, number> = {};
        for (const player of turn % 2 === 0 ? players : players.toReversed())
          outcomes[await table.wager({ round, player, amount: 10 })] = 15;
        return await table.settle(round, outcomes);
      }),
    );
    assert.ok(operations.every(({ status }) => status === 'done'));
    for (const player of players) assert.equal((await table.has(player)).cash, 1_030);
  });
});

describe('with one database connection for everybody', () => {
  let table: Table;
  before(async () => {
    table = await aTable({ poolSize: 1 });
  });
  after(() => table.leave());

  it('wagers, rollbacks, plays and settlements go on', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wager = await table.wager({ round, player, amount: 10 });
    await Promise.all([
      table.rollBack(fresh('w')),
      table.play({
        round: fresh('r'),
        wager: fresh('w'),
        player,
        settlement: fresh('s'),
        amount: 10,
        payout: 20,
      }),
      table.stake({ round, wager: fresh('w'), player }),
      table.settle(round, { [wager]: 30 }),
      table.settleAtOnce(round, {}),
    ]);
  });
});
