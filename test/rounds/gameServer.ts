import assert from 'node:assert/strict';
import { createRoundsActivities } from '../../activities/index.ts';
import { TemporalGateway } from '../../api/temporal.ts';
import { startApi, type Api, type Reply, type Who } from '../api/apiUnderTest.ts';
import { checkInvariants } from '../support/invariants.ts';
import { temporal, testWorker } from '../support/temporal.ts';
import { ROUNDS_CHECKS } from './invariants.ts';
import { fresh } from './table.ts';

/** A game server's view: the real API over HTTP, with a worker and a Temporal server behind it. */
export class GameServer {
  readonly api: Api;
  readonly #close: () => Promise<void>;

  constructor(api: Api, close: () => Promise<void>) {
    this.api = api;
    this.#close = close;
  }

  async stop(): Promise<void> {
    await this.#close();
    await checkInvariants(this.api.database.owner, ROUNDS_CHECKS).finally(() => this.api.stop());
  }

  post(path: string, body: unknown, as: Who = 'game', headers = {}): Promise<Reply> {
    return this.api.call({ method: 'POST', path, as, body, headers });
  }

  put(path: string, body: unknown, as: Who = 'admin'): Promise<Reply> {
    return this.api.call({ method: 'PUT', path, as, body });
  }

  get(path: string, as: Who = 'game'): Promise<Reply> {
    return this.api.call({ path, as });
  }

  async aPlayer(cash = 1_000): Promise<string> {
    const playerId = fresh('p');
    const body = { currencies: ['SEK'], jurisdiction: 'MT' };
    is(await this.api.call({ method: 'PUT', path: `/v1/players/${playerId}`, as: 'cashier', body }), 200);
    const award = { awardId: fresh('a'), kind: 'promo', amount: cash, currency: 'SEK' };
    is(await this.post(`/v1/players/${playerId}/awards`, award), 201);
    return playerId;
  }

  /** As many players, each with this much SEK, in one call of the database. */
  async players(count: number, cash = 1_000): Promise<string[]> {
    const names = Array.from({ length: count }, () => fresh('p'));
    await this.api.database.owner.query(
      `select players.register(p, 'MT', '{SEK}'), players.award('game', 'for ' || p, p, 'SEK', $2, '{}', null) from unnest($1::text[]) p`,
      [names, cash],
    );
    return names;
  }

  wager(round: string, stake: object): Promise<Reply> {
    return this.post(`/v1/rounds/${round}/wagers`, stake);
  }

  /** A stake that must be taken; answers the wager's id. */
  async placed(player: string, round: string, amount = 100): Promise<string> {
    const stake = stakeOf(player, fresh('w'), amount);
    is(await this.wager(round, stake), 201);
    return stake.wagerId;
  }

  rollBack(wagerId: string, rollbackId = fresh('rb')): Promise<Reply> {
    return this.post(`/v1/wagers/${wagerId}/rollback`, { rollbackId });
  }

  settle(
    round: string,
    payouts: readonly (readonly [wagerId: string, payout: number])[],
    closeRound = true,
    settlementId = fresh('s'),
  ): Promise<Reply> {
    const outcomes = payouts.map(([wagerId, payout]) => ({ wagerId, payout }));
    return this.post(`/v1/rounds/${round}/settlement`, { settlementId, outcomes, closeRound });
  }

  async cashOf(player: string): Promise<{ cash: number; inPlay: number }> {
    const { balances } = is(await this.get(`/v1/players/${player}/balance`), 200);
    const { cash, inPlay } = (balances as { cash: number; inPlay: number }[])[0]!;
    return { cash, inPlay };
  }

  /** What moved for a player's wagers and in between, in order: each transfer's code and legs. */
  async booksOf(playerId: string, clientId = 'game'): Promise<{ code: string; legs: string[] }[]> {
    const { rows } = await this.api.database.owner.query<{ code: string; legs: string[] }>(
      `select t.code, array_agg(a.kind || ' ' || e.amount order by a.kind, e.amount) as legs
         from ledger.transfers t join ledger.entries e on e.transfer_id = t.id join ledger.accounts a on a.id = e.account_id
        where t.id in (select e.transfer_id from ledger.entries e join ledger.accounts a on a.id = e.account_id where a.owner = $1
                       union all select unnest(transfer_ids) from rounds.wagers where player_id = $1 and client_id = $2)
        group by t.id, t.code, t.written_at order by t.written_at`,
      [playerId, clientId],
    );
    return rows;
  }
}

export async function aGameServer(): Promise<GameServer> {
  const env = await temporal();
  const api = await startApi();
  const { config } = api.services;
  const gateway = new TemporalGateway({ temporal: { ...config.temporal, address: env.address } });
  Object.assign(api.services, { temporal: gateway });
  const worker = await testWorker(env, createRoundsActivities({ pool: api.database.pool }), 'rounds');
  const running = worker.run();
  return new GameServer(api, async () => {
    worker.shutdown();
    await running;
    await gateway.close();
  });
}

/** The body of an answer that must be this. */
export function is(reply: Reply, status: number, code?: string): Reply['json'] {
  assert.equal(reply.status, status, reply.text);
  if (code !== undefined) assert.equal(reply.json['code'], code, reply.text);
  return reply.json;
}

export const replayed = (reply: Reply) => reply.headers['idempotency-replayed'] === 'true';

export const stakeOf = (playerId: string, wagerId = fresh('w'), amount = 100) => ({
  wagerId,
  playerId,
  gameId: 'roulette',
  amount,
  currency: 'SEK',
});
