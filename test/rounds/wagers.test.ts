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
    const [player, other, round, wager] = [await table.player(1_000), await table.player(1_000), fresh('r'), fresh('w')];
    const stake = { round, wager, player, amount: 300 };
    await table.stake(stake);
    const changes = [{ amount: 301 }, { player: other }, { round: fresh('r') }, { game: 'poker' }, { currency: 'EUR' }, { currency: 'XXX', known: false }];
    for (const change of changes) {
      assert.equal(fateOf(await table.stake({ ...stake, ...change })), 'idempotency_conflict', JSON.stringify(change));
    }
    assert.equal(fateOf(await table.play({ ...stake, settlement: fresh('s'), payout: 0 })), 'idempotency_conflict');
    assert.equal(fateOf(await table.stake(stake)), 'applied');
    assert.deepEqual([(await table.has(player)).cash, (await table.has(other)).cash], [700, 1_000]);
  });

  it('of another client with the same ids is another wager of another round', async () => {
    const [player, round, wager] = [await table.player(1_000), fresh('r'), fresh('w')];
    await table.stake({ round, wager, player, amount: 300 });
    const answered = await table.stake({ client: 'another', round, wager, player, amount: 100, game: 'poker' });
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
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player, currency: 'EUR' })), 'currency_mismatch');
    assert.equal(fateOf(await table.stake({ round, wager, player, currency: 'XTS', known: false })), 'unknown_currency');
    assert.equal(fateOf(await table.stake({ round, wager, player, currency: 'XTS', known: true })), 'unknown_currency');
    assert.equal(fateOf(await table.stake({ round, wager, player: 'nobody', currency: 'XTS', known: false })), 'idempotency_conflict');
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player: 'nobody', currency: 'XTS', known: false })), 'player_unknown');
  });

  it('of another game than the round was opened with is refused', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    await table.wager({ round, player, game: 'poker' });
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player, game: 'roulette' })), 'invalid_state');
  });

  it('on a closed or voided round is refused, and known duplicates are still answered', async () => {
    const [player, closed, voided] = [await table.player(1_000), fresh('r'), fresh('r')];
    const [won, gone] = [await table.wager({ round: closed, player }), await table.wager({ round: voided, player })];
    await table.settle(closed, { [won]: 0 });
    await table.voidRound(voided);
    assert.equal(fateOf(await table.stake({ round: closed, wager: fresh('w'), player })), 'round_closed');
    assert.equal(fateOf(await table.stake({ round: voided, wager: fresh('w'), player })), 'round_voided');
    assert.equal(fateOf(await table.stake({ round: closed, wager: won, player })), 'applied');
    assert.equal(fateOf(await table.stake({ round: voided, wager: gone, player })), 'applied');
  });

  it('is one of a hundred and more of one player in one round', async () => {
    const [player, round] = [await table.player(1_500), fresh('r')];
    const ids = await Promise.all(Array.from({ length: 130 }, () => table.wager({ round, player, amount: 10 })));
    assert.deepEqual(await table.has(player), { cash: 200, owed: 0, inPlay: 1_300 });
    const { settled } = await table.settle(round, { [ids[0]!]: 500 });
    assert.equal(settled, 130);
    assert.deepEqual(await table.has(player), { cash: 700, owed: 0, inPlay: 0 });
  });
});

describe('a rollback', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('gives the stake back, once, and leaves the round its other wagers', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const [wager, other, rollback] = [await table.wager({ round, player, amount: 300 }), await table.wager({ round, player, amount: 50 }), fresh('rb')];
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
    const [player, round, wager, settlement] = [await table.player(1_000), fresh('r'), fresh('w'), fresh('s')];
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

  it('works while the wager\'s player owes, and does not repay: it is the player\'s own money', async () => {
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

describe('play', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('takes the stake and pays the win at once, with two entries on the player, and closes the round', async () => {
    const [player, round, wager, settlement] = [await table.player(1_000), fresh('r'), fresh('w'), fresh('s')];
    const both = { round, wager, player, settlement, amount: 300, payout: 500 };
    const first = await table.play(both);
    assert.deepEqual([fateOf(first), balanceOf(first)], ['applied', 1_200]);
    assert.ok(first.outcome === 'applied' && first.transferIds.length === 2);
    assert.deepEqual(await entriesOf(table, player, first.transferIds), [-300, 500]);
    assert.deepEqual(await table.play(both), { ...first, replayed: true });
    assert.equal(await table.roundStatus(round), 'closed');
    assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 500 });
  });

  it('has no entry on the player for a zero stake or a zero win', async () => {
    const player = await table.player(1_000);
    const lost = await table.play({ round: fresh('r'), wager: fresh('w'), player, settlement: fresh('s'), amount: 300, payout: 0 });
    assert.ok(lost.outcome === 'applied');
    assert.deepEqual(await entriesOf(table, player, lost.transferIds), [-300]);
    const free = await table.play({ round: fresh('r'), wager: fresh('w'), player, settlement: fresh('s'), amount: 0, payout: 40 });
    assert.ok(free.outcome === 'applied');
    assert.deepEqual(await entriesOf(table, player, free.transferIds), [40]);
    const nothing = await table.play({ round: fresh('r'), wager: fresh('w'), player, settlement: fresh('s'), amount: 0, payout: 0 });
    assert.deepEqual([fateOf(nothing), balanceOf(nothing)], ['applied', 740]);
  });

  it('checks the funds before the win: a win does not pay for its own stake', async () => {
    const [player, round, wager, settlement] = [await table.player(100), fresh('r'), fresh('w'), fresh('s')];
    const both = { round, wager, player, settlement, amount: 300, payout: 500 };
    assert.equal(fateOf(await table.play(both)), 'insufficient_funds');
    await table.give(player, 1_000);
    assert.equal(fateOf(await table.play(both)), 'insufficient_funds');
    assert.equal(await table.roundStatus(round), 'open');
    assert.equal((await table.has(player)).cash, 1_100);
  });

  it('takes nothing where the win is past what a balance may hold', async () => {
    const [player, round, wager, settlement] = [await table.player(1_000), fresh('r'), fresh('w'), fresh('s')];
    const both = { round, wager, player, settlement, amount: 100, payout: Number.MAX_SAFE_INTEGER };
    const first = await table.play(both);
    assert.equal(fateOf(first), 'amount_too_large');
    assert.deepEqual(await table.play(both), { ...first, replayed: true });
    assert.deepEqual(await table.has(player), { cash: 1_000, owed: 0, inPlay: 0 });
  });

  it('leaves the round open while another wager of it is, or where it is told to', async () => {
    const [player, shared, kept] = [await table.player(1_000), fresh('r'), fresh('r')];
    const other = await table.wager({ round: shared, player });
    const play = (round: string, close: boolean) =>
      table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 10, payout: 0, close });
    await play(shared, true);
    await play(kept, false);
    assert.deepEqual([await table.roundStatus(shared), await table.roundStatus(kept)], ['open', 'open']);
    await table.rollBack(other);
    await play(shared, true);
    await play(kept, true);
    assert.deepEqual([await table.roundStatus(shared), await table.roundStatus(kept)], ['closed', 'closed']);
  });

  it('with one id known and the other new, or other content, is a conflict', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const both = { round, wager: fresh('w'), player, settlement: fresh('s'), amount: 100, payout: 50, close: false };
    assert.equal(fateOf(await table.play(both)), 'applied');
    const changes = [{ wager: fresh('w') }, { settlement: fresh('s') }, { payout: 51 }, { amount: 99 }, { close: true }, { round: fresh('r') }];
    for (const change of changes) {
      assert.equal(fateOf(await table.play({ ...both, ...change })), 'idempotency_conflict', JSON.stringify(change));
    }
    const settled = await table.request('settlement', both.settlement, round, { outcomes: [], closeRound: true });
    assert.ok('refusal' in settled && settled.refusal.code === 'idempotency_conflict');
    assert.equal((await table.has(player)).cash, 950);
  });

  it('takes no money of a closed round, an unknown player or a wrong currency', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const play = (change: object) =>
      table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 100, payout: 50, ...change });
    assert.equal(fateOf(await play({ player: 'nobody' })), 'player_unknown');
    assert.equal(fateOf(await play({ currency: 'EUR' })), 'currency_mismatch');
    assert.equal(fateOf(await play({})), 'applied');
    assert.equal(fateOf(await play({})), 'round_closed');
    assert.equal((await table.has(player)).cash, 950);
  });
});

async function entriesOf(table: Table, player: string, transferIds: readonly string[]): Promise<number[]> {
  const { rows } = await table.db.owner.query<{ amount: bigint }>(
    `select e.amount from ledger.entries e join ledger.accounts a on a.id = e.account_id
      where a.owner = $1 and e.transfer_id = any($2::uuid[]) order by e.version`,
    [player, transferIds],
  );
  return rows.map(({ amount }) => Number(amount));
}
