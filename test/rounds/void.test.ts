import assert from 'node:assert/strict';
import { aTable, fateOf, fresh, type Table } from './table.ts';

describe('a void', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('of an open round gives the stakes back', async () => {
    const [one, two, round] = [await table.player(1_000), await table.player(1_000), fresh('r')];
    const wagers = [
      await table.wager({ round, player: one, amount: 300 }),
      await table.wager({ round, player: two, amount: 200 }),
    ];
    const { status, outcome, roundStatus, settled, totals, balances } = await table.voidRound(round);
    assert.deepEqual(
      { status, outcome, roundStatus, settled },
      { status: 'done', outcome: 'applied', roundStatus: 'voided', settled: 0 },
    );
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 500, takenBack: 0, receivable: 0 }]);
    assert.deepEqual(
      balances.map(({ cash }) => cash),
      [1_000, 1_000],
    );
    assert.deepEqual(await table.wagerStatus(wagers[0]!), { status: 'voided', payout: 0 });
    assert.equal(await table.roundStatus(round), 'voided');
  });

  it('of a settled round takes the payouts back, net per player', async () => {
    const [winner, loser, round] = [await table.player(1_000), await table.player(1_000), fresh('r')];
    const [won, lost] = [
      await table.wager({ round, player: winner }),
      await table.wager({ round, player: loser }),
    ];
    await table.settle(round, { [won]: 700 });
    const { totals } = await table.voidRound(round);
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 100, takenBack: 600, receivable: 0 }]);
    assert.deepEqual([(await table.has(winner)).cash, (await table.has(loser)).cash], [1_000, 1_000]);
    assert.deepEqual(await table.wagerStatus(lost), { status: 'voided', payout: 0 });
  });

  it('of a win that was spent meanwhile books the rest as owed', async () => {
    const [player, round, spent] = [await table.player(100), fresh('r'), fresh('r')];
    const won = await table.wager({ round, player });
    await table.settle(round, { [won]: 500 });
    await table.wager({ round: spent, player, amount: 450 });
    const { totals, balances } = await table.voidRound(round);
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 0, takenBack: 400, receivable: 350 }]);
    assert.deepEqual(balances, [{ playerId: player, currency: 'SEK', cash: 0 }]);
    assert.deepEqual(await table.has(player), { cash: 0, owed: 350, inPlay: 450 });
  });

  it('of a lost wager of a player who owes gives the stake back, and repays nothing with it', async () => {
    const [player, won, lost] = [await table.player(100), fresh('r'), fresh('r')];
    const win = await table.wager({ round: won, player });
    await table.settle(won, { [win]: 500 });
    const loss = await table.wager({ round: lost, player, amount: 500 });
    await table.settle(lost, { [loss]: 0 });
    await table.voidRound(won);
    await table.voidRound(lost);
    assert.deepEqual(await table.has(player), { cash: 500, owed: 400, inPlay: 0 });
  });

  it('of single wagers leaves the others alone; with the last of them the round is voided', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [one, two] = [await table.wager({ round, player }), await table.wager({ round, player })];
    assert.equal((await table.voidRound(round, [one])).roundStatus, 'open');
    assert.deepEqual(
      [await table.wagerStatus(one), await table.wagerStatus(two)],
      [
        { status: 'voided', payout: 0 },
        { status: 'open', payout: 0 },
      ],
    );
    assert.equal((await table.voidRound(round, [one])).outcome, 'noop');
    assert.equal((await table.voidRound(round, [one, two])).roundStatus, 'voided');
    assert.equal((await table.has(player)).cash, 1_000);
  });

  it('of a single wager of a closed round leaves the round closed', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [one] = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.settle(round, {});
    assert.equal((await table.voidRound(round, [one])).roundStatus, 'closed');
    assert.equal((await table.has(player)).cash, 900);
  });

  it('under another id does nothing the second time; the same id is answered again', async () => {
    const [player, round, id] = [await table.player(1_000), fresh('r'), fresh('v')];
    await table.wager({ round, player });
    const first = await table.voidRound(round, null, id);
    assert.deepEqual(await table.voidRound(round, null, id), first);
    const second = await table.voidRound(round);
    assert.deepEqual(
      [second.status, second.outcome, second.roundStatus, second.totals],
      ['done', 'noop', 'voided', []],
    );
  });

  it('of a round without wagers in play still voids it', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wager = await table.wager({ round, player });
    await table.rollBack(wager);
    const { outcome, roundStatus } = await table.voidRound(round);
    assert.deepEqual({ outcome, roundStatus }, { outcome: 'applied', roundStatus: 'voided' });
    assert.equal((await table.wagerStatus(wager))?.status, 'rolled_back');
  });

  it('shuts the round for wagers, plays and settlements', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wager = await table.wager({ round, player });
    await table.voidRound(round);
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player })), 'round_voided');
    assert.equal(
      fateOf(await table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), payout: 5 })),
      'round_voided',
    );
    assert.equal((await table.settle(round, { [wager]: 5 })).problem?.code, 'round_voided');
    assert.equal((await table.settle(round, {})).problem?.code, 'round_voided');
    assert.equal((await table.has(player)).cash, 1_000);
  });

  it('of a wager rolled back, refused or of another round is refused as a whole', async () => {
    const [player, round, elsewhere] = [await table.player(1_000), fresh('r'), fresh('r')];
    const [good, rolledBack, foreign] = [
      await table.wager({ round, player }),
      await table.wager({ round, player }),
      await table.wager({ round: elsewhere, player }),
    ];
    await table.rollBack(rolledBack);
    const { status, problem } = await table.voidRound(round, [good, rolledBack, foreign]);
    assert.equal(status, 'refused');
    assert.deepEqual(
      [problem?.code, problem?.errors?.map(({ pointer, code }) => [pointer, code])],
      [
        'wager_rolled_back',
        [
          ['/wagerIds/1', 'wager_rolled_back'],
          ['/wagerIds/2', 'invalid_state'],
        ],
      ],
    );
    const unknown = await table.request('void', fresh('v'), round, {
      reason: 'a test',
      wagerIds: ['nobody-placed-it'],
    });
    assert.ok('refusal' in unknown && unknown.refusal.code === 'wager_unknown');
    assert.deepEqual(await table.wagerStatus(good), { status: 'open', payout: 0 });
  });

  it('of a play takes its win back', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    await table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 100, payout: 350 });
    assert.equal((await table.voidRound(round)).totals[0]?.takenBack, 250);
    assert.equal((await table.has(player)).cash, 1_000);
  });
});
