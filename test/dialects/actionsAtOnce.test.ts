import assert from 'node:assert/strict';
import { replayed, stakeOf } from '../rounds/gameServer.ts';
import { atOnce, fresh, has, someAggregators, type Aggregators } from './aggregators.ts';
import { bet, callOf, refund, win } from './anActionsCall.ts';

describe('actions that come at once, and what the books say of them', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  it('has one call taken once though it comes thirty times at once', async () => {
    const player = await they.server.aPlayer();
    const one = bet(100);
    const call = callOf(player, [one, win(one.actionId, 30)], { finished: true });
    const replies = await atOnce(30, () => they.actions(call));
    assert.deepEqual(new Set(replies.map(({ text, status }) => `${String(status)} ${text}`)).size, 1);
    assert.equal(replies.filter(replayed).length, 29);
    assert.equal(await they.cashOf(player), 930);
  });

  it('loses nothing where thirty rounds of one player and their refunds race', async function () {
    this.timeout(30_000);
    const player = await they.server.aPlayer(10_000);
    const bets = Array.from({ length: 30 }, () => bet(100));
    const calls = bets.flatMap((one) => {
      const both = callOf(player, [one, win(one.actionId, 150)], { finished: true });
      return [both, { ...both, callId: fresh('c'), actions: [refund(one.actionId)] }];
    });
    const replies = await Promise.all(calls.map((call) => they.actions(call)));
    const taken = replies.filter(({ status }, at) => at % 2 === 0 && status === 200).length;
    const refused = replies.filter(({ status }) => status !== 200).map(({ json }) => String(json['error']));
    assert.ok(
      refused.every((error) => ['BET_SETTLED', 'BET_REFUNDED'].includes(error)),
      refused.join(' '),
    );
    assert.equal(refused.length, 30);
    assert.equal(await they.cashOf(player), 10_000 + taken * 50);
  });

  it('loses nothing where thirty calls share a round', async function () {
    this.timeout(30_000);
    const [player, roundId] = [await they.server.aPlayer(10_000), fresh('r')];
    const replies = await atOnce(30, () => {
      const [one, two] = [bet(100), bet(50)];
      return they.actions(
        callOf(player, [one, win(one.actionId, 150), two, refund(two.actionId)], { roundId }),
      );
    });
    assert.ok(
      replies.every(({ status }) => status === 200),
      replies.map(({ text }) => text).join(' '),
    );
    assert.equal(await they.cashOf(player), 10_000 + 30 * 50);
  });

  it('takes turns with games that move the same money through the API', async function () {
    this.timeout(30_000);
    const player = await they.server.aPlayer(100_000);
    const replies = await atOnce(90, (at) => {
      const [one, two] = [bet(100), bet(50)];
      if (at % 3 === 0)
        return they.actions(callOf(player, [one, win(one.actionId, 150), two], { finished: true }));
      const body = { ...stakeOf(player), settlementId: fresh('s'), payout: 100 };
      return at % 3 === 1
        ? they.server.post(`/v1/rounds/${fresh('r')}/play`, body, 'otherGame')
        : they.server.post(`/v1/rounds/${fresh('r')}/wagers`, stakeOf(player), 'otherGame');
    });
    assert.deepEqual([...new Set(replies.map(({ status }) => status))].sort(), [200, 201]);
    assert.equal(await they.cashOf(player), 100_000 - 30 * 100);
  });

  it('are stopped by a limit as a whole, and a win or refund is not', async () => {
    const player = await they.server.aPlayer();
    const limit = { period: 'day', currency: 'SEK', amount: 100 };
    const path = `/v1/players/${player}/limits/wager`;
    has(await they.api.call({ method: 'PUT', path, as: 'cashier', body: limit }), 200);
    const [open, other] = [bet(40), bet(40)];
    const call = callOf(player, [open, other]);
    has(await they.actions(call), 200);
    const before_ = await they.counts();
    const more = { ...call, callId: fresh('c'), actions: [bet(20), bet(1)] };
    const { error, action } = has(await they.actions(more), 422);
    assert.deepEqual([error, action], ['LIMIT_REACHED', 1]);
    assert.deepEqual(await they.counts(), before_);
    const block = {
      blockId: fresh('block'),
      kind: 'self_exclusion',
      until: '2030-01-01T00:00:00Z',
      reason: 'asked',
    };
    const blocks = {
      method: 'POST',
      path: `/v1/players/${player}/blocks`,
      as: 'cashier',
      body: block,
    } as const;
    has(await they.api.call(blocks), 201);
    const stopped = await they.actions({ ...call, callId: fresh('c'), actions: [bet(1)] });
    assert.equal(has(stopped, 422)['error'], 'PLAYER_BLOCKED');
    const ends = { ...call, callId: fresh('c'), actions: [win(open.actionId, 500), refund(other.actionId)] };
    assert.equal(has(await they.actions(ends), 200)['balance'], 1_460);
  });

  it('leaves the same books as the API does for the same', async () => {
    const [here, there] = [await they.server.aPlayer(), await they.server.aPlayer()];
    const [won, lost, back] = [bet(100), bet(200), bet(300)];
    const call = callOf(here, [won, lost, back, win(won.actionId, 250), refund(back.actionId)], {
      finished: true,
    });
    has(await they.actions(call), 200);
    const round = `/v1/rounds/${fresh('r')}`;
    const stakes = [100, 200, 300].map((amount) => stakeOf(there, fresh('w'), amount));
    for (const stake of stakes) has(await they.server.post(`${round}/wagers`, stake, 'otherGame'), 201);
    const settle = (outcomes: object[], closeRound: boolean) =>
      they.server.post(
        `${round}/settlement`,
        { settlementId: fresh('s'), outcomes, closeRound },
        'otherGame',
      );
    has(await settle([{ wagerId: stakes[0]?.wagerId, payout: 250 }], false), 200);
    const rollback = { rollbackId: fresh('rb') };
    has(
      await they.server.post(`/v1/wagers/${String(stakes[2]?.wagerId)}/rollback`, rollback, 'otherGame'),
      200,
    );
    has(await settle([], true), 200);
    const books = await they.booksOf(here);
    assert.equal(books.length, 1 + 3 + 1 + 1 + 1);
    assert.deepEqual(books, await they.booksOf(there));
  });
});
