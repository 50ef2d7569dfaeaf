import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openPlayer, post, trialBalance } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, leg, MOST, refusal, stakeLegs } from './aLedger.ts';

describe('a transfer', () => {
  const ledger = aLedger();

  it('takes a stake from the player into play, and answers the cash that is left', async () => {
    const player = await ledger.player(1_000n);
    const verdict = await applied(ledger.stake(player, 300n));
    assert.equal(verdict.balance, 700n);
    assert.equal(verdict.replayed, false);
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      [`player_cash:${player}`]: -300n,
      'stakes_in_play:house': 300n,
    });
  });

  it('answers a repeat with the balance as it was, and moves nothing', async () => {
    const player = await ledger.player(1_000n);
    const id = randomUUID();
    const first = await applied(ledger.stake(player, 300n, id));
    await ledger.stake(player, 500n);
    const again = await applied(ledger.stake(player, 300n, id));
    assert.deepEqual(again, { ...first, replayed: true });
    assert.equal(await ledger.cash(player), 200n);
  });

  it('answers the same id with another amount, account, code or record as a conflict', async () => {
    const [player, other] = [await ledger.player(1_000n), await ledger.player(1_000n)];
    const id = randomUUID();
    await applied(ledger.stake(player, 300n, id));
    const deed = aDeed('stake', id);
    assert.equal(await refusal(ledger.stake(player, 301n, id)), 'idempotency_conflict');
    assert.equal(await refusal(ledger.stake(other, 300n, id)), 'idempotency_conflict');
    const legs = stakeLegs(player, 300n);
    assert.equal(
      await refusal(post(ledger.pool, { ...deed, code: 'adjustment', legs })),
      'idempotency_conflict',
    );
    assert.equal(
      await refusal(post(ledger.pool, { ...deed, businessId: 'wager/another', legs })),
      'idempotency_conflict',
    );
    assert.equal(await ledger.cash(other), 1_000n);
    assert.equal(await ledger.cash(player), 700n);
  });

  it('records a refusal, so that a late duplicate takes nothing after a top-up', async () => {
    const player = await ledger.player(100n);
    const id = randomUUID();
    const first = await ledger.stake(player, 101n, id);
    assert(first.outcome === 'refused');
    assert.equal(first.code, 'insufficient_funds');
    assert.deepEqual(first.facts, { account: `player_cash:${player}:SEK`, amount: 101, available: 100 });
    await ledger.deposit(player, 500n);
    assert.deepEqual(await ledger.stake(player, 101n, id), { ...first, replayed: true });
    assert.equal(await refusal(ledger.stake(player, 100n, id)), 'idempotency_conflict');
    assert.equal(await ledger.cash(player), 600n);
  });

  it('changes nothing but the record of the refusal', async () => {
    const player = await ledger.player(100n);
    const before = [
      await ledger.count('transfers'),
      await ledger.count('entries'),
      await ledger.count('outcomes'),
    ];
    const accounts = () => ledger.owner.query('select * from ledger.accounts order by id');
    const { rows } = await accounts();
    await refusal(ledger.stake(player, 101n));
    const after = [
      await ledger.count('transfers'),
      await ledger.count('entries'),
      await ledger.count('outcomes'),
    ];
    assert.deepEqual(after, [before[0], before[1], before[2]! + 1n]);
    assert.deepEqual((await accounts()).rows, rows);
  });

  it('lets a stake of all the cash through, and not a coin more', async () => {
    const player = await ledger.player(100n);
    assert.equal((await applied(ledger.stake(player, 100n))).balance, 0n);
    assert.equal(await refusal(ledger.stake(player, 1n)), 'insufficient_funds');
  });

  it('finds no account of a player who is not open in the currency, and does not hold that against the id', async () => {
    const deed = { ...aDeed('stake'), legs: stakeLegs('nobody', 10n) };
    assert.equal(await refusal(post(ledger.pool, deed)), 'account_not_found');
    await openPlayer(ledger.pool, 'nobody', 'SEK');
    assert.equal(await refusal(post(ledger.pool, deed)), 'insufficient_funds');
    const euros = [leg('player_cash', 'nobody', 10n, 'EUR'), leg('adjustments', 'house', -10n, 'EUR')];
    assert.equal(
      await refusal(post(ledger.pool, { ...aDeed('adjustment'), legs: euros })),
      'account_not_found',
    );
  });

  it('opens house and provider accounts by the chart alone', async () => {
    const player = await ledger.player(100n);
    for (const [kind, owner, currency] of [
      ['house_gaming', 'hause', 'SEK'],
      ['house_gamin', 'house', 'SEK'],
      ['house_gaming', 'house', 'sek'],
      ['player_cash', 'house', 'SEK'],
    ] as const) {
      const legs = [leg(kind, owner, 5n, currency), leg('adjustments', 'house', -5n, currency)];
      assert.equal(
        await refusal(post(ledger.pool, { ...aDeed('adjustment'), legs })),
        'account_not_found',
        kind,
      );
    }
    assert.equal(await ledger.cash(player), 100n);
  });

  it('refuses what would take a player past 2^53-1, and carries exactly that', async () => {
    const player = await ledger.player(MOST - 1n);
    assert.equal(await refusal(ledger.deposit(player, 2n)), 'amount_too_large');
    assert.equal((await applied(ledger.deposit(player, 1n))).balance, MOST);
    assert.equal(await refusal(ledger.deposit(player, 1n)), 'amount_too_large');
    assert.equal((await applied(ledger.stake(player, MOST))).balance, 0n);
  });

  it('refuses the largest amounts Postgres can carry instead of overflowing', async () => {
    const player = await ledger.player(10n);
    const largest = 9_223_372_036_854_775_807n;
    assert.equal(await refusal(ledger.deposit(player, largest)), 'amount_too_large');
    assert.equal(await refusal(ledger.stake(player, largest)), 'amount_too_large');
    const twice = [
      leg('player_cash', player, largest),
      leg('player_cash', player, largest),
      leg('adjustments', 'house', -largest),
      leg('adjustments', 'house', -largest),
    ];
    assert.equal(
      await refusal(post(ledger.pool, { ...aDeed('adjustment'), legs: twice })),
      'amount_too_large',
    );
    const house = (amount: bigint) =>
      post(ledger.pool, {
        ...aDeed('adjustment'),
        legs: [leg('adjustments', 'house', amount, 'NOK'), leg('house_gaming', 'house', -amount, 'NOK')],
      });
    assert.equal(await refusal(house(largest)), 'amount_too_large');
    const most = 4_611_686_018_427_387_903n; // 2^62-1
    await applied(house(most));
    assert.equal(await refusal(house(1n)), 'amount_too_large');
    await applied(house(-most));
    await applied(house(-most));
    assert.equal(await refusal(house(-1n)), 'amount_too_large');
    await applied(house(most));
  });

  it('finds a player by an id of any characters', async () => {
    for (const player of [`"p" \\ {1,2} ('x')`, '\\"', ' ', 'null', 'å→🎰']) {
      await openPlayer(ledger.pool, player, 'SEK');
      await applied(ledger.deposit(player, 10n));
      assert.equal((await applied(ledger.stake(player, 4n))).balance, 6n);
      assert.equal(await ledger.cash(player), 6n, player);
    }
  });

  it('sums the legs of an account that is named twice', async () => {
    const player = await ledger.player(100n);
    const legs = [
      leg('player_cash', player, -80n),
      leg('player_cash', player, 30n),
      leg('stakes_in_play', 'house', 50n),
    ];
    const verdict = await applied(post(ledger.pool, { ...aDeed('stake'), legs }));
    assert.equal(verdict.balance, 50n);
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      [`player_cash:${player}`]: -50n,
      'stakes_in_play:house': 50n,
    });
    const overdrawn = [
      leg('player_cash', player, -40n),
      leg('player_cash', player, -40n),
      leg('stakes_in_play', 'house', 80n),
    ];
    assert.equal(
      await refusal(post(ledger.pool, { ...aDeed('stake'), legs: overdrawn })),
      'insufficient_funds',
    );
  });

  it('shows in the trial balance, which has as many debits as credits', async () => {
    await ledger.stake(await ledger.player(1_000n), 10n);
    const rows = (await trialBalance(ledger.pool)).filter(({ currency }) => currency === 'SEK');
    const sum = (side: 'debit' | 'credit') => rows.reduce((total, row) => total + row[side], 0n);
    assert(sum('debit') > 0n);
    assert.equal(sum('debit'), sum('credit'));
  });

  it('derives one id from the same words, and others from any other words', async () => {
    const derive = async (words: string) => {
      const { rows } = await ledger.pool.query<{ id: string }>(`select ledger.derive_id(${words}) as id`);
      return rows[0]!.id;
    };
    const id = await derive(`'wager', 'a', 'b'`);
    assert.equal(await derive(`'wager', 'a', 'b'`), id);
    for (const words of [
      `'wager', 'a/b'`,
      `'wager', 'ab', ''`,
      `'wager', '', 'ab'`,
      `'wager', 'a,b'`,
      `'wager', 'a","b'`,
      `'wager', '{a,b}'`,
    ]) {
      assert.notEqual(await derive(words), id, words);
    }
    await assert.rejects(derive(`'wager', null`), { code: '22004' });
  });
});
