import assert from 'node:assert/strict';
import { aGameServer, is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { fresh } from './table.ts';

describe('a game server', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  it('takes a stake, hears it again for the same id, and a conflict for other content', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const stake = stakeOf(player);
    const first = await server.post(`/v1/rounds/${round}/wagers`, stake);
    const { transferId, ...rest } = is(first, 201);
    assert.deepEqual(rest, { wagerId: stake.wagerId, roundId: round, outcome: 'applied', balance: 900 });
    assert.match(String(transferId), /^[0-9a-f-]{36}$/);
    const again = await server.post(`/v1/rounds/${round}/wagers`, stake);
    assert.deepEqual(
      [again.status, again.text, replayed(first), replayed(again)],
      [201, first.text, false, true],
    );
    is(
      await server.post(`/v1/rounds/${round}/wagers`, { ...stake, amount: 101 }),
      409,
      'idempotency_conflict',
    );
    is(
      await server.post(`/v1/rounds/${round}/wagers`, { ...stake, currency: 'XTS' }),
      409,
      'idempotency_conflict',
    );
  });

  it('hears a refusal again for the same id, and what it may send again is not recorded', async () => {
    const [player, round] = [await server.aPlayer(10), fresh('r')];
    const stake = stakeOf(player);
    const first = await server.post(`/v1/rounds/${round}/wagers`, stake);
    is(first, 422, 'insufficient_funds');
    const again = await server.post(`/v1/rounds/${round}/wagers`, stake);
    is(again, 422, 'insufficient_funds');
    assert.deepEqual([replayed(first), replayed(again)], [false, true]);
    is(await server.post(`/v1/rounds/${round}/wagers`, stakeOf('nobody')), 422, 'player_unknown');
    const unknown = is(
      await server.post(`/v1/rounds/${round}/wagers`, { ...stakeOf(player), currency: 'XTS' }),
      422,
      'unknown_currency',
    );
    assert.deepEqual((unknown['errors'] as { pointer: string }[])[0]?.pointer, '/currency');
    is(
      await server.post(`/v1/rounds/${round}/wagers`, { ...stakeOf(player), currency: 'EUR' }),
      422,
      'currency_mismatch',
    );
  });

  it('rolls back, before or after its wager, with the shapes of the contract', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const [stake, early] = [stakeOf(player), stakeOf(player)];
    await server.post(`/v1/rounds/${round}/wagers`, stake);
    const rolledBack = is(
      await server.post(`/v1/wagers/${stake.wagerId}/rollback`, { rollbackId: 'rb-1', reason: 'time-out' }),
      200,
    );
    assert.deepEqual(
      { ...rolledBack, transferId: null },
      { rollbackId: 'rb-1', wagerId: stake.wagerId, outcome: 'applied', balance: 1_000, transferId: null },
    );
    const tombstone = is(
      await server.post(`/v1/wagers/${early.wagerId}/rollback`, { rollbackId: 'rb-2' }),
      200,
    );
    assert.deepEqual(tombstone, {
      rollbackId: 'rb-2',
      wagerId: early.wagerId,
      outcome: 'tombstoned',
      balance: null,
      transferId: null,
    });
    const late = is(await server.post(`/v1/rounds/${round}/wagers`, early), 201);
    assert.deepEqual(late, {
      wagerId: early.wagerId,
      roundId: round,
      outcome: 'noop',
      balance: 1_000,
      transferId: null,
    });
    is(
      await server.post(`/v1/rounds/${round}/settlement`, {
        settlementId: fresh('s'),
        outcomes: [{ wagerId: stake.wagerId, payout: 5 }],
      }),
      409,
      'wager_rolled_back',
    );
  });

  it('plays a round at once', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const body = { ...stakeOf(player), settlementId: fresh('s'), payout: 250 };
    const first = await server.post(`/v1/rounds/${round}/play`, body);
    const { transferIds, ...rest } = is(first, 201);
    assert.deepEqual(rest, {
      wagerId: body.wagerId,
      settlementId: body.settlementId,
      roundId: round,
      outcome: 'applied',
      balance: 1_150,
    });
    assert.equal((transferIds as string[]).length, 2);
    assert.equal(
      (await server.post(`/v1/rounds/${round}/play`, { ...body, closeRound: true })).text,
      first.text,
    );
    const { status, workflowId } = is(
      await server.get(`/v1/rounds/${round}/operations/settlement/${body.settlementId}`),
      200,
    );
    assert.deepEqual({ status, workflowId }, { status: 'done', workflowId: null });
    assert.equal(is(await server.get(`/v1/rounds/${round}`), 200)['status'], 'closed');
  });

  it('reads its round by pages of 100 wagers, newest first, and its wagers', async function () {
    this.timeout(60_000);
    const [player, round] = [await server.aPlayer(5_000), fresh('r')];
    const ids: string[] = [];
    for (let i = 0; i < 103; i += 1) {
      const stake = stakeOf(player, fresh('w'), 1);
      ids.unshift(stake.wagerId);
      is(await server.post(`/v1/rounds/${round}/wagers`, stake), 201);
    }
    const page = is(await server.get(`/v1/rounds/${round}`), 200);
    const rest = is(await server.get(`/v1/rounds/${round}?cursor=${String(page['nextCursor'])}`), 200);
    const named = [page, rest].flatMap(({ wagers }) =>
      (wagers as { wagerId: string }[]).map(({ wagerId }) => wagerId),
    );
    assert.deepEqual(named, ids);
    assert.equal(rest['nextCursor'], null);
    for (const cursor of ['WyJhIl0', 'WyI5OTk5OTk5OTk5OTk5OTk5OTkiLCJhIl0', '%27']) {
      is(await server.get(`/v1/rounds/${round}?cursor=${cursor}`), 400, 'invalid_request');
    }
    const { transferIds, ...wager } = is(await server.get(`/v1/wagers/${String(ids[0])}`), 200);
    assert.deepEqual(wager, {
      wagerId: ids[0],
      roundId: round,
      playerId: player,
      gameId: 'roulette',
      amount: 1,
      currency: 'SEK',
      status: 'open',
      payout: 0,
      contributions: [],
      jackpots: [],
    });
    assert.equal((transferIds as string[]).length, 1);
  });

  it('does not see the rounds and wagers of another; people name the client where two use one id', async () => {
    const [player, round, wagerId] = [await server.aPlayer(), fresh('r'), fresh('w')];
    is(await server.post(`/v1/rounds/${round}/wagers`, stakeOf(player, wagerId)), 201);
    is(await server.get(`/v1/rounds/${round}`, 'otherGame'), 404, 'not_found');
    is(await server.get(`/v1/wagers/${wagerId}`, 'otherGame'), 404, 'not_found');
    is(await server.get(`/v1/rounds/${round}?clientId=game`, 'otherGame'), 404, 'not_found');
    assert.equal(is(await server.get(`/v1/rounds/${round}`, 'support'), 200)['roundId'], round);
    is(await server.post(`/v1/rounds/${round}/wagers`, stakeOf(player, wagerId, 50), 'otherGame'), 201);
    for (const path of [`/v1/rounds/${round}`, `/v1/wagers/${wagerId}`]) {
      const refused = await server.get(path, 'finance');
      is(refused, 409, 'invalid_state');
      assert.match(refused.text, /game.*otherGame/);
    }
    assert.equal(
      is(await server.get(`/v1/wagers/${wagerId}?clientId=otherGame`, 'finance'), 200)['amount'],
      50,
    );
    is(await server.get(`/v1/wagers/${wagerId}?clientId=nobody`, 'admin'), 404, 'not_found');
    is(await server.post(`/v1/rounds/${round}/wagers`, stakeOf(player), 'cashier'), 403, 'forbidden');
  });

  it('gets a 4xx that names the field for nonsense, and nothing moves', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const stake = stakeOf(player);
    const amounts = [-1, 0.5, 1.0000000000000002, 9_007_199_254_740_992, '100', null, true, [], {}];
    const ids = [
      '',
      ' ',
      'ä',
      'a b',
      'x'.repeat(129),
      'x'.repeat(10_000),
      'a\u0000b',
      7,
      null,
      "' or 1=1 --",
    ];
    const nonsense: [string, object][] = [
      ...amounts.map((amount): [string, object] => ['/amount', { ...stake, amount }]),
      ...ids.map((wagerId): [string, object] => ['/wagerId', { ...stake, wagerId }]),
      ...['sek', 'SE', '', 'SEKSEK', 'SЕK', 752].map((currency): [string, object] => [
        '/currency',
        { ...stake, currency },
      ]),
      ['/surprise', { ...stake, surprise: 1 }],
    ];
    for (const [pointer, body] of nonsense) {
      const reply = await server.post(`/v1/rounds/${round}/wagers`, body);
      assert.equal(reply.status, 400, JSON.stringify(body).slice(0, 200));
      // A number that is not exact is refused before the fields are looked at, and is named itself.
      const pointers = (reply.json['errors'] as { pointer: string }[]).map((error) => error.pointer);
      assert.ok(
        pointers.includes(pointer) || pointers.every((each) => each === ''),
        `${pointer} of ${reply.text}`,
      );
    }
    const settle = (body: object) => server.post(`/v1/rounds/${round}/settlement`, body);
    is(
      await settle({
        settlementId: 's',
        outcomes: [
          { wagerId: 'a', payout: 1 },
          { wagerId: 'a', payout: 2 },
        ],
      }),
      400,
      'invalid_request',
    );
    is(await settle({ settlementId: 's', outcomes: 'all' }), 400, 'invalid_request');
    is(await settle({ settlementId: 's', outcomes: [{ wagerId: 'a', payout: -1 }] }), 400, 'invalid_request');
    is(
      await settle({
        settlementId: 's',
        outcomes: Array.from({ length: 10_001 }, (_, i) => ({ wagerId: `w${String(i)}`, payout: 0 })),
      }),
      400,
      'invalid_request',
    );
    is(await server.post(`/v1/rounds/${round}/void`, { voidId: 'v' }), 400, 'invalid_request');
    is(
      await server.post(`/v1/rounds/${round}/void`, { voidId: 'v', reason: 'x', wagerIds: [] }),
      400,
      'invalid_request',
    );
    is(await server.post(`/v1/rounds/${'x'.repeat(129)}/wagers`, stake), 400, 'invalid_request');
    is(await server.get(`/v1/rounds/${round}`), 404, 'not_found');
    const { balances } = is(await server.get(`/v1/players/${player}/balance`), 200);
    assert.equal((balances as { cash: number }[])[0]?.cash, 1_000);
  });
});
