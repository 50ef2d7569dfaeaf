import assert from 'node:assert/strict';
import { replayed } from '../rounds/gameServer.ts';
import { fresh, has, someAggregators, type Aggregators } from './aggregators.ts';
import { bet, callOf, outcomes, refund, win } from './anActionsCall.ts';

describe('an aggregator that sends actions', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  it('has its actions taken in their order, and each may spend what one before it won', async () => {
    const player = await they.server.aPlayer(100);
    const [first, second] = [bet(100), bet(250)];
    const call = callOf(player, [first, win(first.actionId, 300), second, win(second.actionId, 0)], {
      finished: true,
    });
    const { actions, ...rest } = has(await they.actions(call), 200);
    assert.deepEqual(rest, { callId: call.callId, roundId: call.roundId, balance: 50 });
    assert.deepEqual(outcomes({ actions }), ['done', 'done', 'done', 'done']);
    assert.deepEqual(
      (actions as { transferIds: string[] }[]).map(({ transferIds }) => transferIds.length),
      [1, 1, 1, 1],
    );
    const round = (await they.server.get(`/v1/rounds/${call.roundId}?clientId=actions`, 'support')).json;
    assert.equal(round['status'], 'closed');
  });

  it('hears the first answer again for the same call, and a conflict for another content', async () => {
    const player = await they.server.aPlayer();
    const call = callOf(player, [bet(100)]);
    const first = await they.actions(call);
    has(await they.actions(callOf(player, [bet(50)])), 200);
    const again = await they.actions({ ...call, session: 'members that nobody knows are not looked at' });
    assert.deepEqual(
      [again.status, again.text, replayed(first), replayed(again)],
      [200, first.text, false, true],
    );
    for (const other of [
      { ...call, actions: [{ ...call.actions[0], amount: 101 }] },
      { ...call, roundId: fresh('r') },
      { ...call, finished: true },
    ])
      assert.equal(has(await they.actions(other), 409)['error'], 'ID_USED_BEFORE');
    assert.equal(await they.cashOf(player), 850);
  });

  it('has nothing moved where one of the actions is refused, and hears the refusal again after a deposit', async () => {
    const player = await they.server.aPlayer(150);
    const [one, two] = [bet(100), bet(100)];
    const before_ = await they.counts();
    const call = callOf(player, [one, win(one.actionId, 20), two, win(two.actionId, 500)], {
      finished: true,
    });
    const refused = await they.actions(call);
    const { message, ...rest } = has(refused, 422);
    assert.deepEqual(rest, { error: 'NOT_ENOUGH_MONEY', retry: false, action: 2 });
    assert.match(String(message), /There is 0.70 SEK, and 1.00 SEK is asked for/);
    assert.deepEqual(await they.counts(), before_);
    const award = { awardId: fresh('a'), kind: 'promo', amount: 1_000, currency: 'SEK' };
    has(await they.server.post(`/v1/players/${player}/awards`, award), 201);
    const again = await they.actions(call);
    assert.deepEqual([again.status, again.text, replayed(again)], [422, refused.text, true]);
    assert.equal(await they.cashOf(player), 1_150);
    // The actions themselves are not known: under another call they are new.
    assert.equal(has(await they.actions({ ...call, callId: fresh('c') }), 200)['balance'], 1_150 - 200 + 520);
  });

  it('is told which action names an id with other content, and nothing of the call is done', async () => {
    const player = await they.server.aPlayer();
    const known = bet(100);
    has(await they.actions(callOf(player, [known])), 200);
    const before_ = await they.counts();
    const call = callOf(player, [bet(10), { ...known, amount: 101 }]);
    const { error, action } = has(await they.actions(call), 409);
    assert.deepEqual([error, action], ['ID_USED_BEFORE', 1]);
    assert.deepEqual(await they.counts(), before_);
  });

  it('may send an action again in another call: it is taken once', async () => {
    const player = await they.server.aPlayer();
    const one = bet(100);
    const first = callOf(player, [one]);
    has(await they.actions(first), 200);
    const paid = win(one.actionId, 40);
    const second = { ...first, callId: fresh('c'), actions: [one, paid] };
    assert.equal(has(await they.actions(second), 200)['balance'], 940);
    const third = { ...first, callId: fresh('c'), actions: [paid], finished: true };
    assert.equal(has(await they.actions(third), 200)['balance'], 940);
  });

  it('has a refund remembered that comes before its bet: the bet then takes nothing, and wins nothing', async () => {
    const player = await they.server.aPlayer();
    const late = bet(100);
    const early = callOf(player, [refund(late.actionId)], { finished: true });
    const told = has(await they.actions(early), 200);
    assert.deepEqual([outcomes(told), told['balance']], [['remembered'], 1_000]);
    const call = { ...early, callId: fresh('c'), actions: [late], finished: false };
    const came = has(await they.actions(call), 200);
    assert.deepEqual([outcomes(came), came['balance']], [['nothing_to_do'], 1_000]);
    assert.equal(replayed(await they.actions(call)), true);
    const won = await they.actions({ ...early, callId: fresh('c'), actions: [win(late.actionId, 500)] });
    assert.equal(has(won, 422)['error'], 'BET_REFUNDED');
    const both = bet(100);
    has(await they.actions(callOf(player, [refund(both.actionId)])), 200);
    const whole = await they.actions(callOf(player, [both, win(both.actionId, 500)]));
    assert.deepEqual([has(whole, 422)['error'], whole.json['action']], ['BET_REFUNDED', 1]);
    assert.equal(await they.cashOf(player), 1_000);
  });

  it('gets a bet back, once, and may not have one back that is settled', async () => {
    const player = await they.server.aPlayer();
    const [open, settled] = [bet(100), bet(200)];
    const call = callOf(player, [open, settled, win(settled.actionId, 0)]);
    has(await they.actions(call), 200);
    const back = { ...call, callId: fresh('c'), actions: [refund(open.actionId)] };
    assert.equal(has(await they.actions(back), 200)['balance'], 800);
    const again = { ...call, callId: fresh('c'), actions: [refund(open.actionId)] };
    const told = has(await they.actions(again), 200);
    assert.deepEqual([outcomes(told), told['balance']], [['nothing_to_do'], 800]);
    const no = { ...call, callId: fresh('c'), actions: [bet(50), refund(settled.actionId)] };
    assert.deepEqual(
      [has(await they.actions(no), 422)['error'], await they.cashOf(player)],
      ['BET_SETTLED', 800],
    );
    const paid = await they.actions({ ...call, callId: fresh('c'), actions: [win(open.actionId, 100)] });
    assert.equal(has(paid, 422)['error'], 'BET_REFUNDED');
  });

  it('hears of a bet that has not come yet that it may send the same again, and of a later one that it won', async () => {
    const player = await they.server.aPlayer();
    const late = bet(100);
    const early = callOf(player, [win(late.actionId, 300)], { finished: true });
    const unknown = has(await they.actions(early), 422);
    assert.deepEqual([unknown['error'], unknown['retry']], ['BET_UNKNOWN', true]);
    has(await they.actions({ ...early, callId: fresh('c'), actions: [late], finished: false }), 200);
    assert.equal(has(await they.actions(early), 200)['balance'], 1_200);
    const closed = await they.actions({ ...early, callId: fresh('c'), actions: [bet(1)] });
    assert.equal(has(closed, 422)['error'], 'ROUND_ENDED');
  });

  it('hears to try again while another operation holds the round, and then has it done', async () => {
    const player = await they.server.aPlayer();
    const one = bet(100);
    const call = callOf(player, [one]);
    has(await they.actions(call), 200);
    const claim = (kind: string | null) =>
      they.api.database.owner.query(
        'update rounds.rounds set claim_kind = $1, claim_id = $1 where round_id = $2',
        [kind, call.roundId],
      );
    await claim('void');
    const ends = { ...call, callId: fresh('c'), actions: [bet(1), win(one.actionId, 300)], finished: true };
    const { error, retry } = has(await they.actions(ends), 503);
    assert.deepEqual([error, retry, await they.cashOf(player)], ['TRY_AGAIN', true, 900]);
    await claim(null);
    assert.equal(has(await they.actions(ends), 200)['balance'], 1_199);
  });

  it('finishes a round for its player alone: the bets of others stay open in it', async () => {
    const [one, two] = [await they.server.aPlayer(), await they.server.aPlayer()];
    const roundId = fresh('table');
    const theirs = bet(100);
    has(await they.actions(callOf(one, [bet(100)], { roundId })), 200);
    has(await they.actions(callOf(two, [theirs], { roundId })), 200);
    const status = async () =>
      (await they.server.get(`/v1/rounds/${roundId}?clientId=actions`, 'support')).json['status'];
    has(await they.actions(callOf(one, [], { roundId, finished: true })), 200);
    assert.equal(await status(), 'open');
    has(await they.actions(callOf(one, [], { roundId, finished: true })), 200);
    const mine = callOf(one, [win(theirs.actionId, 5)], { roundId });
    assert.equal(has(await they.actions(mine), 422)['error'], 'NOT_POSSIBLE');
    const last = callOf(two, [win(theirs.actionId, 300)], { roundId, finished: true });
    assert.equal(has(await they.actions(last), 200)['balance'], 1_200);
    assert.equal(await status(), 'closed');
  });

  it('finishes a round in which its player bet in two currencies', async () => {
    const player = await they.server.aPlayer();
    const body = { currencies: ['SEK', 'EUR'], jurisdiction: 'MT' };
    has(await they.api.call({ method: 'PUT', path: `/v1/players/${player}`, as: 'cashier', body }), 200);
    const award = { awardId: fresh('a'), kind: 'promo', amount: 500, currency: 'EUR' };
    has(await they.server.post(`/v1/players/${player}/awards`, award), 201);
    const call = callOf(player, [bet(100)]);
    has(await they.actions(call), 200);
    const ends = { ...call, callId: fresh('c'), currency: 'EUR', actions: [bet(200)], finished: true };
    assert.equal(has(await they.actions(ends), 200)['balance'], 300);
    const path = `/v1/rounds/${call.roundId}?clientId=actions`;
    const round = has(await they.server.get(path, 'support'), 200);
    assert.equal(round['status'], 'closed');
    assert.ok((round['wagers'] as { status: string }[]).every(({ status }) => status === 'settled'));
  });

  it('hears of a player or currency that is not known, by name, and may register and send the same again', async () => {
    const call = callOf(fresh('new'), [bet(0)]);
    const unknown = has(await they.actions(call), 422);
    assert.deepEqual([unknown['error'], unknown['retry']], ['PLAYER_UNKNOWN', true]);
    assert.equal(
      has(await they.actions({ ...call, callId: fresh('c'), actions: [] }), 422)['error'],
      'PLAYER_UNKNOWN',
    );
    const body = { currencies: ['SEK'], jurisdiction: 'MT' };
    await they.api.call({ method: 'PUT', path: `/v1/players/${call.playerId}`, as: 'cashier', body });
    assert.equal(has(await they.actions(call), 200)['balance'], 0);
    for (const currency of ['EUR', 'XTS'])
      assert.equal(
        has(await they.actions({ ...callOf(call.playerId, [bet(0)]), currency }), 422)['error'],
        'BAD_CURRENCY',
      );
  });
});
