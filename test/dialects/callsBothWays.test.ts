import assert from 'node:assert/strict';
import { replayed, stakeOf } from '../rounds/gameServer.ts';
import { atOnce, fresh, has, someAggregators, type Aggregators, type Speaker } from './aggregators.ts';
import { backOf, betOf, ok, ONE, statusOf, winOf } from './aSingleCall.ts';

describe('an aggregator that sends calls', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  for (const speaker of ['calls', 'callsSaga'] as const satisfies Speaker[]) {
    describe(speaker === 'calls' ? 'and settles directly' : 'and settles by workflow', () => {
      it('bets 12.50, wins 40.00, and hears each again as the first time', async () => {
        const player = await they.server.aPlayer(2_000);
        const bet = betOf(player, 1_250_000);
        const first = await they.calls('bet', bet, speaker);
        ok(first, 750);
        const win = winOf(bet, 4_000_000, true);
        const won = await they.calls('win', win, speaker);
        ok(won, 4_750);
        for (const [call, body, reply] of [
          ['bet', bet, first],
          ['win', win, won],
        ] as const) {
          const again = await they.calls(call, body, speaker);
          assert.deepEqual([again.text, replayed(reply), replayed(again)], [reply.text, false, true]);
          const other = await they.calls(call, { ...body, amount: body.amount + 1_000 }, speaker);
          assert.equal(statusOf(other), 'ERROR_ID_USED_BEFORE');
        }
        assert.equal(await they.cashOf(player), 4_750);
        assert.equal(statusOf(await they.calls('win', winOf(bet, ONE), speaker)), 'ERROR_ROUND_ENDED');
      });

      it('may send a win before its bet, again and again, until it is paid', async () => {
        const player = await they.server.aPlayer();
        const bet = betOf(player);
        const win = winOf(bet, 3 * ONE);
        for (let i = 0; i < 3; i += 1) {
          const unknown = has(await they.calls('win', win, speaker), 200);
          assert.deepEqual([unknown['status'], unknown['retry']], ['ERROR_BET_UNKNOWN', true]);
        }
        ok(await they.calls('bet', bet, speaker), 900);
        for (let i = 0; i < 3; i += 1) ok(await they.calls('win', win, speaker), 1_200);
        assert.equal(await they.cashOf(player), 1_200);
      });

      it('has one win paid once though it comes thirty times at once', async function () {
        this.timeout(30_000);
        const player = await they.server.aPlayer();
        const bet = betOf(player);
        const bets = await atOnce(30, () => they.calls('bet', bet, speaker));
        bets.forEach((reply) => ok(reply, 900));
        const win = winOf(bet, 2 * ONE, true);
        const wins = await atOnce(30, () => they.calls('win', win, speaker));
        assert.ok(
          wins.every((reply) => ['OK', 'PENDING'].includes(statusOf(reply))),
          wins.map(({ text }) => text).join(' '),
        );
        ok(await they.calls('win', win, speaker), 1_100);
        assert.equal(await they.cashOf(player), 1_100);
      });

      it('leaves the same books as the API does for the same', async () => {
        const [here, there] = [await they.server.aPlayer(), await they.server.aPlayer()];
        const [won, back] = [betOf(here), betOf(here, 2 * ONE)];
        const inRound = { ...back, roundId: won.roundId };
        await they.calls('bet', won, speaker);
        await they.calls('bet', inRound, speaker);
        await they.calls('rollback', backOf(inRound), speaker);
        ok(await they.calls('win', winOf(won, 5 * ONE, true), speaker), 1_400);
        const as = speaker === 'calls' ? 'otherGame' : 'game';
        const round = `/v1/rounds/${fresh('r')}`;
        const [wins, rolled] = [stakeOf(there), stakeOf(there, fresh('w'), 200)];
        for (const stake of [wins, rolled]) has(await they.server.post(`${round}/wagers`, stake, as), 201);
        const rollback = { rollbackId: fresh('rb') };
        has(await they.server.post(`/v1/wagers/${rolled.wagerId}/rollback`, rollback, as), 200);
        const outcomes = [{ wagerId: wins.wagerId, payout: 500 }];
        has(await they.server.post(`${round}/settlement`, { settlementId: fresh('s'), outcomes }, as), 200);
        const books = await they.booksOf(here);
        assert.equal(books.length, 1 + 2 + 1 + 1);
        assert.deepEqual(books, await they.booksOf(there));
      });
    });
  }
});
