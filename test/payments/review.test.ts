import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openDeposit, openWithdrawal, reviewReason, stepDeposit } from '../../payments/index.ts';
import { award, register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { money, terms } from './aWebhookQueue.ts';

const OFF = { withdrawalsPerHour: 3, playedThroughPercent: 0, closedLoop: false };

describe('a withdrawal that a person should look at', () => {
  let db: TestDatabase;
  before(async () => (db = await testDatabase()));
  afterEach(() => checkInvariants(db.owner));
  after(() => db.drop());

  async function aPlayer(cash = 100_000n): Promise<string> {
    const playerId = `p-${randomUUID()}`;
    await register(db.pool, { playerId, jurisdiction: 'MT', currencies: ['SEK'] });
    const gift = { clientId: 'game', awardId: randomUUID(), playerId, currency: 'SEK', amount: cash };
    await award(db.pool, { ...gift, request: {}, objection: null });
    return playerId;
  }

  const common = (playerId: string) => ({ clientId: 'cashier', playerId, money, objection: null });

  /** 100.00 from a card. */
  async function deposited(playerId: string, token: string): Promise<void> {
    const depositId = randomUUID();
    const method = { type: 'card', token };
    const more = { method, returnUrl: 'https://x.example', expiresInMs: 60_000, request: { method } };
    await openDeposit(db.pool, { ...common(playerId), ...more, depositId }, `deposit/${depositId}`, terms);
    const step = { event: 'captured', to: 'credited', provider: 'nordpay' } as const;
    await stepDeposit(db.pool, { depositId, seq: 1, ...step });
  }

  /** 100.00. */
  async function withdrawal(playerId: string, account = 'SE35', type = 'bank'): Promise<string> {
    const withdrawalId = randomUUID();
    const input = { ...common(playerId), withdrawalId, destination: { type, account }, request: {} };
    const opened = await openWithdrawal(db.pool, input, `withdrawal/${withdrawalId}`, terms);
    assert.equal(opened.outcome, 'opened');
    return withdrawalId;
  }

  const staked = (playerId: string, amount: number) =>
    db.owner.query(
      `select ledger.post(gen_random_uuid(), 'stake', 'wager/x', now(), array[
         row('player_cash', $1::text, 'SEK', -$2::bigint, 0), row('stakes_in_play', 'house', 'SEK', $2::bigint, 0)]::ledger.leg[])`,
      [playerId, amount],
    );

  it('is one of more than so many of its player in an hour', async () => {
    const playerId = await aPlayer();
    const reasons = [];
    for (let n = 0; n < 4; n++) reasons.push(await reviewReason(db.pool, await withdrawal(playerId), OFF));
    assert.deepEqual(reasons, [null, null, null, 'velocity']);
  });

  it('is one of a player who owes', async () => {
    const playerId = await aPlayer();
    const id = await withdrawal(playerId);
    assert.equal(await reviewReason(db.pool, id, OFF), null);
    await db.owner.query(
      `select ledger.post_net(gen_random_uuid(), 'chargeback', 'deposit/x', now(), $1::text, 'SEK', -200000::bigint,
         array[row('provider_clearing', 'nordpay', 'SEK', 200000, 0)::ledger.leg], false)`,
      [playerId],
    );
    assert.equal(await reviewReason(db.pool, id, OFF), 'player_owes');
  });

  it('is, where that is switched on, one of money that was not played with', async () => {
    const rules = { ...OFF, playedThroughPercent: 100 };
    const playerId = await aPlayer();
    const id = await withdrawal(playerId);
    assert.equal(await reviewReason(db.pool, id, rules), null, 'nothing was deposited');
    await deposited(playerId, 'card-1');
    assert.equal(await reviewReason(db.pool, id, OFF), null);
    await staked(playerId, 9_999);
    assert.equal(await reviewReason(db.pool, id, rules), 'not_played_through');
    await staked(playerId, 1);
    assert.equal(await reviewReason(db.pool, id, rules), null);
    assert.equal(
      await reviewReason(db.pool, id, { ...OFF, playedThroughPercent: 101 }),
      'not_played_through',
    );
  });

  it('is, where that is switched on, one to somewhere no deposit came from, until those are paid back', async () => {
    const rules = { ...OFF, closedLoop: true };
    const playerId = await aPlayer();
    assert.equal(
      await reviewReason(db.pool, await withdrawal(playerId), rules),
      null,
      'nothing was deposited',
    );
    await deposited(playerId, 'card-1');
    const elsewhere = await withdrawal(playerId);
    assert.equal(await reviewReason(db.pool, elsewhere, rules), 'closed_loop');
    assert.equal(await reviewReason(db.pool, elsewhere, OFF), null);
    const back = await withdrawal(playerId, 'card-1', 'card');
    assert.equal(await reviewReason(db.pool, back, rules), null);
    await db.owner.query(`update payments.withdrawals set state = 'paid' where withdrawal_id = $1`, [back]);
    assert.equal(await reviewReason(db.pool, elsewhere, rules), null, 'the card has its money back');
    await db.owner.query(`update payments.withdrawals set state = 'held' where withdrawal_id = $1`, [back]);
  });
});
