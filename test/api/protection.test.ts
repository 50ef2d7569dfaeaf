import assert from 'node:assert/strict';
import { startApi, type Api, type Who } from './apiUnderTest.ts';

describe('player protection over HTTP', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  const send = (method: string, path: string, body?: unknown, as: Who = 'cashier') =>
    api.call({ method, path: `/v1${path}`, as, ...(body === undefined ? {} : { body }) });
  const limit = (player: string, kind: string, amount: number | null, as: Who = 'cashier') =>
    send('PUT', `/players/${player}/limits/${kind}`, { period: 'day', currency: 'SEK', amount }, as);
  const wager = (player: string, wagerId: string, amount: number) =>
    send(
      'POST',
      `/rounds/r-${wagerId}/wagers`,
      { wagerId, playerId: player, gameId: 'roulette', amount, currency: 'SEK' },
      'otherGame',
    );
  async function aPlayer(playerId: string): Promise<string> {
    await send('PUT', `/players/${playerId}`, { currencies: ['SEK'], jurisdiction: 'MT' });
    const award = { awardId: `a-${playerId}`, kind: 'promo', amount: 1_000, currency: 'SEK' };
    assert.equal((await send('POST', `/players/${playerId}/awards`, award, 'otherGame')).status, 201);
    return playerId;
  }

  it('says which limit refuses a wager, how much is left and until when, and says it again for the same id', async () => {
    const player = await aPlayer('p-limit');
    assert.equal((await limit(player, 'wager', 500)).status, 200);
    assert.equal((await wager(player, 'w-1', 450)).status, 201);
    const refused = await wager(player, 'w-2', 100);
    assert.deepEqual([refused.status, refused.json['code']], [422, 'limit_exceeded']);
    const { until, ...facts } = refused.json['facts'] as Record<string, unknown>;
    const said = { kind: 'wager', period: 'day', currency: 'SEK', limit: 500, used: 450, left: 50 };
    assert.deepEqual(facts, said);
    assert.equal(
      refused.json['detail'],
      `The wager limit is 5.00 SEK a day, and 0.50 SEK of it is left. There is more room at ${String(until)}.`,
    );
    assert.match(String(until), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    const again = await wager(player, 'w-2', 100);
    assert.deepEqual([again.status, again.headers['idempotency-replayed']], [422, 'true']);
    const { limits } = (await send('GET', `/players/${player}`)).json as { limits: { used: number }[] };
    assert.deepEqual(
      limits.map((one) => ({ ...one, resetsAt: null })),
      [
        {
          kind: 'wager',
          period: 'day',
          currency: 'SEK',
          amount: 500,
          used: 450,
          resetsAt: null,
          pending: null,
        },
      ],
    );
  });

  it('shows a raise as pending, and forgets it when the old amount is asked for again', async () => {
    const player = await aPlayer('p-raise');
    await limit(player, 'deposit', 500);
    const [raised] = (await limit(player, 'deposit', 900)).json['limits'] as Record<string, unknown>[];
    assert.equal(raised?.['amount'], 500);
    assert.equal((raised['pending'] as Record<string, unknown>)['amount'], 900);
    const [same] = (await limit(player, 'deposit', 500)).json['limits'] as Record<string, unknown>[];
    assert.equal(same?.['pending'], null);
  });

  it('lets only the cashier set limits, and of known players in their currencies', async () => {
    const player = await aPlayer('p-who');
    assert.equal((await limit(player, 'wager', 1, 'support')).status, 403);
    assert.equal((await limit('nobody', 'wager', 1)).status, 404);
    assert.equal((await limit(player, 'wager', -1)).status, 400);
    assert.equal((await limit(player, 'speed', 1)).status, 400);
    const body = { period: 'day', currency: 'EUR', amount: 1 };
    const other = await send('PUT', `/players/${player}/limits/wager`, body);
    assert.equal(other.json['code'], 'currency_mismatch');
  });

  it('keeps a self-exclusion to its end, and lets an admin lift a staff block', async () => {
    const player = await aPlayer('p-block');
    const until = '2099-01-01T00:00:00.000Z';
    const blocks = `/players/${player}/blocks`;
    const self = { blockId: 'b-self', kind: 'self_exclusion', until };
    const staff = { blockId: 'b-staff', kind: 'staff', reason: 'under review' };
    assert.equal((await send('POST', blocks, staff)).status, 403);
    assert.equal((await send('POST', blocks, staff, 'support')).status, 201);
    assert.equal((await wager(player, 'w-b1', 1)).json['code'], 'player_blocked');
    assert.equal((await send('DELETE', `${blocks}/b-staff`, undefined, 'support')).status, 403);
    assert.equal((await send('DELETE', `${blocks}/b-staff`)).status, 403);
    assert.equal((await send('DELETE', `${blocks}/b-staff`, undefined, 'admin')).status, 200);
    assert.equal((await wager(player, 'w-b2', 1)).status, 201);
    assert.equal((await send('POST', blocks, self)).status, 201);
    assert.equal(
      (await send('POST', blocks, { ...self, kind: 'cooling_off' })).json['code'],
      'idempotency_conflict',
    );
    const refused = await wager(player, 'w-b3', 1);
    assert.deepEqual(refused.json['facts'], { blockId: 'b-self', kind: 'self_exclusion', until });
    assert.equal((await send('DELETE', `${blocks}/b-self`, undefined, 'admin')).status, 403);
    const back = await send('POST', '/wagers/w-b2/rollback', { rollbackId: 'rb-b2' }, 'otherGame');
    assert.equal(back.json['outcome'], 'applied');
  });
});
