import assert from 'node:assert/strict';
import { post } from '../../ledger/index.ts';
import { aDeed, aLedger, leg, stakeLegs, violates } from './aLedger.ts';

// Nothing a caller of the API could mean: each of these is a bug, and an exception that names what it breaks.
describe('a transfer cannot be written', () => {
  const ledger = aLedger();

  const cases: Record<
    string,
    (player: string, other: string) => { legs: ReturnType<typeof leg>[]; constraint: string }
  > = {
    'when its legs do not sum to zero': (player) => ({
      legs: [leg('player_cash', player, -10n), leg('stakes_in_play', 'house', 9n)],
      constraint: 'entries_sum_to_zero',
    }),
    'with one leg alone': (player) => ({
      legs: [leg('player_cash', player, 10n)],
      constraint: 'entries_sum_to_zero',
    }),
    'without legs': () => ({ legs: [], constraint: 'legs_make_sense' }),
    'when it moves nothing': (player) => ({ legs: stakeLegs(player, 0n), constraint: 'legs_make_sense' }),
    'over two players': (player, other) => ({
      legs: [leg('player_cash', player, -10n), leg('player_cash', other, 10n)],
      constraint: 'legs_make_sense',
    }),
    'over two currencies': (player) => ({
      legs: [
        ...stakeLegs(player, 10n),
        leg('adjustments', 'house', 5n, 'EUR'),
        leg('house_gaming', 'house', -5n, 'EUR'),
      ],
      constraint: 'legs_make_sense',
    }),
    'into player_held, which belongs to holds': (player) => ({
      legs: [leg('player_cash', player, -10n), leg('player_held', player, 10n)],
      constraint: 'legs_make_sense',
    }),
  };
  for (const [when, make] of Object.entries(cases)) {
    it(when, async () => {
      const { legs, constraint } = make(await ledger.player(100n), await ledger.player(100n));
      const before = await ledger.count('transfers');
      await assert.rejects(post(ledger.pool, { ...aDeed('adjustment'), legs }), violates(constraint));
      assert.equal(await ledger.count('transfers'), before);
    });
  }

  it('with nulls in its legs', async () => {
    const player = await ledger.player(100n);
    const rows = [
      `null`,
      `row('player_cash', '${player}', 'SEK', null, 0)`,
      `row('player_cash', '${player}', null, -10, 0)`,
      `row('player_cash', null, 'SEK', -10, 0)`,
      `row(null, '${player}', 'SEK', -10, 0)`,
      `row('player_cash', '${player}', 'SEK', -10, null)`,
      `row('player_held', '${player}', 'SEK', 10, 10)`,
      `row('player_cash', '${player}', 'SEK', -10, 10)`,
    ];
    for (const row of rows) {
      const call = `select ledger.post(gen_random_uuid(), 'stake', 'w', now(), array[${row}, row('stakes_in_play', 'house', 'SEK', 10, 0)]::ledger.leg[])`;
      await assert.rejects(ledger.pool.query(call), violates('legs_make_sense'), row);
    }
    await assert.rejects(
      ledger.pool.query(`select ledger.post(gen_random_uuid(), 'stake', 'w', now(), null)`),
      violates('legs_make_sense'),
    );
  });

  it('with a code that is not in the list', async () => {
    const player = await ledger.player(100n);
    await assert.rejects(
      post(ledger.pool, { ...aDeed('gift'), legs: stakeLegs(player, 10n) }),
      { code: '22P02' }, // not a ledger.transfer_code
    );
  });
});
