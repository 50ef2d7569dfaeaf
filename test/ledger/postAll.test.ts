import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { openPlayer, post, postAll, type Posting, type Verdict } from '../../ledger/index.ts';
import { aDeed, aLedger, leg, stakeLegs, violates } from './aLedger.ts';

/** `applied 70`, `replayed applied 70`, `insufficient_funds` ... */
const words = (verdicts: readonly Verdict[]) =>
  verdicts.map((v) => {
    const said = v.outcome === 'refused' ? v.code : `applied ${String(v.balance)}`;
    return v.replayed ? `replayed ${said}` : said;
  });

describe('a batch of transfers', () => {
  const ledger = aLedger();
  const stake = (player: string, amount: bigint, id: string = randomUUID()): Posting => ({
    ...aDeed('stake', id),
    legs: stakeLegs(player, amount),
  });
  const posted = async (...postings: Posting[]) => words(await postAll(ledger.pool, postings));

  it('of none is answered with none', async () => {
    assert.deepEqual(await posted(), []);
  });

  it('is judged in its order, each by what those before it left, and a refusal is nothing to the others', async () => {
    const [rich, poor] = [await ledger.player(100n), await ledger.player(10n)];
    assert.deepEqual(
      await posted(stake(rich, 60n), stake(poor, 11n), stake(rich, 50n), stake(poor, 10n), stake(rich, 40n)),
      ['applied 40', 'insufficient_funds', 'insufficient_funds', 'applied 0', 'applied 0'],
    );
    assert.deepEqual([await ledger.cash(rich), await ledger.cash(poor)], [0n, 0n]);
  });

  it('between accounts of the house alone is posted, with no balance to tell', async () => {
    const seed = () => ({
      ...aDeed('adjustment'),
      legs: [leg('provider_clearing', 'nordpay', -5n), leg('house_gaming', 'house', 5n)],
    });
    await post(ledger.pool, seed()); // opens the accounts
    assert.deepEqual(await posted(seed(), seed()), ['applied null', 'applied null']);
  });

  it('takes money that an earlier one of it brought', async () => {
    const player = await ledger.player();
    const deposit = {
      ...aDeed('deposit'),
      legs: [leg('provider_clearing', 'nordpay', -5n), leg('player_cash', player, 5n)],
    };
    assert.deepEqual(await posted(stake(player, 5n), deposit, stake(player, 5n)), [
      'insufficient_funds',
      'applied 5',
      'applied 0',
    ]);
  });

  it('answers an id that comes twice in it as a replay, and other content under it as a conflict', async () => {
    const player = await ledger.player(100n);
    const [id, broke] = [randomUUID(), randomUUID()];
    assert.deepEqual(
      await posted(
        stake(player, 30n, id),
        stake(player, 30n, id),
        stake(player, 31n, id),
        stake(player, 500n, broke),
        stake(player, 500n, broke),
        stake('nobody', 1n, randomUUID()),
      ),
      [
        'applied 70',
        'replayed applied 70',
        'idempotency_conflict',
        'insufficient_funds',
        'replayed insufficient_funds',
        'account_not_found',
      ],
    );
    assert.equal(await ledger.cash(player), 70n);
  });

  it('answers what was posted or refused before as the first time, alone or in a batch', async () => {
    const player = await ledger.player(100n);
    const [taken, refused, later] = [stake(player, 30n), stake(player, 500n), stake(player, 1n)];
    await posted(taken, refused);
    await posted(stake(player, 50n));
    assert.deepEqual(await posted(taken, refused, { ...taken, businessId: 'test/other' }), [
      'replayed applied 70',
      'replayed insufficient_funds',
      'idempotency_conflict',
    ]);
    assert.deepEqual(words([await post(ledger.pool, taken)]), ['replayed applied 70']);
    assert.deepEqual(words([await post(ledger.pool, later)]), ['applied 19']);
    assert.deepEqual(await posted(later), ['replayed applied 19']);
  });

  it('takes up a player who was not there before, for that is no final refusal', async () => {
    const missing = stake('p-not-yet', 1n);
    assert.deepEqual(await posted(missing, missing), ['account_not_found', 'account_not_found']);
    await openPlayer(ledger.pool, 'p-not-yet', 'SEK');
    assert.deepEqual(await posted(missing), ['insufficient_funds']);
  });

  it('posts nothing of it at all where the legs of one make no sense', async () => {
    const player = await ledger.player(100n);
    const lost = { ...aDeed('stake'), legs: [leg('player_cash', player, -5n)] };
    const mixed = {
      ...aDeed('stake'),
      legs: [...stakeLegs(player, 5n), leg('adjustments', 'house', 0n, 'EUR')],
    };
    for (const bad of [lost, mixed, { ...aDeed('stake'), legs: [] }]) {
      await assert.rejects(posted(stake(player, 1n), bad));
    }
    await assert.rejects(posted(lost), violates('entries_sum_to_zero'));
    assert.equal(await ledger.cash(player), 100n);
  });

  it('names an account twice and moves it once, by the sum', async () => {
    const player = await ledger.player(100n);
    const legs = [...stakeLegs(player, 5n), ...stakeLegs(player, 7n)];
    const [verdict] = await postAll(ledger.pool, [{ ...aDeed('stake'), legs }]);
    assert(verdict?.outcome === 'applied');
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      [`player_cash:${player}`]: -12n,
      'stakes_in_play:house': 12n,
    });
  });

  it('races others with the same players in another order, and single transfers, without a deadlock', async () => {
    const players = await Promise.all(Array.from({ length: 20 }, () => ledger.player(1_000n)));
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const order = n % 2 === 0 ? players : players.toReversed();
        const verdicts =
          n % 4 === 0
            ? await Promise.all(order.map((player) => ledger.stake(player, 1n)))
            : await postAll(
                ledger.pool,
                order.map((player) => stake(player, 1n)),
              );
        assert.ok(verdicts.every(({ outcome }) => outcome === 'applied'));
      }),
    );
    for (const player of players) assert.equal(await ledger.cash(player), 960n);
  });
});
