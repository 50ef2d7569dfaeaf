import assert from 'node:assert/strict';
import { claimRound, postMoves, undoClaim, undoMoves } from '../../rounds/index.ts';
import { aPot, aWager, bookOf, inPot, wins } from './pots.ts';
import { CLIENT, aTable, balanceOf, fateOf, fresh, type Table } from './table.ts';

const problem = { code: 'amount_too_large' } as const;

describe('what comes back to a pot, and out of it', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  /** Wins all that is in a pot. */
  async function emptied(potId: string) {
    const { round, wager, player } = await aWager(table);
    const amount = await inPot(table, potId);
    assert.equal((await table.settle(round, { [wager]: wins(potId, amount) })).status, 'done');
    return { round, wager, player, amount };
  }

  it('a rollback takes the contribution out again', async () => {
    const potId = await aPot(table);
    const { player, wager } = await aWager(table, potId, 30);
    const gaming = await table.house('house_gaming');
    const answered = await table.rollBack(wager, `rb-${wager}`);
    assert.deepEqual([fateOf(answered), balanceOf(answered)], ['applied', 1_000]);
    assert.deepEqual(await table.rollBack(wager, `rb-${wager}`), { ...answered, replayed: true });
    assert.equal(fateOf(await table.rollBack(wager)), 'noop');
    assert.deepEqual(await table.has(player), { cash: 1_000, owed: 0, inPlay: 0 });
    assert.deepEqual([await inPot(table, potId), (await table.house('house_gaming')) - gaming], [1_000, 30]);
  });

  it('a rollback gives the stake back whole where the pot was won meanwhile: the house carries it', async () => {
    const potId = await aPot(table, 0);
    const { player, wager } = await aWager(table, potId, 30);
    await emptied(potId);
    await aWager(table, potId, 4);
    assert.equal(fateOf(await table.rollBack(wager)), 'applied');
    assert.equal((await table.has(player)).cash, 1_000);
    assert.deepEqual(await bookOf(table, potId), [
      'stake 30',
      'settlement -30',
      'stake 4',
      'stake_rollback -4',
    ]);
  });

  it('a void of a round gives back the contributions of all its wagers, the settled ones too', async () => {
    const [potId, other, round] = [await aPot(table), await aPot(table), fresh('r')];
    const one = await aWager(table, potId, 10, round);
    const two = await aWager(table, potId, 20, round);
    const three = await aWager(table, other, 30, round);
    await table.settle(round, { [one.wager]: 100 }, { close: false });
    const { status, roundStatus } = await table.voidRound(round, null, 'v-all');
    assert.deepEqual([status, roundStatus], ['done', 'voided']);
    for (const { player } of [one, two, three]) assert.equal((await table.has(player)).cash, 1_000);
    assert.deepEqual([await inPot(table, potId), await inPot(table, other)], [1_000, 1_000]);
    assert.equal((await table.voidRound(round)).outcome, 'noop');
    assert.deepEqual([await inPot(table, potId), await inPot(table, other)], [1_000, 1_000]);
  });

  it('a void of single wagers gives back theirs alone', async () => {
    const [potId, round] = [await aPot(table), fresh('r')];
    const one = await aWager(table, potId, 10, round);
    await aWager(table, potId, 20, round);
    await table.voidRound(round, [one.wager]);
    assert.equal(await inPot(table, potId), 1_020);
    await table.voidRound(round);
    assert.equal(await inPot(table, potId), 1_000);
  });

  it('a void that a pot has nothing left for gives every stake back: the house carries the contributions', async () => {
    const [potId, round] = [await aPot(table, 0), fresh('r')];
    const open = await aWager(table, potId, 10, round);
    const even = await aWager(table, potId, 20, round);
    const won = await aWager(table, potId, 30, round);
    await table.settle(round, { [even.wager]: 100, [won.wager]: 500 }, { close: false });
    await emptied(potId);
    await aWager(table, potId, 15);
    assert.equal((await table.voidRound(round)).status, 'done');
    for (const { player } of [open, even, won]) assert.equal((await table.has(player)).cash, 1_000);
    assert.equal(await inPot(table, potId), 0);
    // Stake and payout were the same and the pot had nothing left: for this player nothing moved at all.
    assert.deepEqual(await table.wagerStatus(even.wager), { status: 'voided', payout: 0 });
  });

  it('a void takes a win back into the pot, and the seed it cost the house out of it', async () => {
    const potId = await aPot(table);
    await aWager(table, potId, 40);
    const { round, player, amount } = await emptied(potId);
    assert.deepEqual([amount, (await table.has(player)).cash], [1_040, 1_940]);
    const { totals } = await table.voidRound(round);
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 0, takenBack: 940, receivable: 0 }]);
    assert.deepEqual([await inPot(table, potId), (await table.has(player)).cash], [1_040, 1_000]);
  });

  it('a void of a win that was spent meanwhile fills the pot all the same; the player owes', async () => {
    const potId = await aPot(table);
    const { round, player } = await emptied(potId);
    await table.wager({ round: fresh('r'), player, amount: 1_700 });
    await table.voidRound(round);
    assert.deepEqual(await table.has(player), { cash: 0, owed: 700, inPlay: 1_700 });
    assert.equal(await inPot(table, potId), 1_000);
  });

  it('a resettlement without the jackpot takes it back, one with less takes the difference', async () => {
    const potId = await aPot(table);
    const { round, wager, player } = await emptied(potId);
    await table.resettle(round, { [wager]: wins(potId, 700, 5) });
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_605, 1_000]);
    await table.resettle(round, { [wager]: wins(potId, 700, 5) });
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_605, 1_000]);
    await table.resettle(round, { [wager]: 0 });
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [900, 1_000]);
    await table.resettle(round, { [wager]: wins(potId, 300) });
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_200, 1_000]);
    const tooMuch = await table.resettle(round, { [wager]: wins(potId, 1_301) });
    assert.equal(tooMuch.problem?.code, 'insufficient_funds');
  });

  it('a resettlement gives a jackpot to another wager, though the pot alone has not got it any more', async () => {
    const [potId, round] = [await aPot(table), fresh('r')];
    await aWager(table, potId, 90);
    const [wrong, right] = [
      await aWager(table, undefined, 0, round),
      await aWager(table, undefined, 0, round),
    ];
    await table.settle(round, { [wrong.wager]: wins(potId, 1_090) });
    const corrected = { [right.wager]: wins(potId, 1_090), [wrong.wager]: 0 };
    assert.equal((await table.resettle(round, corrected)).status, 'done');
    assert.deepEqual(
      [(await table.has(wrong.player)).cash, (await table.has(right.player)).cash, await inPot(table, potId)],
      [900, 1_990, 1_000],
    );
  });

  it('a settlement that is undone leaves the pot as it was, and free for others', async () => {
    const potId = await aPot(table);
    const { round, wager, player } = await aWager(table, potId, 40);
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: fresh('s') };
    const content = { outcomes: [{ wagerId: wager, ...wins(potId, 1_040, 7) }], closeRound: true };
    await table.request('settlement', ref.operationId, round, content);
    assert.equal(await claimRound(table.pool, ref, 0), 'claimed');
    for (let time = 0; time < 2; time += 1) await postMoves(table.pool, ref);
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_947, 1_000]);
    for (let time = 0; time < 2; time += 1) assert.equal((await undoMoves(table.pool, ref)).remaining, 0);
    await undoClaim(table.pool, ref, problem);
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [900, 1_040]);
    assert.equal((await table.settle(round, { [wager]: wins(potId, 1_040) })).status, 'done');
  });

  it('a settlement that is undone before it was posted keeps no promise', async () => {
    const potId = await aPot(table);
    const [first, second] = [await aWager(table), await aWager(table)];
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: fresh('s') };
    const content = { outcomes: [{ wagerId: first.wager, ...wins(potId, 1_000) }], closeRound: true };
    await table.request('settlement', ref.operationId, first.round, content);
    assert.equal(await claimRound(table.pool, ref, 0), 'claimed');
    const next = { clientId: CLIENT, kind: 'settlement' as const, operationId: fresh('s') };
    await table.request('settlement', next.operationId, second.round, {
      outcomes: [{ wagerId: second.wager, ...wins(potId, 1_000) }],
      closeRound: true,
    });
    assert.equal(await claimRound(table.pool, next, 0), 'busy');
    await undoMoves(table.pool, ref);
    await undoClaim(table.pool, ref, problem);
    assert.equal((await table.run('settlement', next.operationId)).status, 'done');
    assert.equal(await inPot(table, potId), 1_000);
  });

  it('a void that is undone after the pot was won again leaves the pot at nothing, not below', async () => {
    const potId = await aPot(table, 0);
    await aWager(table, potId, 80);
    const { round, wager, player } = await aWager(table, potId, 20);
    await table.settle(round, { [wager]: wins(potId, 100) });
    const ref = { clientId: CLIENT, kind: 'void' as const, operationId: fresh('v') };
    await table.request('void', ref.operationId, round, { reason: 'a test', wagerIds: null });
    assert.equal(await claimRound(table.pool, ref, 0), 'claimed');
    assert.equal((await postMoves(table.pool, ref)).problem, null);
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_000, 80]);
    await emptied(potId);
    assert.equal((await undoMoves(table.pool, ref)).remaining, 0);
    await undoClaim(table.pool, ref, problem);
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_000, 0]);
    assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 0 });
  });
});
