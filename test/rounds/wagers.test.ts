import assert from 'node:assert/strict';
import { aTable, balanceOf, fateOf, fresh, type Table } from './table.ts';

describe('a wager', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('takes the stake and opens the round', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    const answered = await table.stake({ round, wager, player, amount: 300 });
    assert.deepEqual([fateOf(answered), balanceOf(answered)], ['applied', 700]);
    assert.deepEqual(await table.has(player), { cash: 700, owed: 0, inPlay: 300 });
    assert.equal(await table.roundStatus(round), 'open');
    assert.ok(answered.outcome === 'applied' && answered.transferIds.length === 1 && !answered.replayed);
  });

  it('of 0 is a free round: recorded, and no money moves', async () => {
    const [player, round] = [await table.player(50), fresh('r')];
    const answered = await table.stake({ round, wager: fresh('w'), player, amount: 0 });
    assert.deepEqual([fateOf(answered), balanceOf(answered)], ['applied', 50]);
    assert.ok(answered.outcome === 'applied' && answered.transferIds.length === 0);
  });

  it('that comes again is answered as the first time, with the balance as it was then', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    const first = await table.stake({ round, wager, player, amount: 300 });
    await table.wager({ round, player, amount: 100 });
    assert.deepEqual(await table.stake({ round, wager, player, amount: 300 }), { ...first, replayed: true });
    assert.equal((await table.has(player)).cash, 600);
  });

  it('with the same id and any other content is a conflict, and changes nothing', async () => {
    const [player, other, round, wager] = [
      await table.player(1_000),
      await table.player(1_000),
      fresh('r'),
      fresh('w'),
    ];
    const stake = { round, wager, player, amount: 300 };
    await table.stake(stake);
    const changes = [
      { amount: 301 },
      { player: other },
      { round: fresh('r') },
      { game: 'poker' },
      { currency: 'EUR' },
      { currency: 'XXX', known: false },
    ];
    for (const change of changes) {
      assert.equal(
        fateOf(await table.stake({ ...stake, ...change })),
        'idempotency_conflict',
        JSON.stringify(change),
      );
    }
    assert.equal(
      fateOf(await table.play({ ...stake, settlement: fresh('s'), payout: 0 })),
      'idempotency_conflict',
    );
    assert.equal(fateOf(await table.stake(stake)), 'applied');
    assert.deepEqual([(await table.has(player)).cash, (await table.has(other)).cash], [700, 1_000]);
  });

  it('of another client with the same ids is another wager of another round', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    await table.stake({ round, wager, player, amount: 300 });
    const answered = await table.stake({
      client: 'another',
      round,
      wager,
      player,
      amount: 100,
      game: 'poker',
    });
    assert.deepEqual([fateOf(answered), balanceOf(answered)], ['applied', 600]);
  });

  it('refused for want of funds stays refused after the player has deposited', async () => {
    const [player, round, wager] = [await table.player(100), fresh('r'), fresh('w')];
    const first = await table.stake({ round, wager, player, amount: 300 });
    assert.equal(fateOf(first), 'insufficient_funds');
    await table.give(player, 1_000);
    const again = await table.stake({ round, wager, player, amount: 300 });
    assert.deepEqual(again, { ...first, replayed: true });
    assert.deepEqual(await table.wagerStatus(wager), { status: 'refused', payout: 0 });
    assert.equal((await table.has(player)).cash, 1_100);
  });

  it('of an unknown player is not recorded: it goes through once the player is registered', async () => {
    const [round, wager] = [fresh('r'), fresh('w')];
    assert.equal(fateOf(await table.stake({ round, wager, player: 'nobody' })), 'player_unknown');
    assert.equal(await table.wagerStatus(wager), undefined);
    assert.equal(await table.roundStatus(round), undefined);
    assert.equal(fateOf(await table.stake({ round, wager, player: await table.player(500) })), 'applied');
  });

  it('in a currency that the player does not hold, or nobody knows, is refused for good', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    assert.equal(
      fateOf(await table.stake({ round, wager: fresh('w'), player, currency: 'EUR' })),
      'currency_mismatch',
    );
    assert.equal(
      fateOf(await table.stake({ round, wager, player, currency: 'XTS', known: false })),
      'unknown_currency',
    );
    assert.equal(
      fateOf(await table.stake({ round, wager, player, currency: 'XTS', known: true })),
      'unknown_currency',
    );
    assert.equal(
      fateOf(await table.stake({ round, wager, player: 'nobody', currency: 'XTS', known: false })),
      'idempotency_conflict',
    );
    assert.equal(
      fateOf(
        await table.stake({ round, wager: fresh('w'), player: 'nobody', currency: 'XTS', known: false }),
      ),
      'player_unknown',
    );
  });

  it('of another game than the round was opened with is refused', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    await table.wager({ round, player, game: 'poker' });
    assert.equal(
      fateOf(await table.stake({ round, wager: fresh('w'), player, game: 'roulette' })),
      'invalid_state',
    );
  });

  it('on a closed or voided round is refused, and known duplicates are still answered', async () => {
    const [player, closed, voided] = [await table.player(1_000), fresh('r'), fresh('r')];
    const [won, gone] = [
      await table.wager({ round: closed, player }),
      await table.wager({ round: voided, player }),
    ];
    await table.settle(closed, { [won]: 0 });
    await table.voidRound(voided);
    assert.equal(fateOf(await table.stake({ round: closed, wager: fresh('w'), player })), 'round_closed');
    assert.equal(fateOf(await table.stake({ round: voided, wager: fresh('w'), player })), 'round_voided');
    assert.equal(fateOf(await table.stake({ round: closed, wager: won, player })), 'applied');
    assert.equal(fateOf(await table.stake({ round: voided, wager: gone, player })), 'applied');
  });

  it('is one of a hundred and more of one player in one round', async () => {
    const [player, round] = [await table.player(1_500), fresh('r')];
    const ids = await Promise.all(
      Array.from({ length: 130 }, () => table.wager({ round, player, amount: 10 })),
    );
    assert.deepEqual(await table.has(player), { cash: 200, owed: 0, inPlay: 1_300 });
    const { settled } = await table.settle(round, { [ids[0]!]: 500 });
    assert.equal(settled, 130);
    assert.deepEqual(await table.has(player), { cash: 700, owed: 0, inPlay: 0 });
  });
});
