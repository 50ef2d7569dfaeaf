import assert from 'node:assert/strict';
import type { Reply } from '../api/apiUnderTest.ts';
import { aGameServer, is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { fresh } from './table.ts';

const shuffled = <T>(items: readonly T[]): T[] =>
  items
    .map((item) => ({ item, at: Math.random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);

/** The rules of game servers where much comes at the same moment. */
describe('a game server that sends all at once', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  it('has each call done once, though it comes ten times at the same moment', async () => {
    const [player, round] = [await server.aPlayer(), fresh('r')];
    const [stake, back] = [stakeOf(player), await server.placed(player, round)];
    const play = { ...stakeOf(player), settlementId: fresh('s'), payout: 30 };
    const [rollbackId, settlementId, awardId] = [fresh('rb'), fresh('s'), fresh('a')];
    const tenTimes = async (call: () => Promise<Reply>) => {
      const replies = await Promise.all(Array.from({ length: 10 }, call));
      assert.equal(
        new Set(replies.map(({ text }) => text)).size,
        1,
        replies.map(({ text }) => text).join('\n'),
      );
      assert.equal(replies.filter((reply) => !replayed(reply)).length, 1);
    };
    await tenTimes(() => server.wager(round, stake));
    await tenTimes(() => server.rollBack(back, rollbackId));
    await tenTimes(() => server.settle(round, [[stake.wagerId, 250]], true, settlementId));
    await tenTimes(() => server.post(`/v1/rounds/${play.wagerId}/play`, play));
    await tenTimes(() =>
      server.post(`/v1/players/${player}/awards`, { awardId, kind: 'promo', amount: 7, currency: 'SEK' }),
    );
    await tenTimes(() => server.post(`/v1/rounds/${round}/void`, { voidId: 'v', reason: 'a test' }));
    assert.deepEqual(await server.cashOf(player), { cash: 937, inPlay: 0 });
  });

  it('settles 120 wagers of one player, and hundreds of players, in one call', async function () {
    this.timeout(60_000);
    const round = fresh('r');
    const [player] = await server.players(1, 1_000);
    const crowd = await server.players(300, 1_000);
    const stakes = [
      ...Array.from({ length: 120 }, () => stakeOf(player!, fresh('w'), 1)),
      ...crowd.map((p) => stakeOf(p)),
    ];
    await Promise.all(stakes.map(async (stake) => is(await server.wager(round, stake), 201)));
    const reply = await server.post(
      `/v1/rounds/${round}/settlement`,
      {
        settlementId: fresh('s'),
        outcomes: stakes.map(({ wagerId, amount }) => ({ wagerId, payout: 2 * amount })),
      },
      'game',
      { Prefer: 'wait=30' },
    );
    const { settled, totals } = is(reply, 200);
    assert.deepEqual(
      [settled, totals],
      [420, [{ currency: 'SEK', paid: 60_240, takenBack: 0, receivable: 0 }]],
    );
    assert.equal((await server.cashOf(player!)).cash, 1_120);
  });

  it('loses nothing where 30 wagers and their rollbacks race, a hundred times over', async function () {
    this.timeout(120_000);
    for (let run = 0; run < 100; run += 1) {
      const [[player], round] = [await server.players(1, 2_000), fresh('r')];
      const stakes = Array.from({ length: 30 }, () => stakeOf(player!, fresh('w'), 50));
      const calls = stakes.flatMap((stake) => [
        () => server.wager(round, stake),
        () => server.rollBack(stake.wagerId),
      ]);
      const replies = await Promise.all(shuffled(calls).map((call) => call()));
      for (const { status, text } of replies) assert.ok(status === 200 || status === 201, text);
      const { cash, inPlay } = await server.cashOf(player!);
      assert.deepEqual({ cash, inPlay }, { cash: 2_000, inPlay: 0 });
    }
  });
});
