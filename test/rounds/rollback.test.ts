import assert from 'node:assert/strict';
import { aTable, balanceOf, fateOf, fresh, type Table } from './table.ts';

describe('a rollback', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('gives the stake back, once, and leaves the round its other wagers', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [wager, other, rollback] = [
      await table.wager({ round, player, amount: 300 }),
      await table.wager({ round, player, amount: 50 }),
      fresh('rb'),
    ];
    const first = await table.rollBack(wager, rollback);
    assert.deepEqual([fateOf(first), balanceOf(first)], ['applied', 950]);
    await table.give(player, 1);
    assert.deepEqual(await table.rollBack(wager, rollback), { ...first, replayed: true });
    assert.equal((await table.wagerStatus(wager))?.status, 'rolled_back');
    assert.equal((await table.wagerStatus(other))?.status, 'open');
    assert.equal((await table.settle(round, { [other]: 70 })).status, 'done');
    assert.equal((await table.has(player)).cash, 1_021);
  });

  it('under another id of what is rolled back already does nothing', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const wager = await table.wager({ round, player });
    await table.rollBack(wager);
    const again = await table.rollBack(wager);
    assert.deepEqual([fateOf(again), balanceOf(again)], ['noop', 1_000]);
  });

  it('may overtake its wager, which then takes nothing, now and whenever it is sent again', async () => {
    const [player, round, wager, rollback] = [await table.player(1_000), fresh('r'), fresh('w'), fresh('rb')];
    const early = await table.rollBack(wager, rollback);
    assert.deepEqual(early, { outcome: 'tombstoned', replayed: false, balance: null, transferIds: [] });
    const late = await table.stake({ round, wager, player, amount: 300 });
    assert.deepEqual(late, { outcome: 'noop', replayed: false, balance: 1_000n, transferIds: [] });
    await table.give(player, 5);
    assert.deepEqual(await table.stake({ round, wager, player, amount: 300 }), { ...late, replayed: true });
    assert.equal(fateOf(await table.stake({ round, wager, player, amount: 301 })), 'idempotency_conflict');
    assert.deepEqual(await table.rollBack(wager, rollback), { ...early, replayed: true });
    assert.equal(fateOf(await table.rollBack(wager)), 'noop');
    assert.equal((await table.has(player)).cash, 1_005);
    assert.equal((await table.wagerStatus(wager))?.status, 'tombstoned');
  });

  it('of a tombstoned play takes and pays nothing', async () => {
    const [player, round, wager, settlement] = [
      await table.player(1_000),
      fresh('r'),
      fresh('w'),
      fresh('s'),
    ];
    await table.rollBack(wager);
    const both = { round, wager, player, settlement, amount: 10, payout: 500 };
    assert.deepEqual([fateOf(await table.play(both)), fateOf(await table.play(both))], ['noop', 'noop']);
    assert.equal((await table.has(player)).cash, 1_000);
  });

  it('of a wager that was refused does nothing', async () => {
    const [player, round, wager] = [await table.player(10), fresh('r'), fresh('w')];
    assert.equal(fateOf(await table.stake({ round, wager, player, amount: 300 })), 'insufficient_funds');
    const answered = await table.rollBack(wager);
    assert.deepEqual([fateOf(answered), balanceOf(answered)], ['noop', 10]);
    assert.equal(fateOf(await table.stake({ round, wager, player, amount: 300 })), 'insufficient_funds');
  });

  it('of a settled wager is refused, and stays so', async () => {
    const [player, round, rollback] = [await table.player(1_000), fresh('r'), fresh('rb')];
    const wager = await table.wager({ round, player });
    await table.settle(round, { [wager]: 0 }, { close: false });
    const first = await table.rollBack(wager, rollback);
    assert.equal(fateOf(first), 'wager_settled');
    await table.voidRound(round);
    assert.deepEqual(await table.rollBack(wager, rollback), { ...first, replayed: true });
    assert.equal(fateOf(await table.rollBack(wager)), 'noop');
    assert.equal((await table.has(player)).cash, 1_000);
  });

  it('that names another wager or reason under the same id is a conflict', async () => {
    const [player, round, rollback] = [await table.player(1_000), fresh('r'), fresh('rb')];
    const [one, two] = [await table.wager({ round, player }), await table.wager({ round, player })];
    await table.rollBack(one, rollback, 'time-out');
    assert.equal(fateOf(await table.rollBack(two, rollback, 'time-out')), 'idempotency_conflict');
    assert.equal(fateOf(await table.rollBack(one, rollback, 'other')), 'idempotency_conflict');
    assert.equal((await table.wagerStatus(two))?.status, 'open');
    await table.rollBack(two, two); // may carry the id of its wager
    assert.equal((await table.has(player)).cash, 1_000);
  });

  it("works while the wager's player owes, and does not repay: it is the player's own money", async () => {
    const player = await debtor(table, { owes: 400 });
    await table.give(player, 1_000); // repays 400
    const round = fresh('r');
    const wager = await table.wager({ round, player, amount: 600 });
    assert.equal((await table.has(player)).cash, 0);
    await table.rollBack(wager);
    assert.deepEqual(await table.has(player), { cash: 600, owed: 0, inPlay: 0 });
  });
});

/** A player who won, spent it, and then lost the win to a void. */
async function debtor(table: Table, { owes }: { owes: number }): Promise<string> {
  const player = await table.player(100);
  const [round, spent] = [fresh('r'), fresh('r')];
  const wager = await table.wager({ round, player, amount: 100 });
  await table.settle(round, { [wager]: 100 + owes });
  const rest = await table.wager({ round: spent, player, amount: 100 + owes });
  await table.settle(spent, { [rest]: 0 });
  await table.voidRound(round);
  assert.deepEqual(await table.has(player), { cash: 0, owed: owes, inPlay: 0 });
  return player;
}
