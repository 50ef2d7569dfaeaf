import assert from 'node:assert/strict';
import { claimRound, requestOperation } from '../../rounds/index.ts';
import type { Reply } from '../api/apiUnderTest.ts';
import { is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { fresh } from './table.ts';

/** Makes what must be there first, and answers the calls of the row. */
type Play = () => Promise<() => Promise<Reply[]>>;

const POT_SEED = 500;

/** How the rows of the tables in docs/rounds.md are played, by what they say is sent. */
export function playsOf(server: GameServer): Readonly<Record<string, Play>> {
  /** A round of one player with a wager of 100, not sent yet. */
  async function aRound(cash = 1_000) {
    const [player, round] = [await server.aPlayer(cash), fresh('r')];
    const stake = stakeOf(player);
    return { player, round, stake, wagerId: stake.wagerId };
  }
  /** The same with the wager taken, and settled where a payout is given. */
  async function aWager(payout?: number) {
    const one = await aRound();
    is(await server.wager(one.round, one.stake), 201);
    if (payout !== undefined) is(await server.settle(one.round, [[one.wagerId, payout]]), 200);
    return one;
  }
  const resettle = (round: string, wagerId: string, payout: number) =>
    server.post(`/v1/rounds/${round}/resettlement`, {
      settlementId: fresh('rs'),
      outcomes: [{ wagerId, payout }],
    });
  const voidRound = (round: string) =>
    server.post(`/v1/rounds/${round}/void`, { voidId: fresh('v'), reason: 'a test' });
  const award = (player: string, amount: number) =>
    server.post(`/v1/players/${player}/awards`, {
      awardId: fresh('a'),
      kind: 'promo',
      amount,
      currency: 'SEK',
    });
  async function aPot(): Promise<string> {
    const potId = fresh('pot');
    is(await server.put(`/v1/jackpots/${potId}`, { currency: 'SEK', seed: POT_SEED }), 200);
    return potId;
  }
  const settleWithJackpot = (round: string, wagerId: string, potId: string, amount: number) =>
    server.post(`/v1/rounds/${round}/settlement`, {
      settlementId: fresh('s'),
      outcomes: [{ wagerId, payout: 0, jackpot: { potId, amount } }],
    });

  return {
    'a wager of 100': async () => {
      const { round, stake } = await aRound();
      return async () => [await server.wager(round, stake)];
    },
    'the same wager again': async () => {
      const { round, stake } = await aRound();
      const first = await server.wager(round, stake);
      return async () => {
        const again = await server.wager(round, stake);
        assert.deepEqual([again.text, replayed(again)], [first.text, true]);
        return [again];
      };
    },
    'a wager under a known id, anything else in it': async () => {
      const { round, stake } = await aWager();
      return async () => [await server.wager(round, { ...stake, gameId: 'another' })];
    },
    'a wager without the money for it': async () => {
      const { player, round, stake } = await aRound(50);
      is(await server.wager(round, stake), 422);
      is(await award(player, 500), 201);
      return async () => [await server.wager(round, stake)];
    },
    'a wager of a player not registered': () => {
      const stake = stakeOf(fresh('nobody'));
      return Promise.resolve(async () => [await server.wager(fresh('r'), stake)]);
    },
    'a rollback of an open wager': async () => {
      const { wagerId } = await aWager();
      return async () => [await server.rollBack(wagerId)];
    },
    'a rollback of a wager that has not come': async () => {
      const { round, stake, wagerId } = await aRound();
      return async () => [await server.rollBack(wagerId), await server.wager(round, stake)];
    },
    'a rollback of a settled wager': async () => {
      const { wagerId } = await aWager(0);
      return async () => [await server.rollBack(wagerId)];
    },
    'a settlement, the wager wins 250': async () => {
      const { round, wagerId } = await aWager();
      return async () => [await server.settle(round, [[wagerId, 250]])];
    },
    'a settlement, the wager loses': async () => {
      const { round, wagerId } = await aWager();
      return async () => [await server.settle(round, [[wagerId, 0]])];
    },
    'a closing settlement that does not name a wager': async () => {
      const { round } = await aWager();
      return async () => [await server.settle(round, [])];
    },
    'a settlement with one bad outcome, such as of a wager rolled back': async () => {
      const { player, round, wagerId } = await aWager();
      const back = await server.placed(player, round);
      is(await server.rollBack(back), 200);
      return async () => {
        const reply = await server.settle(round, [
          [wagerId, 250],
          [back, 250],
        ]);
        assert.equal((reply.json['errors'] as { pointer: string }[])[0]?.pointer, '/outcomes/1/wagerId');
        return [reply];
      };
    },
    'a settlement while another one works on the round, the wager loses': async () => {
      const { player, round, wagerId } = await aWager();
      const [other, operationId] = [await server.placed(player, round, 0), fresh('s')];
      const { pool } = server.api.database;
      const ref = { clientId: 'game', kind: 'settlement' as const, operationId };
      const content = { outcomes: [{ wagerId: other, payout: 0 }], closeRound: false };
      await requestOperation(pool, {
        ...ref,
        roundId: round,
        content,
        workflowId: `settlement/game/${operationId}`,
      });
      assert.equal(await claimRound(pool, ref, 0), 'claimed');
      return async () => {
        const waiting = server.settle(round, [[wagerId, 0]]);
        is(await server.settle(round, [[other, 0]], false, operationId), 200);
        return [await waiting];
      };
    },
    'a play, 100 wins 250': async () => {
      const { round, stake } = await aRound();
      return async () => [
        await server.post(`/v1/rounds/${round}/play`, { ...stake, settlementId: fresh('s'), payout: 250 }),
      ];
    },
    'a resettlement, the win of 250 is 400': async () => {
      const { round, wagerId } = await aWager(250);
      return async () => [await resettle(round, wagerId, 400)];
    },
    'a resettlement, the win of 250 is 0': async () => {
      const { round, wagerId } = await aWager(250);
      return async () => [await resettle(round, wagerId, 0)];
    },
    'a resettlement of a wager that is not settled': async () => {
      const { round, wagerId } = await aWager();
      return async () => [await resettle(round, wagerId, 5)];
    },
    'a void of an open wager': async () => {
      const { round } = await aWager();
      return async () => [await voidRound(round)];
    },
    'a void of a wager that won 250': async () => {
      const { round } = await aWager(250);
      return async () => [await voidRound(round)];
    },
    'a void of a void': async () => {
      const { round } = await aWager();
      is(await voidRound(round), 200);
      return async () => [await voidRound(round)];
    },
    'a wager of 100 with `contributions: [{potId, amount: 5}]`': async () => {
      const [{ round, stake }, potId] = [await aRound(), await aPot()];
      return async () => [await server.wager(round, { ...stake, contributions: [{ potId, amount: 5 }] })];
    },
    'contributions of more than the stake, or to one pot twice': async () => {
      const [{ round, stake }, potId] = [await aRound(), await aPot()];
      return async () => [await server.wager(round, { ...stake, contributions: [{ potId, amount: 101 }] })];
    },
    'a wager that names a pot nobody has opened': async () => {
      const { round, stake } = await aRound();
      return async () => [
        await server.wager(round, { ...stake, contributions: [{ potId: 'nobodys', amount: 5 }] }),
      ];
    },
    'its rollback, or a void': async () => {
      const [{ round, stake }, potId] = [await aRound(), await aPot()];
      is(await server.wager(round, { ...stake, contributions: [{ potId, amount: 5 }] }), 201);
      return async () => [await server.rollBack(stake.wagerId)];
    },
    'an outcome with `jackpot: {potId, amount: 400}`, of a pot that has its seed of 500': async () => {
      const [{ round, wagerId }, potId] = [await aWager(), await aPot()];
      return async () => [await settleWithJackpot(round, wagerId, potId, 400)];
    },
    'a win of more than the pot has': async () => {
      const [{ round, wagerId }, potId] = [await aWager(), await aPot()];
      return async () => [await settleWithJackpot(round, wagerId, potId, POT_SEED + 1)];
    },
    'a resettlement without that jackpot, or a void': async () => {
      const [{ round, wagerId }, potId] = [await aWager(), await aPot()];
      is(await settleWithJackpot(round, wagerId, potId, 400), 200);
      return async () => [await resettle(round, wagerId, 0)];
    },
  };
}
