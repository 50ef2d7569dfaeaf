import assert from 'node:assert/strict';
import { captureHold, captureHolds, voidHold } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, hundred, refusal, tally } from './aLedger.ts';

const to = { kind: 'payouts_in_flight', owner: 'nordpay' };

describe('a hundred at once, of one hold', () => {
  const ledger = aLedger();
  const answers = async (work: (n: number) => ReturnType<typeof ledger.stake>) => tally(await hundred(work));
  const placed = async (player: string, amount: bigint) =>
    (await applied(ledger.hold(player, amount))).transferId!;

  it('captures of one hold pay it out once', async () => {
    const player = await ledger.player(100n);
    const holdId = await placed(player, 100n);
    const before = await ledger.posted('payouts_in_flight', 'nordpay');
    const counts = await answers(() =>
      captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId, to }),
    );
    assert.deepEqual(counts, { applied: 1, hold_already_captured: 99 });
    assert.equal((await ledger.posted('payouts_in_flight', 'nordpay')) - before, 100n);
  });

  it('partial captures never exceed the hold', async () => {
    const player = await ledger.player(100n);
    const holdId = await placed(player, 70n);
    const counts = await answers(() =>
      captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId, to, amount: 20n, release: false }),
    );
    assert.deepEqual(counts, { applied: 3, hold_exceeded: 97 });
    assert.equal(await ledger.held(player), 10n);
  });

  it('repeats and captures of a hold that was refused leave it refused, while deposits come in', async () => {
    const player = await ledger.player(10n);
    const deed = aDeed('withdrawal_hold');
    assert.equal(await refusal(ledger.hold(player, 50n, deed)), 'insufficient_funds');
    const counts = await answers((n) => {
      if (n % 4 === 0) return ledger.deposit(player, 10n);
      if (n % 4 === 1) return ledger.hold(player, 50n, deed);
      return captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId: deed.id, to });
    });
    assert.deepEqual(counts, { applied: 25, insufficient_funds: 25, hold_not_found: 50 });
    assert.deepEqual([await ledger.cash(player), await ledger.held(player)], [260n, 0n]);
  });

  it('a batch of captures finds a hold that is placed meanwhile for all that name it, or for none', async () => {
    await hundred(async () => {
      const player = await ledger.player(100n);
      const deed = aDeed('withdrawal_hold');
      const captures = Array.from({ length: 10 }, () => ({
        ...aDeed('payout_submitted'),
        ...{ holdId: deed.id, to, amount: 1n, release: false },
      }));
      const placing = ledger.hold(player, 50n, deed);
      const outcomes = (await captureHolds(ledger.pool, captures)).map(({ outcome }) => outcome);
      await placing;
      assert.equal(new Set(outcomes).size, 1, outcomes.join(', '));
    });
  });

  it('voids of one hold give it back once', async () => {
    const player = await ledger.player(100n);
    const holdId = await placed(player, 100n);
    assert.deepEqual(await answers(() => voidHold(ledger.pool, aDeed('withdrawal_release', holdId))), {
      applied: 1,
      replayed: 99,
    });
    assert.equal(await ledger.cash(player), 100n);
  });

  it('captures and voids of one hold: one side wins, and the money goes one way', async () => {
    for (let round = 0; round < 5; round++) {
      const player = await ledger.player(100n);
      const holdId = await placed(player, 100n);
      const before = await ledger.posted('payouts_in_flight', 'nordpay');
      await hundred((n) =>
        n % 2 === 0
          ? captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId, to })
          : voidHold(ledger.pool, aDeed('withdrawal_release', holdId)),
      );
      const out = (await ledger.posted('payouts_in_flight', 'nordpay')) - before;
      assert.equal(out + (await ledger.cash(player)), 100n);
      assert.ok(out === 0n || out === 100n);
      assert.equal(await ledger.held(player), 0n);
    }
  });

  it('holds and their voids in any order leave no money held, and no hold comes back to life', async () => {
    const player = await ledger.player(100n);
    const holds = Array.from({ length: 20 }, () => aDeed('withdrawal_hold'));
    await hundred((n) => {
      const deed = holds[n % 20]!;
      return n % 5 < 2
        ? voidHold(ledger.pool, { ...deed, code: 'withdrawal_release' })
        : ledger.hold(player, 7n, deed);
    });
    await Promise.all(holds.map((deed) => voidHold(ledger.pool, { ...deed, code: 'withdrawal_release' })));
    assert.deepEqual([await ledger.cash(player), await ledger.held(player)], [100n, 0n]);
    for (const deed of holds) {
      await ledger.hold(player, 7n, deed);
      assert.equal(await ledger.held(player), 0n);
    }
  });
});
