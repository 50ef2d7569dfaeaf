import assert from 'node:assert/strict';
import type { AddressInfo } from 'node:net';
import { routes } from '../../api/routes/index.ts';
import { close, listen } from '../../api/server.ts';
import { createGameDesk } from '../../rounds/index.ts';
import { KEYS } from '../api/apiUnderTest.ts';
import { aGameServer, is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { fresh } from './table.ts';

/** What docs/rounds.md lists as the rules of game servers, over HTTP, with the workflows behind it. */
describe('a game server that repeats, comes late or out of order', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  it('hears the first answer again, with the balance as it was then, also days later from another API', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const stake = stakeOf(player);
    const path = `/v1/rounds/${round}/wagers`;
    const first = await server.post(path, stake, 'otherGame');
    const settled = { settlementId: fresh('s'), outcomes: [{ wagerId: stake.wagerId, payout: 250 }] };
    const paid = await server.post(`/v1/rounds/${round}/settlement`, settled, 'otherGame');
    is(await server.post(path, stakeOf(player), 'otherGame'), 409, 'round_closed');
    await server.api.database.owner.query(
      `update rounds.wagers set placed_at = placed_at - interval '40 days' where round_id = $1`,
      [round],
    );
    const { services } = server.api;
    const other = await listen({ ...services, games: createGameDesk(services.pool) }, routes, {
      host: '127.0.0.1',
      port: 0,
    });
    const again = (call: string, body: object) =>
      fetch(`http://127.0.0.1:${String((other.address() as AddressInfo).port)}/v1/rounds/${round}/${call}`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${KEYS.otherGame}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(body),
      });
    for (const [call, body, answer] of [
      ['wagers', stake, first],
      ['settlement', settled, paid],
    ] as const) {
      const reply = await again(call, body);
      assert.deepEqual(
        [reply.status, reply.headers.get('Idempotency-Replayed'), await reply.text()],
        [answer.status, 'true', answer.text],
      );
    }
    const otherContent = await again('wagers', { ...stake, gameId: 'another' });
    assert.equal(((await otherContent.json()) as { code: string }).code, 'idempotency_conflict');
    await close(other, 2_000);
  });

  it('stays refused for want of money, for a limit or a block, after these are gone: a late duplicate takes nothing', async () => {
    const [player, round] = [await server.aPlayer(50), fresh('r')];
    const [poor, limited, blocked] = [
      stakeOf(player),
      stakeOf(player, fresh('w'), 20),
      stakeOf(player, fresh('w'), 1),
    ];
    is(await server.wager(round, poor), 422, 'insufficient_funds');
    const limit = { period: 'day', currency: 'SEK', amount: 10 };
    const limits = `/v1/players/${player}/limits/wager`;
    is(await server.put(limits, limit, 'cashier'), 200);
    is(await server.wager(round, limited), 422, 'limit_exceeded');
    const block = { blockId: fresh('b'), kind: 'staff' };
    is(await server.post(`/v1/players/${player}/blocks`, block, 'support'), 201);
    is(await server.wager(round, blocked), 422, 'player_blocked');

    is(
      await server.api.call({
        method: 'DELETE',
        path: `/v1/players/${player}/blocks/${block.blockId}`,
        as: 'admin',
      }),
      200,
    );
    await server.api.database.owner.query('update players.limits set amount = 100000 where player_id = $1', [
      player,
    ]);
    is(
      await server.post(`/v1/players/${player}/awards`, {
        awardId: fresh('a'),
        kind: 'promo',
        amount: 5_000,
        currency: 'SEK',
      }),
      201,
    );
    for (const [stake, code] of [
      [poor, 'insufficient_funds'],
      [limited, 'limit_exceeded'],
      [blocked, 'player_blocked'],
    ] as const) {
      const again = await server.wager(round, stake);
      is(again, 422, code);
      assert.ok(replayed(again));
    }
    assert.equal((await server.cashOf(player)).cash, 5_050);
    is(await server.wager(round, stakeOf(player)), 201);
  });

  it('may have its rollback overtake the wager, which then takes nothing, whenever and however often it comes', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const [stake, play] = [stakeOf(player), { ...stakeOf(player), settlementId: fresh('s'), payout: 900 }];
    for (const { wagerId } of [stake, play])
      assert.equal(is(await server.rollBack(wagerId), 200)['outcome'], 'tombstoned');
    for (let times = 0; times < 3; times += 1) {
      assert.equal(is(await server.wager(round, stake), 201)['outcome'], 'noop');
      assert.equal(is(await server.post(`/v1/rounds/${round}/play`, play), 201)['outcome'], 'noop');
    }
    assert.deepEqual(await server.cashOf(player), { cash: 1_000, inPlay: 0 });
  });

  it('gets back what was taken, and the room of the limit with it, by a rollback that names neither round nor amount', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    is(
      await server.put(
        `/v1/players/${player}/limits/wager`,
        { period: 'day', currency: 'SEK', amount: 100 },
        'cashier',
      ),
      200,
    );
    const staked = await server.placed(player, round, 100);
    is(await server.wager(round, stakeOf(player, fresh('w'), 1)), 422, 'limit_exceeded');
    assert.equal(is(await server.rollBack(staked), 200)['balance'], 1_000);
    is(
      await server.post(`/v1/wagers/${staked}/rollback`, { rollbackId: fresh('rb'), amount: 5 }),
      400,
      'invalid_request',
    );
    await server.placed(player, round, 100);
  });

  it('may not stake for a player who is excluded, but has wins, rollbacks, voids and awards go through', async () => {
    const [player, round, other] = [await server.aPlayer(), fresh('r'), fresh('r')];
    const [won, back, voided] = [
      await server.placed(player, round),
      await server.placed(player, round),
      await server.placed(player, other),
    ];
    const block = { blockId: fresh('b'), kind: 'self_exclusion' };
    is(await server.post(`/v1/players/${player}/blocks`, block, 'cashier'), 201);
    is(await server.wager(round, stakeOf(player, fresh('w'), 0)), 422, 'player_blocked');
    is(
      await server.post(`/v1/rounds/${round}/play`, {
        ...stakeOf(player),
        settlementId: fresh('s'),
        payout: 5,
      }),
      422,
      'player_blocked',
    );
    is(await server.rollBack(back), 200);
    is(await server.settle(round, [[won, 400]]), 200);
    is(
      await server.post(`/v1/rounds/${other}/void`, {
        voidId: fresh('v'),
        reason: 'a test',
        wagerIds: [voided],
      }),
      200,
    );
    is(
      await server.post(`/v1/players/${player}/awards`, {
        awardId: fresh('a'),
        kind: 'free_round',
        amount: 7,
        currency: 'SEK',
      }),
      201,
    );
    assert.deepEqual(await server.cashOf(player), { cash: 1_307, inPlay: 0 });
  });

  it('rolls one wager back, and the others of the round live on; the one can win nothing, and a settled one not be rolled back', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const [back, won] = [await server.placed(player, round), await server.placed(player, round)];
    is(await server.rollBack(back), 200);
    is(await server.settle(round, [[back, 5]], false), 409, 'wager_rolled_back');
    is(await server.settle(round, [[won, 300]]), 200);
    is(await server.rollBack(won), 409, 'wager_settled');
    assert.equal((await server.cashOf(player)).cash, 1_200);
  });

  it('cannot roll a rollback back: it would name a wager, and the stake stays with the player', async () => {
    const [player, round, rollbackId] = [await server.aPlayer(), fresh('r'), fresh('rb')];
    const back = await server.placed(player, round);
    is(await server.rollBack(back, rollbackId), 200);
    assert.equal(is(await server.rollBack(rollbackId), 200)['outcome'], 'tombstoned');
    assert.equal(is(await server.rollBack(back), 200)['outcome'], 'noop');
    assert.equal((await server.cashOf(player)).cash, 1_000);
  });

  it('sends several partial wins, and a zero win that is recorded and moves nothing to the player', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const [won, lost] = [await server.placed(player, round), await server.placed(player, round)];
    for (const payout of [30, 20, 0]) is(await server.settle(round, [[won, payout]], false), 200);
    is(await server.settle(round, [[lost, 0]]), 200);
    const read = async (id: string) => {
      const { status, payout } = is(await server.get(`/v1/wagers/${id}`), 200);
      return { status, payout };
    };
    assert.deepEqual(
      [await read(won), await read(lost)],
      [
        { status: 'settled', payout: 50 },
        { status: 'settled', payout: 0 },
      ],
    );
    assert.deepEqual((await server.booksOf(player)).at(-1), {
      code: 'settlement',
      legs: ['house_gaming 100', 'stakes_in_play -100'],
    });
    assert.equal((await server.cashOf(player)).cash, 850);
  });

  it('may not stake in a round that is closed, and known duplicates of it are still answered', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const stake = stakeOf(player);
    const first = await server.wager(round, stake);
    is(await server.settle(round, []), 200);
    is(await server.wager(round, stakeOf(player)), 409, 'round_closed');
    assert.equal((await server.wager(round, stake)).text, first.text);
  });
});
