import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aGameServer, is, type GameServer } from './gameServer.ts';

const upTo = (most: number) => Math.floor(Math.random() * most);
const oneOf = <T>(items: readonly T[]): T => items[upTo(items.length)]!;
const [WAVES, CALLS_AT_ONCE] = [5, 100];

describe('a storm of calls that meet each other’s wagers, rounds and pots', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  it('has every call answered, none by a 500, and the books add up', async function () {
    this.timeout(120_000);
    const players = await server.players(4, 100_000);
    for (const potId of ['pot-0', 'pot-1'])
      is(await server.put(`/v1/jackpots/${potId}`, { currency: 'SEK', seed: 300 }), 200);
    for (let wave = 0; wave < WAVES; wave += 1) {
      // Few ids, each with one content: so they come twice, in any order, and meet others of the same moment.
      const any = (kind: string, of: number) => `${kind}-${String(wave * 10 + upTo(of))}`;
      const numberOf = (id: string) => Number(id.split('-')[1]);
      const roundOf = (wagerId: string) => `r-${String(wave)}-${String(numberOf(wagerId) % 5)}`;
      const stakeOf = (wagerId: string) => ({
        wagerId,
        playerId: players[numberOf(wagerId) % players.length],
        gameId: 'roulette',
        amount: [0, 10, 100][numberOf(wagerId) % 3],
        currency: numberOf(wagerId) % 20 === 19 ? 'EUR' : 'SEK',
        ...(numberOf(wagerId) % 3 === 2 && {
          contributions: [{ potId: `pot-${String(numberOf(wagerId) % 4)}`, amount: 1 }],
        }),
      });
      const outcomesOf = (wagerId: string) => [
        {
          wagerId,
          payout: oneOf([0, 5, 250]),
          ...(upTo(4) === 0 && { jackpot: { potId: `pot-${String(upTo(2))}`, amount: 20 } }),
        },
      ];
      const wager = () => {
        const stake = stakeOf(any('w', 40));
        return [`/v1/rounds/${roundOf(stake.wagerId)}/wagers`, stake] as const;
      };
      const calls = [
        ...[wager, wager, wager, wager],
        () => {
          const wagerId = any('w', 40);
          const play = {
            ...stakeOf(wagerId),
            settlementId: any('s', 40),
            payout: oneOf([0, 50]),
            closeRound: false,
          };
          return [`/v1/rounds/${roundOf(wagerId)}/play`, play] as const;
        },
        () => [`/v1/wagers/${any('w', 40)}/rollback`, { rollbackId: any('rb', 60) }] as const,
        ...['settlement', 'resettlement'].map((kind) => () => {
          const wagerId = any('w', 40);
          const body = { settlementId: any('s', 60), outcomes: outcomesOf(wagerId) };
          const closing = kind === 'settlement' && { closeRound: upTo(15) === 0 };
          return [`/v1/rounds/${roundOf(wagerId)}/${kind}`, { ...body, ...closing }] as const;
        }),
        () => {
          const wagerId = any('w', 40);
          const body = {
            voidId: any('v', 40),
            reason: 'a storm',
            ...(upTo(10) > 0 && { wagerIds: [wagerId] }),
          };
          return [`/v1/rounds/${roundOf(wagerId)}/void`, body] as const;
        },
        () => {
          const body = { awardId: any('a', 20), kind: 'promo', amount: 5, currency: 'SEK' };
          return [`/v1/players/${oneOf(players)}/awards`, body] as const;
        },
      ];
      await Promise.all(
        Array.from({ length: CALLS_AT_ONCE }, async () => {
          const [path, body] = oneOf(calls)();
          const as = oneOf(['game', 'otherGame'] as const);
          let reply = await server.post(path, body, as);
          // On a busy machine the engine may not answer in time: then the same is sent again.
          while (reply.status === 503) reply = await server.post(path, body, as);
          assert.ok(reply.status < 500, `${path} ${JSON.stringify(body)}: ${reply.text}`);
        }),
      );
    }
    // The books are looked at when nothing is under way any more.
    const running = `select from rounds.operations where status in ('requested', 'running')`;
    while ((await server.api.database.owner.query(running)).rowCount !== 0) await sleep(50);
  });
});
