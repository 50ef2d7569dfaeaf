import assert from 'node:assert/strict';
import { claimRound, postMoves } from '../../rounds/index.ts';
import { CLIENT, aTable, fresh, type Table } from './table.ts';

describe('a settlement of many players', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('pays each in their own currency, and sums up by currency', async () => {
    const round = fresh('r');
    const [inSek, inEur] = [await table.player(1_000), await table.player(1_000, ['EUR', 'SEK'])];
    const wagers = [
      await table.wager({ round, player: inSek }),
      await table.wager({ round, player: inEur, currency: 'EUR' }),
      await table.wager({ round, player: inEur }),
    ];
    const { totals } = await table.settle(round, { [wagers[0]!]: 10, [wagers[1]!]: 20, [wagers[2]!]: 30 });
    assert.deepEqual(totals, [
      { currency: 'EUR', paid: 20, takenBack: 0, receivable: 0 },
      { currency: 'SEK', paid: 40, takenBack: 0, receivable: 0 },
    ]);
    assert.deepEqual([(await table.has(inEur, 'EUR')).cash, (await table.has(inEur)).cash], [920, 930]);
  });

  it('posts them in batches of 100, and a batch that is repeated posts nothing twice', async () => {
    const round = fresh('r');
    const outcomes: Record<string, number> = {};
    const players = await Promise.all(Array.from({ length: 130 }, () => table.player(100)));
    await Promise.all(
      players.map(async (player) => (outcomes[await table.wager({ round, player, amount: 100 })] = 150)),
    );
    const id = fresh('s');
    const ref = { clientId: CLIENT, kind: 'settlement' as const, operationId: id };
    await table.request('settlement', id, round, {
      outcomes: Object.entries(outcomes).map(([wagerId, payout]) => ({ wagerId, payout })),
      closeRound: true,
    });
    assert.deepEqual(
      [await claimRound(table.pool, ref, 0), await claimRound(table.pool, ref)],
      ['claimed', 'claimed'],
    );
    assert.deepEqual(await postMoves(table.pool, ref), { done: 100, of: 130, problem: null });
    // The worker died here: three others take it on at once.
    const [operation] = await Promise.all([
      table.run('settlement', id),
      table.run('settlement', id),
      table.run('settlement', id),
    ]);
    assert.deepEqual([operation.status, operation.settled, operation.balances.length], ['done', 130, 100]);
    assert.deepEqual(await postMoves(table.pool, ref), { done: 130, of: 130, problem: null });
    for (const player of players)
      assert.deepEqual(await table.has(player), { cash: 150, owed: 0, inPlay: 0 });
  });

  it('takes 10,000 outcomes of 2,000 players', async function () {
    this.timeout(120_000);
    const round = fresh('r');
    await seedRound(table, round, { players: 2_000, wagersEach: 5 });
    const outcomes = Array.from({ length: 10_000 }, (_, i) => ({
      wagerId: `${round}-w${String(i)}`,
      payout: i % 3 === 0 ? 250 : 0,
    }));
    const { status, settled, totals } = await table.operate('settlement', fresh('s'), round, {
      outcomes,
      closeRound: true,
    });
    assert.deepEqual({ status, settled }, { status: 'done', settled: 10_000 });
    assert.deepEqual(totals, [{ currency: 'SEK', paid: 3_334 * 250, takenBack: 0, receivable: 0 }]);
  });
});

/**
 * Many wagers, by the functions a game's calls end in. 250 to a transaction: within one, each posting leaves another
 * dead version of the house's row for the next to step over.
 */
async function seedRound(
  table: Table,
  round: string,
  { players, wagersEach }: { players: number; wagersEach: number },
): Promise<void> {
  const { owner } = table.db;
  for (let from = 0; from < players; from += 250) {
    const some = [round, from, Math.min(players, from + 250) - 1];
    await owner.query(
      `select count(*) from generate_series($2::int, $3::int) i, players.register($1 || '-p' || i, 'MT', '{SEK}')`,
      some,
    );
    await owner.query(
      `select count(ledger.post(ledger.derive_id($1, i::text), 'adjustment', $1, now(), array[
         row('player_cash', $1 || '-p' || i, 'SEK', 1000, 0), row('adjustments', 'house', 'SEK', -1000, 0)]::ledger.leg[]))
         from generate_series($2::int, $3::int) i`,
      some,
    );
    await owner.query(
      `select count(*) from generate_series($2::int * $4::int, ($3::int + 1) * $4::int - 1) i,
              rounds.place_wagers(array[row('game', $1, $1 || '-w' || i, $1 || '-p' || (i / $4::int), 'roulette', 100, 'SEK', null, null)::rounds.stake])`,
      [...some, wagersEach],
    );
  }
}
