import assert from 'node:assert/strict';
import { captureHold, expireHold, voidHold, type Capture } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, MOST, refusal, violates } from './aLedger.ts';

const inFlight = { kind: 'payouts_in_flight', owner: 'nordpay' };

describe('a hold', () => {
  const ledger = aLedger();

  const capture = (holdId: string, more: Partial<Capture> = {}) =>
    captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId, to: inFlight, ...more });
  const release = (holdId: string) => voidHold(ledger.pool, aDeed('withdrawal_release', holdId));
  const expire = (holdId: string) => expireHold(ledger.pool, aDeed('withdrawal_release', holdId));
  const placed = async (player: string, amount: bigint, expiresAt?: Date) => {
    const deed = aDeed('withdrawal_hold');
    await applied(ledger.hold(player, amount, expiresAt ? { ...deed, expiresAt } : deed));
    return deed.id;
  };
  const money = async (player: string) => [await ledger.cash(player), await ledger.held(player)];

  it('moves cash to where no stake reaches it', async () => {
    const player = await ledger.player(1_000n);
    const verdict = await applied(ledger.hold(player, 600n));
    assert.equal(verdict.balance, 400n);
    assert.deepEqual(await money(player), [400n, 600n]);
    assert.equal(await refusal(ledger.stake(player, 401n)), 'insufficient_funds');
    assert.equal(await refusal(ledger.hold(player, 401n)), 'insufficient_funds');
  });

  it('is answered the same when repeated, and is a conflict with another amount', async () => {
    const player = await ledger.player(1_000n);
    const deed = aDeed('withdrawal_hold');
    const first = await applied(ledger.hold(player, 600n, deed));
    await ledger.stake(player, 100n);
    assert.deepEqual(await ledger.hold(player, 600n, deed), { ...first, replayed: true });
    assert.equal(await refusal(ledger.hold(player, 599n, deed)), 'idempotency_conflict');
    assert.equal(
      await refusal(ledger.hold(player, 600n, { ...deed, expiresAt: new Date() })),
      'idempotency_conflict',
    );
    assert.deepEqual(await money(player), [300n, 600n]);
  });

  it('holds something, of a player', async () => {
    const player = await ledger.player(1_000n);
    for (const amount of [0n, -1n])
      await assert.rejects(ledger.hold(player, amount), violates('legs_make_sense'));
    await assert.rejects(
      ledger.pool.query(
        `select ledger.hold(gen_random_uuid(), 'withdrawal_hold', 'w', now(), $1, 'SEK', null)`,
        [player],
      ),
      violates('legs_make_sense'),
    );
    await assert.rejects(
      ledger.hold(player, 10n, { from: { kind: 'player_cash', owner: await ledger.player(10n) } }),
      violates('legs_make_sense'),
    );
    await assert.rejects(
      ledger.hold(player, 10n, { from: { kind: 'player_held', owner: player } }),
      violates('legs_make_sense'),
    );
    assert.equal(await refusal(ledger.hold('nobody', 10n)), 'account_not_found');
  });

  it('takes its money from payouts in flight when a provider refuses late', async () => {
    const player = await ledger.player(500n);
    await applied(capture(await placed(player, 500n)));
    await applied(ledger.hold(player, 500n, { from: inFlight }));
    assert.deepEqual(await money(player), [0n, 500n]);
    assert.equal(await ledger.posted('payouts_in_flight', 'nordpay'), 0n);
  });

  describe('when captured', () => {
    it('pays all of it out', async () => {
      const player = await ledger.player(1_000n);
      const verdict = await applied(capture(await placed(player, 600n)));
      assert.equal(verdict.balance, 400n);
      assert.deepEqual(await ledger.entries(verdict.transferId), {
        'payouts_in_flight:nordpay': 600n,
        [`player_held:${player}`]: -600n,
      });
    });

    it('gives the rest back, or keeps it for more', async () => {
      const player = await ledger.player(1_000n);
      const id = await placed(player, 600n);
      await applied(capture(id, { amount: 100n, release: false }));
      assert.deepEqual(await money(player), [400n, 500n]);
      await applied(capture(id, { amount: 200n }));
      assert.deepEqual(await money(player), [700n, 0n]);
      assert.equal(await refusal(capture(id, { amount: 1n })), 'hold_already_captured');
    });

    it('ends when the last part of it is captured', async () => {
      const player = await ledger.player(600n);
      const id = await placed(player, 600n);
      await applied(capture(id, { amount: 400n, release: false }));
      assert.equal(await refusal(capture(id, { amount: 201n })), 'hold_exceeded');
      await applied(capture(id, { amount: 200n, release: false }));
      assert.equal(await refusal(capture(id)), 'hold_already_captured');
    });

    it('is answered the same when repeated, with the balance as it was', async () => {
      const player = await ledger.player(1_000n);
      const id = await placed(player, 600n);
      const deed = aDeed('payout_submitted');
      const first = await applied(capture(id, deed));
      await ledger.stake(player, 100n);
      assert.deepEqual(await capture(id, deed), { ...first, replayed: true });
      assert.equal(await refusal(capture(id, { ...deed, amount: 600n })), 'idempotency_conflict');
      assert.equal(await refusal(ledger.stake(player, 1n, deed.id)), 'idempotency_conflict');
    });

    it('is refused for a hold that is not known, for now', async () => {
      const player = await ledger.player(600n);
      const [hold, deed] = [aDeed('withdrawal_hold'), aDeed('payout_submitted')];
      assert.equal(await refusal(capture(hold.id, deed)), 'hold_not_found');
      await applied(ledger.hold(player, 600n, hold));
      await applied(capture(hold.id, deed));
    });

    it('takes something, to somewhere else', async () => {
      const player = await ledger.player(600n);
      const id = await placed(player, 600n);
      for (const amount of [0n, -5n])
        await assert.rejects(capture(id, { amount }), violates('legs_make_sense'));
      await assert.rejects(
        capture(id, { to: { kind: 'player_held', owner: player } }),
        violates('legs_make_sense'),
      );
      await assert.rejects(
        capture(id, { to: { kind: 'player_cash', owner: await ledger.player() } }),
        violates('legs_make_sense'),
      );
      assert.deepEqual(await money(player), [0n, 600n]);
    });
  });

  describe('when voided', () => {
    it('gives what is left back, once', async () => {
      const player = await ledger.player(1_000n);
      const id = await placed(player, 600n);
      await applied(capture(id, { amount: 100n, release: false }));
      const first = await applied(release(id));
      assert.equal(first.balance, 900n);
      await ledger.stake(player, 50n);
      assert.deepEqual(await release(id), { ...first, replayed: true });
      assert.deepEqual(await money(player), [850n, 0n]);
      assert.equal(await refusal(capture(id)), 'hold_already_voided');
    });

    it('is refused after it was captured', async () => {
      const player = await ledger.player(600n);
      const id = await placed(player, 600n);
      await applied(capture(id));
      assert.equal(await refusal(release(id)), 'hold_already_captured');
      assert.deepEqual(await money(player), [0n, 0n]);
    });

    it('before it was placed, leaves a tombstone that refuses it when it comes, for ever', async () => {
      const player = await ledger.player(600n);
      const deed = aDeed('withdrawal_hold');
      const tombstone = await applied(release(deed.id));
      assert.deepEqual([tombstone.replayed, tombstone.transferId], [false, null]);
      assert.equal((await applied(release(deed.id))).replayed, true);
      const late = await ledger.hold(player, 600n, deed);
      assert(late.outcome === 'refused');
      assert.equal(late.code, 'hold_already_voided');
      assert.deepEqual(await ledger.hold(player, 600n, deed), { ...late, replayed: true });
      assert.deepEqual(await money(player), [600n, 0n]);
    });

    it('after it was refused, changes nothing: a repeat of the hold is refused as the first time', async () => {
      const player = await ledger.player(5n);
      const deed = aDeed('withdrawal_hold');
      assert.equal(await refusal(ledger.hold(player, 600n, deed)), 'insufficient_funds');
      assert.equal((await applied(release(deed.id))).transferId, null);
      await ledger.deposit(player, 1_000n);
      assert.equal(await refusal(ledger.hold(player, 600n, deed)), 'insufficient_funds');
      assert.deepEqual(await money(player), [1_005n, 0n]);
    });

    it('can be tried again where the cash was too full to take it back', async () => {
      const player = await ledger.player(MOST);
      const id = await placed(player, 10n);
      await ledger.deposit(player, 10n);
      assert.equal(await refusal(release(id)), 'amount_too_large');
      await ledger.stake(player, 10n);
      await applied(release(id));
      assert.deepEqual(await money(player), [MOST, 0n]);
    });
  });

  describe('when its time is over', () => {
    const past = new Date(Date.now() - 1_000);

    it('still stands, until it is expired', async () => {
      const player = await ledger.player(600n);
      const id = await placed(player, 600n, past);
      assert.deepEqual(await money(player), [0n, 600n]);
      await applied(expire(id));
      assert.deepEqual(await money(player), [600n, 0n]);
      assert.equal(await refusal(capture(id)), 'hold_already_expired');
      assert.equal((await applied(expire(id))).replayed, true);
      assert.equal((await applied(release(id))).replayed, true);
      assert.deepEqual(await money(player), [600n, 0n]);
    });

    it('is not expired before, nor without a time, nor after it was captured', async () => {
      const player = await ledger.player(600n);
      assert.equal(await refusal(expire(await placed(player, 100n))), 'hold_not_expired');
      assert.equal(
        await refusal(expire(await placed(player, 100n, new Date(Date.now() + 60_000)))),
        'hold_not_expired',
      );
      const captured = await placed(player, 100n, past);
      await applied(capture(captured));
      assert.equal(await refusal(expire(captured)), 'hold_already_captured');
      assert.equal(await refusal(expire(aDeed('withdrawal_hold').id)), 'hold_not_found');
    });
  });
});
