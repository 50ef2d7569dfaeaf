import assert from 'node:assert/strict';
import { aGameServer, is, replayed, stakeOf, type GameServer } from './gameServer.ts';
import { fresh } from './table.ts';

/** `game` settles by workflow, `otherGame` directly. */
const GAMES = ['game', 'otherGame'] as const;

describe('a game server with jackpots', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  async function aPot(seed = 1_000): Promise<string> {
    const potId = fresh('pot');
    is(await server.put(`/v1/jackpots/${potId}`, { currency: 'SEK', seed }), 200);
    return potId;
  }
  const inPot = async (potId: string) => is(await server.get(`/v1/jackpots/${potId}`), 200)['balance'];

  it('reads a pot that an admin has opened; nobody else opens one', async () => {
    const potId = fresh('pot');
    const path = `/v1/jackpots/${potId}`;
    const pot = { potId, currency: 'SEK', balance: 500, seed: 500, accountId: `jackpot:${potId}:SEK` };
    is(await server.get(path), 404, 'not_found');
    for (const who of ['game', 'cashier', 'support', 'finance', 'finance-approver'] as const)
      is(await server.put(path, { currency: 'SEK', seed: 500 }, who), 403, 'forbidden');
    for (let time = 0; time < 2; time += 1)
      assert.deepEqual(is(await server.put(path, { currency: 'SEK', seed: 500 }), 200), pot);
    is(await server.put(path, { currency: 'SEK', seed: 400 }), 409, 'idempotency_conflict');
    is(await server.put(path, { currency: 'XXX', seed: 400 }), 422, 'unknown_currency');
    is(await server.put(path, { currency: 'SEK', seed: -1 }), 400, 'invalid_request');
    for (const who of ['game', 'otherGame', 'support', 'finance', 'admin'] as const)
      assert.deepEqual(is(await server.get(path, who), 200), pot);
    is(await server.get(path, 'cashier'), 403, 'forbidden');
    const statement = await server.get(`/v1/ledger/accounts/jackpot:${potId}:SEK/statement`, 'finance');
    assert.deepEqual(
      (is(statement, 200)['items'] as { code: string; amount: number }[]).map(({ code, amount }) => [
        code,
        amount,
      ]),
      [['jackpot_seed', 500]],
    );
  });

  it('contributes out of a stake, at most all of it, to each pot once', async () => {
    const [potId, player, round] = [await aPot(), await server.aPlayer(), fresh('r')];
    const path = `/v1/rounds/${round}/wagers`;
    const stake = { ...stakeOf(player), contributions: [{ potId, amount: 100 }] };
    const first = await server.post(path, stake);
    assert.equal(is(first, 201)['balance'], 900);
    assert.ok(replayed(await server.post(path, stake)));
    is(await server.post(path, { ...stake, contributions: [] }), 409, 'idempotency_conflict');
    const bad = (contributions: unknown) => server.post(path, { ...stakeOf(player), contributions });
    const pointerOf = (json: Record<string, unknown>) =>
      (json['errors'] as { pointer: string }[])[0]?.pointer;
    const tooMuch = is(await bad([{ potId, amount: 101 }]), 400, 'invalid_request');
    assert.equal(pointerOf(tooMuch), '/contributions');
    const twice = is(
      await bad([
        { potId, amount: 1 },
        { potId, amount: 2 },
      ]),
      400,
      'invalid_request',
    );
    assert.equal(pointerOf(twice), '/contributions/1/potId');
    for (const amount of [0, -1, 0.5, '1']) is(await bad([{ potId, amount }]), 400, 'invalid_request');
    assert.equal(
      pointerOf(is(await bad([{ potId: 'none', amount: 1 }]), 404, 'not_found')),
      '/contributions',
    );
    assert.equal(await inPot(potId), 1_100);
    const wager = is(await server.get(`/v1/wagers/${stake.wagerId}`), 200);
    assert.deepEqual([wager['contributions'], wager['jackpots']], [stake.contributions, []]);
    is(await server.post(`/v1/wagers/${stake.wagerId}/rollback`, { rollbackId: fresh('rb') }), 200);
    assert.equal(await inPot(potId), 1_000);
  });

  it('contributes out of a play, and nothing out of a free round', async () => {
    const [potId, player] = [await aPot(), await server.aPlayer()];
    const play = { ...stakeOf(player), settlementId: fresh('s'), payout: 0 };
    const contributions = [{ potId, amount: 5 }];
    is(await server.post(`/v1/rounds/${fresh('r')}/play`, { ...play, contributions }), 201);
    const free = { ...stakeOf(player, fresh('w'), 0), contributions };
    is(await server.post(`/v1/rounds/${fresh('r')}/wagers`, free), 400, 'invalid_request');
    assert.equal(await inPot(potId), 1_005);
  });

  for (const as of GAMES) {
    it(`pays a win from a pot, corrects it and takes it back (${as === 'game' ? 'by workflow' : 'directly'})`, async () => {
      const [potId, player, round] = [await aPot(), await server.aPlayer(), fresh('r')];
      const stake = { ...stakeOf(player), contributions: [{ potId, amount: 10 }] };
      const { wagerId } = stake;
      is(await server.post(`/v1/rounds/${round}/wagers`, stake, as), 201);
      const path = `/v1/rounds/${round}/settlement`;
      const outcomes = (amount: number) => [{ wagerId, payout: 50, jackpot: { potId, amount } }];
      const tooMuch = { settlementId: fresh('s'), outcomes: outcomes(1_011) };
      const refused = await server.post(path, tooMuch, as);
      assert.deepEqual(
        (is(refused, 422, 'insufficient_funds')['errors'] as object[]).map((error) => ({
          ...error,
          detail: '',
        })),
        [{ pointer: '/outcomes/0/jackpot/amount', code: 'insufficient_funds', detail: '' }],
      );
      assert.ok(replayed(await server.post(path, tooMuch, as)));
      const unknown = {
        settlementId: fresh('s'),
        outcomes: [{ wagerId, payout: 0, jackpot: { potId: 'none', amount: 1 } }],
      };
      is(await server.post(path, unknown, as), 404, 'not_found');
      const settlement = { settlementId: fresh('s'), outcomes: outcomes(1_010) };
      const first = await server.post(path, settlement, as);
      const { status, totals, balances } = is(first, 200);
      assert.deepEqual(
        [status, totals, balances],
        [
          'done',
          [{ currency: 'SEK', paid: 1_060, takenBack: 0, receivable: 0 }],
          [{ playerId: player, currency: 'SEK', cash: 1_960 }],
        ],
      );
      const again = await server.post(path, settlement, as);
      assert.deepEqual([again.text, replayed(again)], [first.text, true]);
      assert.equal(await inPot(potId), 1_000);
      const wager = is(await server.get(`/v1/wagers/${wagerId}`, as), 200);
      assert.deepEqual([wager['payout'], wager['jackpots']], [50, [{ potId, amount: 1_010 }]]);
      const less = { settlementId: fresh('s'), outcomes: outcomes(510) };
      is(await server.post(`/v1/rounds/${round}/resettlement`, less, as), 200);
      assert.equal(await inPot(potId), 1_000);
      is(await server.post(`/v1/rounds/${round}/void`, { voidId: fresh('v'), reason: 'a test' }, as), 200);
      assert.equal(await inPot(potId), 1_000);
      const { balances: after } = is(await server.get(`/v1/players/${player}/balance`), 200);
      assert.equal((after as { cash: number }[])[0]?.cash, 1_000);
    });
  }
});
