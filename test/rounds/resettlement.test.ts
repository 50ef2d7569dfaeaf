import assert from 'node:assert/strict';
import { aTable, fresh, type Table } from './table.ts';

describe('a resettlement', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  /** A round of one wager of 100 by a player who had 100, settled at this payout. */
  async function settled(payout: number) {
    const [player, round] = [await table.player(100), fresh('r')];
    const wager = await table.wager({ round, player });
    await table.settle(round, { [wager]: payout });
    return { player, round, wager };
  }
  /** The player stakes all that is there, elsewhere, and loses it. */
  async function spend(player: string): Promise<void> {
    const round = fresh('r');
    const { cash } = await table.has(player);
    const wager = await table.wager({ round, player, amount: cash });
    await table.settle(round, { [wager]: 0 });
  }

  const CASES = [
    { what: 'a win into a loss', was: 250, is: 0 },
    { what: 'a loss into a win', was: 0, is: 250 },
    { what: 'a win into a larger one', was: 250, is: 400 },
    { what: 'a win into a smaller one', was: 250, is: 30 },
    { what: 'a win into the same', was: 250, is: 250 },
  ];
  for (const { what, was, is } of CASES) {
    it(`turns ${what}, by the difference`, async () => {
      const { player, round, wager } = await settled(was);
      const {
        status,
        outcome,
        roundStatus,
        settled: count,
        totals,
      } = await table.resettle(round, { [wager]: is });
      assert.deepEqual([status, outcome, roundStatus, count], ['done', 'applied', 'closed', 0]);
      const [paid, takenBack] = [Math.max(0, is - was), Math.max(0, was - is)];
      assert.deepEqual(totals, [{ currency: 'SEK', paid, takenBack, receivable: 0 }]);
      assert.deepEqual(await table.has(player), { cash: is, owed: 0, inPlay: 0 });
      assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: is });
    });

    it(`turns ${what} after the money was spent, and what is not there is owed`, async () => {
      const { player, round, wager } = await settled(was);
      if (was > 0) await spend(player);
      await table.resettle(round, { [wager]: is });
      const due = is - was;
      assert.deepEqual(await table.has(player), {
        cash: Math.max(0, due),
        owed: Math.max(0, -due),
        inPlay: 0,
      });
    });

    it(`that turned ${what} is undone by a void of the round, also after the money was spent`, async () => {
      for (const spent of [false, true]) {
        const { player, round, wager } = await settled(was);
        await table.resettle(round, { [wager]: is });
        if (spent && is > 0) await spend(player);
        const { roundStatus } = await table.voidRound(round);
        assert.equal(roundStatus, 'voided');
        const has = (spent ? 0 : is) + 100 - is;
        assert.deepEqual(await table.has(player), {
          cash: Math.max(0, has),
          owed: Math.max(0, -has),
          inPlay: 0,
        });
        assert.deepEqual(await table.wagerStatus(wager), { status: 'voided', payout: 0 });
      }
    });
  }

  it('leaves wagers it does not name as they are, and nets those of one player', async () => {
    const [player, other, round] = [await table.player(300), await table.player(100), fresh('r')];
    const [up, down, mine] = [
      await table.wager({ round, player }),
      await table.wager({ round, player }),
      await table.wager({ round, player }),
    ];
    const theirs = await table.wager({ round, player: other });
    await table.settle(round, { [up]: 10, [down]: 200, [mine]: 5, [theirs]: 70 });
    const { totals } = await table.resettle(round, { [up]: 90, [down]: 100 });
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 0, takenBack: 20, receivable: 0 }]);
    assert.equal((await table.has(player)).cash, 195);
    assert.equal((await table.has(other)).cash, 70);
    assert.deepEqual(await table.wagerStatus(mine), { status: 'settled', payout: 5 });
  });

  it('may be resettled again; the last one stands', async () => {
    const { player, round, wager } = await settled(250);
    for (const payout of [0, 900, 30]) await table.resettle(round, { [wager]: payout });
    assert.deepEqual(await table.has(player), { cash: 30, owed: 0, inPlay: 0 });
  });

  it('books what is owed, which later wins repay, and deposits do not', async () => {
    const { player, round, wager } = await settled(250);
    await spend(player);
    await table.resettle(round, { [wager]: 0 });
    assert.deepEqual(await table.has(player), { cash: 0, owed: 250, inPlay: 0 });
    await table.deposit(player, 500);
    assert.deepEqual(await table.has(player), { cash: 500, owed: 250, inPlay: 0 });
    const next = fresh('r');
    const won = await table.wager({ round: next, player, amount: 100 });
    await table.settle(next, { [won]: 400 });
    assert.deepEqual(await table.has(player), { cash: 550, owed: 0, inPlay: 0 });
  });

  it('of wagers that are not settled is refused as a whole, and says which', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [won, open] = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.settle(round, { [won]: 200 }, { close: false });
    const { status, problem } = await table.resettle(round, { [won]: 0, [open]: 5 });
    assert.deepEqual([status, problem?.code], ['refused', 'invalid_state']);
    assert.deepEqual(
      problem?.errors?.map(({ pointer }) => pointer),
      ['/outcomes/1/wagerId'],
    );
    assert.deepEqual(await table.wagerStatus(won), { status: 'settled', payout: 200 });
    // The round is still open: the settled one may be corrected, and then win more.
    await table.resettle(round, { [won]: 50 });
    await table.settle(round, { [won]: 7 });
    assert.deepEqual(await table.wagerStatus(won), { status: 'settled', payout: 57 });
  });

  it('of a voided round is refused', async () => {
    const { round, wager } = await settled(250);
    await table.voidRound(round);
    assert.equal((await table.resettle(round, { [wager]: 1 })).problem?.code, 'round_voided');
  });

  it('takes turns with a settlement, a void and others of its round: none is refused for that', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wagers = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.settle(round, { [wagers[0]!]: 100 }, { close: false });
    const operations = await Promise.all([
      ...[10, 20, 30].map((payout) => table.resettle(round, { [wagers[0]!]: payout })),
      table.settle(round, { [wagers[1]!]: 40 }, { close: false }),
      table.voidRound(round, [wagers[1]!]),
    ]);
    const fates = operations.map(({ status, problem }) => problem?.code ?? status);
    // A settlement that comes after the void of its wager finds it voided.
    assert.ok(
      fates.every((fate, at) => fate === 'done' || (at === 3 && fate === 'invalid_state')),
      fates.join(),
    );
    assert.equal((await table.wagerStatus(wagers[1]!))?.status, 'voided');
    const { payout } = (await table.wagerStatus(wagers[0]!))!;
    assert.ok([10, 20, 30].includes(payout));
    assert.equal((await table.has(player)).cash, 900 + payout);
  });
});
