import assert from 'node:assert/strict';
import { aGameServer, is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { claimRound, postMoves, requestOperation } from '../../rounds/index.ts';
import { fresh } from './table.ts';

/** `game` settles by workflow, `otherGame` directly. */
const GAMES = ['game', 'otherGame'] as const;

describe('a game server that ends its rounds', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  for (const as of GAMES) {
    it(`settles and voids a round, and hears the same again (${as === 'game' ? 'by workflow' : 'directly'})`, async () => {
      const [player, round, settlementId] = [await server.aPlayer(), fresh('r'), fresh('s')];
      const [won, lost] = [stakeOf(player), stakeOf(player)];
      for (const stake of [won, lost]) is(await server.post(`/v1/rounds/${round}/wagers`, stake, as), 201);
      const request = { settlementId, outcomes: [{ wagerId: won.wagerId, payout: 500 }] };
      const first = await server.post(`/v1/rounds/${round}/settlement`, request, as);
      const { workflowId, workflowUrl, ...settled } = is(first, 200);
      assert.deepEqual(settled, {
        settlementId,
        roundId: round,
        status: 'done',
        outcome: 'applied',
        problem: null,
        roundStatus: 'closed',
        settled: 2,
        totals: [{ currency: 'SEK', paid: 500, takenBack: 0, receivable: 0 }],
        balances: [{ playerId: player, currency: 'SEK', cash: 1_300 }],
      });
      assert.equal(workflowId, as === 'game' ? `settlement/game/${settlementId}` : null);
      assert.equal(workflowUrl === null, as !== 'game');
      const again = await server.post(`/v1/rounds/${round}/settlement`, { ...request, closeRound: true }, as);
      assert.deepEqual(
        [again.status, again.text, replayed(first), replayed(again)],
        [200, first.text, false, true],
      );
      is(
        await server.post(`/v1/rounds/${round}/settlement`, { ...request, closeRound: false }, as),
        409,
        'idempotency_conflict',
      );
      is(
        await server.post(`/v1/rounds/${round}/settlement`, { settlementId: fresh('s'), outcomes: [] }, as),
        409,
        'round_closed',
      );
      const correction = { settlementId: fresh('s'), outcomes: [{ wagerId: won.wagerId, payout: 350 }] };
      const corrected = await server.post(`/v1/rounds/${round}/resettlement`, correction, as);
      const { totals, status: how, workflowId: by } = is(corrected, 200);
      assert.deepEqual(
        [totals, how, by],
        [
          [{ currency: 'SEK', paid: 0, takenBack: 150, receivable: 0 }],
          'done',
          `resettlement/${as}/${correction.settlementId}`,
        ],
      );
      const corrects = await server.post(`/v1/rounds/${round}/resettlement`, correction, as);
      assert.deepEqual([corrects.text, replayed(corrects)], [corrected.text, true]);
      const location = `/v1/rounds/${round}/operations/resettlement/${correction.settlementId}`;
      assert.deepEqual(is(await server.get(location, as), 200), JSON.parse(corrected.text));
      const voided = is(
        await server.post(`/v1/rounds/${round}/void`, { voidId: fresh('v'), reason: 'wrong result' }, as),
        200,
      );
      assert.deepEqual(
        [voided['roundStatus'], voided['totals']],
        ['voided', [{ currency: 'SEK', paid: 0, takenBack: 150, receivable: 0 }]],
      );
      assert.equal(
        is(await server.post(`/v1/rounds/${round}/void`, { voidId: fresh('v'), reason: 'again' }, as), 200)[
          'outcome'
        ],
        'noop',
      );
    });

    it(`hears which outcomes are bad, and the same again (${as === 'game' ? 'by workflow' : 'directly'})`, async () => {
      const [player, round, settlementId] = [await server.aPlayer(), fresh('r'), fresh('s')];
      const [good, rolledBack] = [stakeOf(player), stakeOf(player)];
      for (const stake of [good, rolledBack])
        is(await server.post(`/v1/rounds/${round}/wagers`, stake, as), 201);
      is(
        await server.post(`/v1/wagers/${rolledBack.wagerId}/rollback`, { rollbackId: fresh('rb') }, as),
        200,
      );
      const outcomes = [good, rolledBack].map(({ wagerId }) => ({ wagerId, payout: 5 }));
      const first = await server.post(`/v1/rounds/${round}/settlement`, { settlementId, outcomes }, as);
      const { code, errors } = is(first, 409, 'wager_rolled_back');
      assert.deepEqual(
        [code, (errors as { pointer: string; code: string }[]).map((e) => [e.pointer, e.code])],
        ['wager_rolled_back', [['/outcomes/1/wagerId', 'wager_rolled_back']]],
      );
      const again = await server.post(`/v1/rounds/${round}/settlement`, { settlementId, outcomes }, as);
      assert.deepEqual(
        [again.status, again.json['code'], replayed(first), replayed(again)],
        [409, 'wager_rolled_back', false, true],
      );
      const read = is(await server.get(`/v1/rounds/${round}/operations/settlement/${settlementId}`, as), 200);
      assert.deepEqual(
        [read['status'], (read['problem'] as { code: string }).code],
        ['refused', 'wager_rolled_back'],
      );
      const unknown = await server.post(
        `/v1/rounds/${round}/settlement`,
        { settlementId: fresh('s'), outcomes: [{ wagerId: 'nobody', payout: 5 }] },
        as,
      );
      assert.equal(
        (is(unknown, 422, 'wager_unknown')['errors'] as { pointer: string }[])[0]?.pointer,
        '/outcomes/0/wagerId',
      );
      is(
        await server.post(`/v1/rounds/nowhere/settlement`, { settlementId: fresh('s'), outcomes: [] }, as),
        404,
        'not_found',
      );
    });
  }

  it('that settles directly gets a workflow where the round is of several players', async () => {
    const [one, two, round] = [stakeOf(await server.aPlayer()), stakeOf(await server.aPlayer()), fresh('r')];
    for (const stake of [one, two])
      is(await server.post(`/v1/rounds/${round}/wagers`, stake, 'otherGame'), 201);
    const body = { settlementId: fresh('s'), outcomes: [{ wagerId: one.wagerId, payout: 5 }] };
    const { status, workflowId } = is(
      await server.post(`/v1/rounds/${round}/settlement`, body, 'otherGame'),
      200,
    );
    assert.deepEqual(
      { status, workflowId },
      { status: 'done', workflowId: `settlement/otherGame/${body.settlementId}` },
    );
  });

  it('that does not want to wait gets 202 and an address that tells how it went', async () => {
    const [player, round, settlementId] = [await server.aPlayer(), fresh('r'), fresh('s/1')];
    is(await server.post(`/v1/rounds/${round}/wagers`, stakeOf(player)), 201);
    const reply = await server.post(
      `/v1/rounds/${round}/settlement`,
      { settlementId, outcomes: [] },
      'game',
      {
        Prefer: 'respond-async',
      },
    );
    const { status, settlementId: named, workflowId } = is(reply, 202);
    assert.deepEqual(
      [status, named, workflowId],
      ['running', settlementId, `settlement/game/${settlementId}`],
    );
    const location = String(reply.headers['location']);
    assert.equal(location, `/v1/rounds/${round}/operations/settlement/${encodeURIComponent(settlementId)}`);
    let read = await server.get(location);
    while (read.json['status'] === 'running') {
      assert.ok('progress' in read.json);
      read = await server.get(location);
    }
    assert.equal(is(read, 200)['status'], 'done');
    assert.equal(
      is(await server.post(`/v1/rounds/${round}/settlement`, { settlementId, outcomes: [] }), 200)['status'],
      'done',
    );
  });

  it('shows how far a large settlement is, in the round and by itself', async () => {
    const [round, operationId] = [fresh('r'), fresh('s')];
    const stakes = (await server.players(130)).map((player) => stakeOf(player));
    await Promise.all(stakes.map((stake) => server.post(`/v1/rounds/${round}/wagers`, stake)));
    const outcomes = stakes.map(({ wagerId }) => ({ wagerId, payout: 150 }));
    // Its worker dies after the first batch.
    const { pool } = server.api.database;
    const ref = { clientId: 'game', kind: 'settlement' as const, operationId };
    const content = { outcomes, closeRound: true };
    await requestOperation(pool, {
      ...ref,
      roundId: round,
      content,
      workflowId: `settlement/game/${operationId}`,
    });
    await claimRound(pool, ref);
    await postMoves(pool, ref);
    const location = `/v1/rounds/${round}/operations/settlement/${operationId}`;
    const read = is(await server.get(location), 200);
    assert.deepEqual([read['status'], read['progress']], ['running', { done: 100, of: 130 }]);
    const { status, operations } = is(await server.get(`/v1/rounds/${round}`), 200);
    assert.deepEqual([status, operations], ['settling', [read]]);
    const body = { settlementId: operationId, outcomes };
    const settled = is(await server.post(`/v1/rounds/${round}/settlement`, body), 200);
    assert.deepEqual([settled['settled'], settled['progress']], [130, undefined]);
  });

  for (const as of GAMES) {
    it(`cashes out 200 players of one round at once, and none is refused or lost (${as === 'game' ? 'by workflow' : 'directly'})`, async function () {
      this.timeout(60_000);
      const round = fresh('r');
      const stakes = (await server.players(200)).map((player) => stakeOf(player));
      await Promise.all(stakes.map((stake) => server.post(`/v1/rounds/${round}/wagers`, stake, as)));
      const cashOuts = stakes.map(({ wagerId }) => ({
        settlementId: fresh('s'),
        outcomes: [{ wagerId, payout: 150 }],
        closeRound: false,
      }));
      const ended = await Promise.all(
        cashOuts.map(async (body) => {
          for (;;) {
            const reply = await server.post(`/v1/rounds/${round}/settlement`, body, as);
            // Under way, or on a busy machine not heard of in time: the same is sent again.
            if (reply.status !== 202 && reply.status !== 503) return reply;
          }
        }),
      );
      for (const reply of ended) {
        const { status, totals, balances } = is(reply, 200);
        assert.deepEqual(
          [status, totals],
          ['done', [{ currency: 'SEK', paid: 150, takenBack: 0, receivable: 0 }]],
        );
        assert.equal((balances as { cash: number }[])[0]?.cash, 1_050);
      }
    });
  }
});
