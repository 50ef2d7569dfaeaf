import assert from 'node:assert/strict';
import { aTable, fresh, type Table } from './table.ts';

describe('direct settlements that come at once', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('are each done as if they came alone, also sent twice, among such as are not to be done', async () => {
    const players = await Promise.all(Array.from({ length: 8 }, () => table.player(1_000)));
    const plan = await Promise.all(
      Array.from({ length: 64 }, async (_, at) => {
        const [player, round] = [players[at % 8]!, fresh('r')];
        const wager = await table.wager({ round, player, amount: 10 });
        if (at % 8 === 7) await table.rollBack(wager);
        const other =
          at % 8 === 6 ? await table.wager({ round, player: players[0]!, amount: 10 }) : undefined;
        return { round, wager, other, id: fresh('s') };
      }),
    );
    const both = await Promise.all(
      [...plan, ...plan].map(({ round, wager, other, id }) =>
        table.settleAtOnce(round, { [wager]: 25, ...(other !== undefined && { [other]: 25 }) }, { id }),
      ),
    );
    for (const [at, { round, id, other }] of plan.entries()) {
      const [first, again] = [both[at]!, both[at + plan.length]!];
      const expected = at % 8 === 7 ? 'refused' : other === undefined ? 'done' : 'requested';
      assert.deepEqual([first.status, again.status], [expected, expected], `${round} ${String(at % 8)}`);
      // Two players need the workflow.
      if (expected === 'requested') await table.run('settlement', id);
    }
    const done = plan.filter((_, at) => at % 8 < 6);
    for (const { wager } of done)
      assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 25 });
    for (const [at, player] of players.entries()) {
      const own = at === 7 ? 0 : 8 * 15;
      const cash = 1_000 + own + (at === 0 ? 8 * 15 : 0);
      assert.deepEqual(await table.has(player), { cash, owed: 0, inPlay: 0 });
    }
  });

  it('of one round take turns: the first closes it, the others are told', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wagers = await Promise.all(
      Array.from({ length: 12 }, () => table.wager({ round, player, amount: 10 })),
    );
    const all = await Promise.all(wagers.map((wager) => table.settleAtOnce(round, { [wager]: 30 })));
    const fates = all.map(({ status, problem }) => problem?.code ?? status).sort();
    assert.deepEqual([...new Set(fates)], ['done', 'round_closed']);
    assert.equal(fates.filter((fate) => fate === 'done').length, 1);
    assert.equal((await table.has(player)).cash, 1_000 - 12 * 10 + 30);
  });
});
