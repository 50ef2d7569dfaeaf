import assert from 'node:assert/strict';
import { block, register } from '../../players/index.ts';
import { factsOf, limit, stake } from './protected.ts';
import { aTable, fateOf, fresh, type Table } from './table.ts';
import { ADMIN } from '../support/origin.ts';

describe('a calendar limit', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  const windows: [string, string, string, string, string, string | null][] = [
    [
      'a day of Sweden that has 23 hours',
      'SE',
      'day',
      '2026-03-29T10:00:00Z',
      '2026-03-28T23:00:00Z',
      '2026-03-29T22:00:00Z',
    ],
    [
      'a day of Sweden that has 25 hours',
      'SE',
      'day',
      '2026-10-25T10:00:00Z',
      '2026-10-24T22:00:00Z',
      '2026-10-25T23:00:00Z',
    ],
    [
      'a week from Monday, local time',
      'DK',
      'week',
      '2026-11-22T22:59:59Z',
      '2026-11-15T23:00:00Z',
      '2026-11-22T23:00:00Z',
    ],
    [
      'a month of New Jersey',
      'NJ',
      'month',
      '2026-12-01T04:59:59Z',
      '2026-11-01T04:00:00Z',
      '2026-12-01T05:00:00Z',
    ],
    [
      'the last 24 hours in Great Britain, summer time or not',
      'GB',
      'day',
      '2026-03-29T10:00:00Z',
      '2026-03-28T10:00:00Z',
      null,
    ],
  ];
  for (const [title, jurisdiction, period, at, starts, ends] of windows) {
    it(`counts ${title}`, async () => {
      const { rows } = await table.pool.query<{ starts: Date; ends: Date | null }>(
        'select starts, ends from players.window_of($1, $2, $3::timestamptz)',
        [jurisdiction, period, at],
      );
      assert.deepEqual(rows[0], { starts: new Date(starts), ends: ends === null ? null : new Date(ends) });
    });
  }

  for (const jurisdiction of ['MT', 'GB', 'NJ', 'DK'] as const) {
    it(`of ${jurisdiction} is lower at once and rises after 24 hours, and nobody is called for that`, async () => {
      const player = fresh('p');
      await register(table.pool, { playerId: player, jurisdiction, currencies: ['SEK'] });
      await limit(table, player, 'deposit', 'month', 9_000_000);
      assert.equal((await limit(table, player, 'deposit', 'month', 8_000_000)).raiseAt, null);
      const { raiseAt, contact } = await limit(table, player, 'deposit', 'month', 8_500_000);
      assert.ok(Math.abs(raiseAt!.getTime() - Date.now() - 24 * 3_600_000) < 5_000);
      assert.equal(contact, false);
      assert.equal(fateOf(await stake(table, player, 0)), 'applied');
    });
  }

  it('of Sweden rises after 72 hours and never inside the running week or month, and staff contact the player', async () => {
    const player = fresh('p');
    await register(table.pool, { playerId: player, jurisdiction: 'SE', currencies: ['SEK'] });
    for (const period of ['day', 'week', 'month'] as const) {
      await limit(table, player, 'deposit', period, 1_000);
      const { raiseAt, contact } = await limit(table, player, 'deposit', period, 2_000);
      const { rows } = await table.pool.query<{ ends: Date }>(
        `select ends from players.window_of('SE', $1, now())`,
        [period],
      );
      const earliest = Math.max(Date.now() + 72 * 3_600_000, rows[0]!.ends.getTime());
      assert.ok(Math.abs(raiseAt!.getTime() - earliest) < 5_000, period);
      assert.equal(contact, true);
    }
  });
});

describe('a player of Sweden', () => {
  it('must set the three deposit limits before play', async () => {
    const table = await aTable();
    const player = await table.player(1_000);
    await register(table.pool, { playerId: player, jurisdiction: 'SE', currencies: ['SEK'] });
    assert.equal(fateOf(await stake(table, player, 1)), 'limit_required');
    await limit(table, player, 'deposit', 'day', 1);
    await limit(table, player, 'deposit', 'week', 1);
    const refused = await stake(table, player, 1);
    assert.deepEqual(factsOf(refused), { limits: [{ kind: 'deposit', period: 'month', currency: 'SEK' }] });
    await limit(table, player, 'deposit', 'month', 1);
    assert.equal(fateOf(await stake(table, player, 1)), 'applied');
    await table.leave();
  });
});

describe('a player who is excluded', () => {
  it('stakes nothing, and still wins and gets stakes back', async () => {
    const table = await aTable();
    const player = await table.player(1_000);
    const [round, other] = [fresh('r'), fresh('r')];
    const [won, undone] = [
      await table.wager({ round, player, amount: 100 }),
      await table.wager({ round: other, player, amount: 100 }),
    ];
    const asked = {
      blockId: fresh('b'),
      playerId: player,
      kind: 'self_exclusion',
      until: null,
      reason: null,
    } as const;
    const first = await block(table.pool, asked, ADMIN);
    assert.deepEqual(first, { code: null, replayed: false, from: first.from });
    assert.deepEqual(await block(table.pool, asked, ADMIN), { ...first, replayed: true });
    assert.equal(fateOf(await stake(table, player, 0)), 'player_blocked');
    assert.equal(fateOf(await stake(table, player, 1)), 'player_blocked');
    await table.settle(round, { [won]: 300 });
    assert.equal(fateOf(await table.rollBack(undone)), 'applied');
    assert.equal((await table.has(player)).cash, 1_200);
    await table.leave();
  });
});
