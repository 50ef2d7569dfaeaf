import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  claimRound,
  closeOperation,
  findOperation,
  parkOperation,
  postMoves,
  undoClaim,
  undoMoves,
} from '../../rounds/index.ts';
import { CLIENT, aTable, fateOf, fresh, type Table } from './table.ts';

const why = { code: 'amount_too_large' } as const;

describe('the steps of an operation', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  /** A settlement of two players, one of whom wins, claimed and posted. */
  async function half({ post = true } = {}) {
    const [winner, loser, round, id] = [
      await table.player(1_000),
      await table.player(1_000),
      fresh('r'),
      fresh('s'),
    ];
    const [won, lost] = [
      await table.wager({ round, player: winner, amount: 100 }),
      await table.wager({ round, player: loser, amount: 100 }),
    ];
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: id };
    await table.request('settlement', id, round, {
      outcomes: [{ wagerId: won, payout: 400 }],
      closeRound: true,
    });
    assert.equal(await claimRound(table.pool, ref, 0), 'claimed');
    if (post) assert.deepEqual(await postMoves(table.pool, ref), { done: 2, of: 2, problem: null });
    return { winner, loser, round, won, lost, ref };
  }

  it('are undone as a whole: money, wagers and round are as they were', async () => {
    const { winner, loser, round, won, lost, ref } = await half();
    assert.equal((await table.has(winner)).cash, 1_300);
    assert.deepEqual(await undoMoves(table.pool, ref), { remaining: 0, problem: null });
    assert.deepEqual(await undoMoves(table.pool, ref), { remaining: 0, problem: null });
    await undoClaim(table.pool, ref, why);
    await undoClaim(table.pool, ref, why);
    assert.deepEqual(
      [await table.has(winner), await table.has(loser)],
      [
        { cash: 900, owed: 0, inPlay: 100 },
        { cash: 900, owed: 0, inPlay: 100 },
      ],
    );
    assert.deepEqual(
      [await table.wagerStatus(won), await table.wagerStatus(lost)],
      [
        { status: 'open', payout: 0 },
        { status: 'open', payout: 0 },
      ],
    );
    assert.equal(await table.roundStatus(round), 'open');
    const operation = await findOperation(table.pool, ref);
    assert.deepEqual(
      [operation?.status, operation?.problem, operation?.roundStatus],
      ['refused', why, 'open'],
    );
    assert.equal((await table.settle(round, { [won]: 300 })).status, 'done');
    assert.equal((await table.has(winner)).cash, 1_200);
  });

  it('undone after the player has spent the win, book as owed what is not there', async () => {
    const { winner, ref } = await half();
    const spent = fresh('r');
    await table.wager({ round: spent, player: winner, amount: 1_250 });
    while ((await undoMoves(table.pool, ref)).remaining > 0);
    await undoClaim(table.pool, ref, why);
    assert.deepEqual(await table.has(winner), { cash: 0, owed: 350, inPlay: 1_350 });
  });

  it('give a debt back that the undone win had repaid', async () => {
    const player = await table.player(100);
    const [won, spent, later] = [fresh('r'), fresh('r'), fresh('r')];
    const win = await table.wager({ round: won, player });
    await table.settle(won, { [win]: 300 });
    await table.settle(spent, { [await table.wager({ round: spent, player, amount: 300 })]: 0 });
    await table.voidRound(won);
    assert.deepEqual(await table.has(player), { cash: 0, owed: 200, inPlay: 0 });
    const wager = await table.wager({ round: later, player, amount: 0 });
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: fresh('s') };
    await table.request('settlement', ref.operationId, later, {
      outcomes: [{ wagerId: wager, payout: 250 }],
      closeRound: true,
    });
    await claimRound(table.pool, ref, 0);
    await postMoves(table.pool, ref);
    assert.deepEqual(await table.has(player), { cash: 50, owed: 0, inPlay: 0 });
    await undoMoves(table.pool, ref);
    await undoClaim(table.pool, ref, why);
    assert.deepEqual(await table.has(player), { cash: 0, owed: 200, inPlay: 0 });
  });

  it('that come late, after the operation has ended, do nothing', async () => {
    const { winner, ref } = await half();
    await closeOperation(table.pool, ref);
    const ended = await findOperation(table.pool, ref);
    assert.equal(await claimRound(table.pool, ref, 0), 'done');
    assert.deepEqual(await postMoves(table.pool, ref), { done: 2, of: 2, problem: null });
    await undoMoves(table.pool, ref);
    await undoClaim(table.pool, ref, why);
    await parkOperation(table.pool, ref, why);
    await closeOperation(table.pool, ref);
    assert.deepEqual(await findOperation(table.pool, ref), ended);
    assert.equal((await table.has(winner)).cash, 1_300);
  });

  it('refuse a claim that comes after its undo', async () => {
    const [player, round, id] = [await table.player(1_000), fresh('r'), fresh('s')];
    await table.wager({ round, player });
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: id };
    await table.request('settlement', id, round, { outcomes: [], closeRound: true });
    await undoClaim(table.pool, ref, why);
    assert.equal(await claimRound(table.pool, ref, 0), 'refused');
    assert.equal(await table.roundStatus(round), 'open');
  });

  it('do not close before everything is posted, nor give the claim back before everything is undone', async () => {
    const { ref } = await half({ post: false });
    await assert.rejects(closeOperation(table.pool, ref), /moves left to post/);
    await postMoves(table.pool, ref);
    await assert.rejects(undoClaim(table.pool, ref, why), /moves left to undo/);
    await closeOperation(table.pool, ref);
  });

  it('keep the next operation waiting, and wagers out, until they end', async () => {
    const { round, winner, ref } = await half();
    const next = { clientId: CLIENT, kind: 'void' as const, operationId: fresh('v') };
    await table.request('void', next.operationId, round, { reason: 'a test', wagerIds: null });
    assert.equal(await claimRound(table.pool, next, 0), 'busy');
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player: winner })), 'round_closed');
    await closeOperation(table.pool, ref);
    assert.equal((await table.run('void', next.operationId)).status, 'done');
  });

  it('park for a person where not even the undo is possible, and go on once it is', async () => {
    const { round, winner, ref } = await half();
    await parkOperation(table.pool, ref, why);
    assert.equal((await findOperation(table.pool, ref))?.status, 'needs_attention');
    assert.equal(await table.roundStatus(round), 'needs_attention');
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player: winner })), 'invalid_state');
    while ((await undoMoves(table.pool, ref)).remaining > 0);
    await undoClaim(table.pool, ref, why);
    assert.equal(await table.roundStatus(round), 'open');
    assert.equal((await table.has(winner)).cash, 900);
  });

  it('of one batch are taken back at once where the ledger refuses one that was right when it was planned', async () => {
    const [poor, rich, round] = [await table.player(1_000), await table.player(1_000), fresh('r')];
    const wagers = [await table.wager({ round, player: poor }), await table.wager({ round, player: rich })];
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: fresh('s') };
    const outcomes = wagers.map((wagerId) => ({ wagerId, payout: 500 }));
    await table.request('settlement', ref.operationId, round, { outcomes, closeRound: true });
    // Money for the second player that is on its way: the plan does not see it, the posting waits for it.
    const other = await table.db.owner.connect();
    await other.query('begin');
    await other.query(`select players.award('game', $1, $2, 'SEK', $3, '{}', null)`, [
      fresh('a'),
      rich,
      Number.MAX_SAFE_INTEGER - 1_000,
    ]);
    const ended = claimRound(table.pool, ref);
    await sleep(300);
    await other.query('commit');
    other.release();
    assert.equal(await ended, 'refused');
    const operation = await findOperation(table.pool, ref);
    assert.deepEqual([operation?.problem?.code, operation?.roundStatus], ['amount_too_large', 'open']);
    assert.deepEqual(await table.has(poor), { cash: 900, owed: 0, inPlay: 100 });
    for (const wager of wagers)
      assert.deepEqual(await table.wagerStatus(wager), { status: 'open', payout: 0 });
  });
});
