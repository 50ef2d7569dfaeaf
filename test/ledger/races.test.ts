import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { captureHold, post, postAll, reverse } from '../../ledger/index.ts';
import { inTransaction } from '../../ops/postgres.ts';
import { aDeed, aLedger, applied, hundred, leg, refusal, stakeLegs, tally } from './aLedger.ts';

const to = { kind: 'payouts_in_flight', owner: 'nordpay' };

describe('a hundred at once', () => {
  const ledger = aLedger();
  const answers = async (work: (n: number) => ReturnType<typeof ledger.stake>) => tally(await hundred(work));

  it('spend no coin twice', async () => {
    const player = await ledger.player(35n);
    assert.deepEqual(await answers(() => ledger.stake(player, 1n)), { applied: 35, insufficient_funds: 65 });
    assert.equal(await ledger.cash(player), 0n);
  });

  it('deliveries of one stake take it once, and all hear the same balance', async () => {
    const player = await ledger.player(1_000n);
    const id = randomUUID();
    const verdicts = await hundred(() => applied(ledger.stake(player, 300n, id)));
    assert.equal(verdicts.filter(({ replayed }) => !replayed).length, 1);
    assert.deepEqual(new Set(verdicts.map(({ balance }) => balance)), new Set([700n]));
    assert.equal(await ledger.cash(player), 700n);
  });

  it('deliveries of one stake that is refused hear the same refusal, while deposits come in', async () => {
    const player = await ledger.player(10n);
    const id = randomUUID();
    await ledger.stake(player, 11n, id);
    const verdicts = await Promise.all([
      ...Array.from({ length: 50 }, () => ledger.stake(player, 11n, id)),
      ...Array.from({ length: 50 }, () => ledger.deposit(player, 1n)),
    ]);
    assert.equal(verdicts.filter((verdict) => verdict.outcome === 'refused').length, 50);
    assert.equal(await ledger.cash(player), 60n);
  });

  it('reversals and batches that name the same ids never wait for each other', async () => {
    const player = await ledger.player(1_000n);
    const stake = { ...aDeed('stake'), legs: stakeLegs(player, 100n) };
    await post(ledger.pool, stake);
    await hundred(async () => {
      const deed = aDeed('reversal');
      const again = { ...deed, legs: stakeLegs(player, 1n) };
      await Promise.all([
        reverse(ledger.pool, { ...deed, transferId: stake.id, amount: 1n }),
        postAll(ledger.pool, [stake, again]),
      ]);
    });
  });

  it('contents under one id: one is settled, all others are conflicts, whatever their accounts and funds', async () => {
    const players = await Promise.all(
      Array.from({ length: 4 }, (_, n) => ledger.player(n % 2 === 0 ? 100n : 0n)),
    );
    const id = randomUUID();
    const counts = await answers((n) => ledger.stake(players[n % 4]!, 10n, id));
    const settled =
      (counts['applied'] ?? 0) + (counts['insufficient_funds'] ?? 0) + (counts['replayed'] ?? 0);
    assert.equal(counts['idempotency_conflict'], 75);
    assert.equal(settled, 25);
    assert.ok((counts['applied'] ?? 0) <= 1);
  });

  it('stakes and holds see each other in the check of funds', async () => {
    const player = await ledger.player(50n);
    await answers((n) => (n % 2 === 0 ? ledger.stake(player, 1n) : ledger.hold(player, 1n)));
    assert.equal(await ledger.cash(player), 0n);
  });

  it('first uses of a house account open it once', async () => {
    const players = await Promise.all(Array.from({ length: 10 }, () => ledger.player(1_000n, 'DKK')));
    await hundred((n) => {
      const legs = [
        leg('player_cash', players[n % 10]!, -1n, 'DKK'),
        leg('stakes_in_play', 'house', 1n, 'DKK'),
      ];
      return applied(post(ledger.pool, { ...aDeed('stake'), legs }));
    });
    assert.equal(await ledger.posted('stakes_in_play', 'house', 'DKK'), 100n);
  });

  it('transfers over the same accounts, named in opposite order, do not wait for each other', async () => {
    const players = await Promise.all([ledger.player(1_000n), ledger.player(1_000n)]);
    await hundred((n) => {
      const legs = stakeLegs(players[n % 2]!, 1n);
      return applied(post(ledger.pool, { ...aDeed('stake'), legs: n % 3 === 0 ? legs.reverse() : legs }));
    });
  });

  it('batches of another room do not deadlock with single stakes when they lock first', async () => {
    const players = await Promise.all(Array.from({ length: 8 }, () => ledger.player(1_000n)));
    await hundred(async (n) => {
      if (n % 4 !== 0) {
        await applied(ledger.stake(players[n % 8]!, 1n));
        return;
      }
      const batch = n % 8 === 0 ? players : players.toReversed();
      await inTransaction(ledger.pool, async (tx) => {
        await tx.query(
          `select ledger.lock_accounts(array(select row('player_cash', player, 'SEK', 0, 0)::ledger.leg from unnest($1::text[]) player)
             || array[row('stakes_in_play', 'house', 'SEK', 0, 0)]::ledger.leg[])`,
          [batch],
        );
        for (const player of batch)
          await applied(post(tx, { ...aDeed('stake'), legs: stakeLegs(player, 1n) }));
      });
    });
  });

  it('first uses of the accounts of the house do not wait for each other in a circle', async () => {
    const players = await Promise.all(Array.from({ length: 20 }, () => ledger.player(1_000n, 'EUR')));
    const inEuro = (kind: string, owner: string, amount: bigint) => leg(kind, owner, amount, 'EUR');
    const stake = (player: string) => [
      inEuro('player_cash', player, -1n),
      inEuro('stakes_in_play', 'house', 1n),
    ];
    await applied(post(ledger.pool, { ...aDeed('stake'), legs: stake(players[0]!) }));
    // Each has written its bucket of the stakes when it is the first to need the other account.
    await Promise.all(
      players.map((player) =>
        inTransaction(ledger.pool, async (tx) => {
          await applied(post(tx, { ...aDeed('stake'), legs: stake(player) }));
          const win = [
            inEuro('player_cash', player, 5n),
            inEuro('stakes_in_play', 'house', -1n),
            inEuro('house_gaming', 'house', -4n),
          ];
          await applied(post(tx, { ...aDeed('settlement'), legs: win }));
        }),
      ),
    );
  });

  it('a stake waits for one that is under way, and is judged by what that leaves', async () => {
    const player = await ledger.player(100n);
    const tx = await ledger.pool.connect();
    try {
      await tx.query('begin');
      await applied(post(tx, { ...aDeed('stake'), legs: stakeLegs(player, 80n) }));
      const second = refusal(ledger.stake(player, 80n));
      await tx.query('commit');
      assert.equal(await second, 'insufficient_funds');
    } finally {
      tx.release();
    }
  });

  it('a repeat waits for the first, and is new where the first was rolled back', async () => {
    const player = await ledger.player(100n);
    const id = randomUUID();
    const tx = await ledger.pool.connect();
    try {
      await tx.query('begin');
      await applied(post(tx, { ...aDeed('stake', id), legs: stakeLegs(player, 80n) }));
      const second = applied(ledger.stake(player, 80n, id));
      await tx.query('rollback');
      assert.equal((await second).replayed, false);
    } finally {
      tx.release();
    }
    assert.equal(await ledger.cash(player), 20n);
  });
});

describe('a pool of one connection', () => {
  const ledger = aLedger({ poolSize: 1 });

  it('serves a hundred stakes, holds and captures: none takes a second connection while it has the first', async () => {
    const player = await ledger.player(300n);
    await hundred(async (n) => {
      if (n % 2 === 0) {
        await applied(ledger.stake(player, 1n));
        return;
      }
      const { transferId } = await applied(ledger.hold(player, 2n));
      await applied(captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId: transferId!, to }));
    });
    assert.equal(await ledger.cash(player), 150n);
  });
});
