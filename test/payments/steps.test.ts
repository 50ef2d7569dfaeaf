import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { attemptKey, type WithdrawalStep } from '../../contract/payments.ts';
import type { DepositEvent, DepositState } from '../../contract/states/deposit.ts';
import type { WithdrawalEvent, WithdrawalState } from '../../contract/states/withdrawal.ts';
import { openDeposit, openWithdrawal, stepDeposit, stepWithdrawal } from '../../payments/index.ts';
import { award, register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { money, terms } from './aWebhookQueue.ts';

/** What each step moves is in docs/ledger.md and tried by test/ledger/recipes.test.ts; here is what a repeat does. */
describe('a step of a payment', () => {
  let db: TestDatabase;
  before(async () => (db = await testDatabase()));
  afterEach(() => checkInvariants(db.owner));
  after(() => db.drop());

  async function aPlayer(cash = 50_000n): Promise<string> {
    const playerId = `p-${randomUUID()}`;
    await register(db.pool, { playerId, jurisdiction: 'MT', currencies: ['SEK'] });
    const gift = { clientId: 'game', awardId: randomUUID(), playerId, currency: 'SEK', amount: cash };
    await award(db.pool, { ...gift, request: {}, objection: null });
    return playerId;
  }

  async function balances(playerId: string): Promise<Record<string, bigint>> {
    const { rows } = await db.pool.query<{ kind: string; posted: bigint }>(
      'select kind, posted from ledger.accounts where owner = $1 and posted <> 0',
      [playerId],
    );
    return Object.fromEntries(rows.map(({ kind, posted }) => [kind, posted]));
  }

  const common = (playerId: string) => ({
    clientId: 'cashier',
    playerId,
    money,
    request: {},
    objection: null,
  });

  async function aDeposit(playerId: string) {
    const depositId = randomUUID();
    const method = { type: 'card', token: 't' };
    const input = {
      ...common(playerId),
      depositId,
      method,
      returnUrl: 'https://x.example',
      expiresInMs: 60_000,
    };
    await openDeposit(db.pool, input, `deposit/${depositId}`, terms);
    return (seq: number, event: DepositEvent, to: DepositState) =>
      stepDeposit(db.pool, { depositId, seq, event, to, provider: 'nordpay' });
  }

  async function aWithdrawal(playerId: string) {
    const withdrawalId = randomUUID();
    const input = { ...common(playerId), withdrawalId, destination: { type: 'bank', account: 'x' } };
    const opened = await openWithdrawal(db.pool, input, `withdrawal/${withdrawalId}`, terms);
    const step = (
      seq: number,
      event: WithdrawalEvent,
      to: WithdrawalState,
      more: Partial<WithdrawalStep> = {},
    ) =>
      stepWithdrawal(db.pool, {
        ...{ withdrawalId, seq, event, to, by: 'countroom', attempt: 1, provider: 'nordpay' },
        ...more,
      });
    const submit = () => {
      const facts = { nextAttempt: 1, nextProvider: 'nordpay', nextKey: attemptKey(withdrawalId, 1) };
      return step(1, 'checks_passed', 'submitting', { attempt: 0, provider: '', facts });
    };
    return { withdrawalId, input, opened, step, submit };
  }

  const eventsOf = async (id: string) => {
    const { rows } = await db.pool.query<{ event: string }>(
      'select event from payments.events where id = $1 order by seq',
      [id],
    );
    return rows.map(({ event }) => event);
  };

  it('credits a deposit once, however often and however many at once ask for it', async () => {
    const playerId = await aPlayer(1n);
    const step = await aDeposit(playerId);
    const answers = await Promise.all(Array.from({ length: 20 }, () => step(1, 'captured', 'credited')));
    assert.equal(new Set(answers.map(({ at }) => at)).size, 1, 'all hear of the same moment');
    assert.deepEqual(await balances(playerId), { player_cash: 10_001n });
  });

  it('answers what is written under its number, where another is asked for now', async () => {
    const playerId = await aPlayer();
    const { withdrawalId, step, submit } = await aWithdrawal(playerId);
    await submit();
    await step(2, 'refused', 'needs_attention', { reason: 'account_closed' });
    const key = { idempotencyKey: 'k-1' };
    const cancelled = await step(3, 'cancel', 'cancelled', { by: 'anna', reason: 'asked', facts: key });
    const later = await step(3, 'paid', 'paid');
    assert.deepEqual(later, cancelled);
    const { event, by, facts } = later;
    assert.deepEqual([event, by, facts.idempotencyKey, facts.attempt], ['cancel', 'anna', 'k-1', 1]);
    assert.deepEqual(await balances(playerId), { player_cash: 50_000n });
    assert.deepEqual(await eventsOf(withdrawalId), ['held', 'checks_passed', 'refused', 'cancel']);
  });

  it('of a deposit too: expired stays expired, and the money that came has a step of its own', async () => {
    const playerId = await aPlayer(1n);
    const step = await aDeposit(playerId);
    await step(1, 'expired', 'expired');
    assert.equal((await step(1, 'captured', 'credited')).event, 'expired');
    assert.deepEqual(await balances(playerId), { player_cash: 1n });
    await step(2, 'captured', 'credited');
    assert.deepEqual(await balances(playerId), { player_cash: 10_001n });
  });

  it('that its ledger refuses is written down as refused, moves nothing, and is answered so again', async () => {
    const playerId = await aPlayer(9_007_199_254_740_000n);
    const step = await aDeposit(playerId);
    const first = await step(1, 'captured', 'credited');
    assert.equal(first.refused, 'amount_too_large');
    assert.deepEqual(await step(1, 'captured', 'credited'), first);
    await step(2, 'credit_refused', 'needs_attention');
    assert.deepEqual(await balances(playerId), { player_cash: 9_007_199_254_740_000n });
  });

  it('holds the money of a withdrawal once, and refuses one that is not there, for good', async () => {
    const playerId = await aPlayer(10_000n);
    const { input } = await aWithdrawal(playerId);
    const again = await openWithdrawal(db.pool, input, 'w', terms);
    assert.equal(again.outcome, 'opened');
    assert.deepEqual(await balances(playerId), { player_held: 10_000n });
    const second = await aWithdrawal(playerId);
    assert.deepEqual(second.opened, { outcome: 'refused', code: 'insufficient_funds' });
    const gift = { clientId: 'game', awardId: randomUUID(), playerId, currency: 'SEK', amount: 90_000n };
    await award(db.pool, { ...gift, request: {}, objection: null });
    assert.deepEqual(await openWithdrawal(db.pool, second.input, 'w', terms), second.opened);
    const other = { ...second.input, request: { amount: 7 } };
    assert.deepEqual(await openWithdrawal(db.pool, other, 'w', terms), {
      outcome: 'refused',
      code: 'idempotency_conflict',
    });
  });

  it('leaves no hold behind, whichever way a withdrawal ends', async () => {
    const ways: [WithdrawalEvent, WithdrawalState][][] = [
      [
        ['accepted', 'submitted'],
        ['paid', 'paid'],
      ],
      [['paid', 'paid']],
      [
        ['unknown', 'unknown'],
        ['mark-paid', 'paid'],
      ],
      [
        ['refused', 'needs_attention'],
        ['cancel', 'cancelled'],
      ],
      [
        ['accepted', 'submitted'],
        ['refused', 'needs_attention'],
        ['cancel', 'cancelled'],
      ],
      [
        ['accepted', 'submitted'],
        ['refused', 'needs_attention'],
        ['mark-paid', 'paid'],
      ],
      [
        ['unknown', 'unknown'],
        ['declare-unpaid', 'needs_attention'],
        ['paid', 'paid'],
      ],
      [
        ['accepted', 'submitted'],
        ['paid', 'paid'],
        ['returned', 'returned'],
        ['cancel', 'cancelled'],
      ],
    ];
    for (const way of ways) {
      const playerId = await aPlayer(10_000n);
      const { step, submit, withdrawalId } = await aWithdrawal(playerId);
      await submit();
      for (const [nth, [event, to]] of way.entries()) {
        assert.equal((await step(nth + 2, event, to)).refused, null);
        await step(nth + 2, event, to);
      }
      const said = way.map(([event]) => event).join(', ');
      const back = way.at(-1)?.[1] === 'cancelled';
      assert.deepEqual(await balances(playerId), back ? { player_cash: 10_000n } : {}, said);
      const { rows } = await db.owner.query(
        `select from ledger.holds where state = 'open' and business_id = $1`,
        [`withdrawal/${withdrawalId}`],
      );
      assert.equal(rows.length, 0, said);
    }
  });
});
