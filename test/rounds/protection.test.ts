import assert from 'node:assert/strict';
import { applyRaise, register } from '../../players/index.ts';
import { createGameDesk, type GameDesk } from '../../rounds/index.ts';
import { factsOf, limit, stake, usedOf } from './protected.ts';
import { aTable, CLIENT, fateOf, fresh, type Table } from './table.ts';

describe('a player who has a limit', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('never stakes more than it, with a hundred wagers at once', async () => {
    const player = await table.player(100_000);
    await limit(table, player, 'wager', 'day', 1_050);
    // Of ten API processes, so that they do not come in one batch.
    const desks = Array.from({ length: 10 }, () => createGameDesk(table.pool));
    const ofADesk = (desk: GameDesk) =>
      desk.stake({
        clientId: CLIENT,
        roundId: fresh('r'),
        wagerId: fresh('w'),
        playerId: player,
        gameId: 'g',
        amount: 100n,
        currency: 'SEK',
        objection: null,
      });
    const answers = await Promise.all(Array.from({ length: 10 }, () => desks.map(ofADesk)).flat());
    assert.equal(answers.filter((a) => fateOf(a) === 'applied').length, 10);
    assert.equal(answers.filter((a) => fateOf(a) === 'limit_exceeded').length, 90);
    assert.deepEqual(await usedOf(table, player), [['wager', 'day', 1_050, 1_000]]);
    assert.equal((await table.has(player)).cash, 99_000);
  });

  it('never loses more than it, with a hundred plays at once', async () => {
    const player = await table.player(100_000);
    await limit(table, player, 'loss', 'day', 1_000);
    const play = () =>
      table.play({
        round: fresh('r'),
        wager: fresh('w'),
        settlement: fresh('s'),
        player,
        amount: 100,
        payout: 50,
      });
    const answers = await Promise.all(Array.from({ length: 100 }, play));
    assert.equal(answers.filter((a) => fateOf(a) === 'applied').length, 19);
    assert.deepEqual(await usedOf(table, player), [['loss', 'day', 1_000, 950]]);
  });

  it('is refused nothing on account of a wager of the same moment that found no money', async () => {
    const player = await table.player(100);
    await limit(table, player, 'wager', 'day', 250);
    const { rows } = await table.db.owner.query<{ fate: string }>(
      `select coalesce(a.code, a.outcome) as fate from rounds.place_wagers(array(
         select row('game', $1 || amount, $1 || amount, $2, 'g', amount, 'SEK', null, null)::rounds.stake
           from unnest(array[200, 100, 90]) amount)) a`,
      [fresh('w'), player],
    );
    assert.deepEqual(
      rows.map(({ fate }) => fate),
      ['insufficient_funds', 'applied', 'insufficient_funds'],
    );
  });

  it('is counted exactly while wagers, plays, rollbacks and settlements of several players race', async function () {
    this.timeout(60_000);
    const players = await Promise.all(Array.from({ length: 4 }, () => table.player(100_000)));
    // The limits of some come while they play.
    const [early, late] = [players.slice(0, 2), players.slice(2)];
    for (const player of early) await limit(table, player, 'loss', 'day', 5_000);
    const rush = Array.from({ length: 120 }, async (_, nth) => {
      const player = players[nth % 4]!;
      const [round, wager] = [fresh('r'), fresh('w')];
      if (nth === 40) for (const one of late) await limit(table, one, 'wager', 'week', 3_000);
      if (nth % 5 === 0)
        return await table.play({ round, wager, settlement: fresh('s'), player, amount: 90, payout: 30 });
      const placed = await table.stake({ round, wager, player, amount: 100 });
      if (placed.outcome === 'refused') return;
      if (nth % 3 === 0) await table.rollBack(wager);
      else if (nth % 3 === 1) await table.settle(round, { [wager]: 70 });
    });
    await Promise.all(rush);
    const { rows } = await table.pool.query(
      `select p as player from unnest($1::text[]) p
        where (select (coalesce(sum(amount), 0), coalesce(sum(payout), 0)) from rounds.wagers
                where player_id = p and status in ('open', 'settled'))
              is distinct from
              (select (coalesce(sum(staked), 0), coalesce(sum(returned), 0)) from
                (select staked, returned from players.spending where player_id = p
                 union all select staked, returned from players.spending_news where player_id = p) s)`,
      [players],
    );
    assert.deepEqual(rows, []);
  });

  it('is told which limit it was, how much of it is left, and until when', async () => {
    const player = await table.player(10_000);
    await limit(table, player, 'wager', 'week', 900);
    await limit(table, player, 'wager', 'day', 500);
    await limit(table, player, 'loss', 'month', 400);
    assert.equal(fateOf(await stake(table, player, 300)), 'applied');
    const facts = factsOf(await stake(table, player, 200));
    const { until, ...rest } = facts;
    assert.deepEqual(rest, {
      kind: 'loss',
      period: 'month',
      currency: 'SEK',
      limit: 400,
      used: 300,
      left: 100,
    });
    assert.ok(Date.parse(String(until)) > Date.now());
    assert.equal(fateOf(await stake(table, player, 100)), 'applied');
  });

  it('gets room back from a rollback, a void and, of a loss limit, a win', async () => {
    const player = await table.player(10_000);
    const round = fresh('r');
    await limit(table, player, 'wager', 'day', 300);
    await limit(table, player, 'loss', 'day', 300);
    const [first, , third] = [
      await table.wager({ round, player, amount: 100 }),
      await table.wager({ round, player, amount: 100 }),
      await table.wager({ round, player, amount: 100 }),
    ];
    assert.equal(fateOf(await stake(table, player, 1)), 'limit_exceeded');
    await table.rollBack(first);
    assert.deepEqual(await usedOf(table, player), [
      ['loss', 'day', 300, 200],
      ['wager', 'day', 300, 200],
    ]);
    await table.settle(round, { [third]: 150 });
    assert.deepEqual(await usedOf(table, player), [
      ['loss', 'day', 300, 50],
      ['wager', 'day', 300, 200],
    ]);
    await table.voidRound(round);
    assert.deepEqual(await usedOf(table, player), [
      ['loss', 'day', 300, 0],
      ['wager', 'day', 300, 0],
    ]);
    assert.equal(fateOf(await stake(table, player, 300)), 'applied');
  });

  it('finds counted what was staked before the limit was set', async () => {
    const player = await table.player(10_000);
    await table.wager({ round: fresh('r'), player, amount: 400 });
    await limit(table, player, 'wager', 'month', 500);
    assert.deepEqual(await usedOf(table, player), [['wager', 'month', 500, 400]]);
  });

  it('lowers it at once, waits for a raise, and may take the raise back', async () => {
    const player = await table.player(10_000);
    await limit(table, player, 'wager', 'day', 500);
    assert.equal((await limit(table, player, 'wager', 'day', 400)).raiseId, null);
    const raise = await limit(table, player, 'wager', 'day', 600);
    assert.ok(raise.raiseId !== null && raise.raiseAt !== null);
    assert.ok(raise.raiseAt.getTime() > Date.now() + 23 * 3_600_000);
    assert.deepEqual(await limit(table, player, 'wager', 'day', 600), { ...raise, contact: false });
    assert.equal(await applyRaise(table.pool, player, raise.raiseId), 'early');
    assert.deepEqual(await usedOf(table, player), [['wager', 'day', 400, 0]]);
    await limit(table, player, 'wager', 'day', 400);
    assert.equal(await applyRaise(table.pool, player, raise.raiseId), 'cancelled');
    const removal = await limit(table, player, 'wager', 'day', null);
    await table.db.owner.query(`update players.limits set raise_at = now() where player_id = $1`, [player]);
    assert.equal(await applyRaise(table.pool, player, removal.raiseId ?? ''), 'applied');
    assert.deepEqual(await usedOf(table, player), []);
  });

  it('has room again when a rolling day has left the wager behind, and not before', async () => {
    const player = await table.player(10_000);
    await register(table.pool, { playerId: player, jurisdiction: 'GB', currencies: ['SEK'] });
    await limit(table, player, 'wager', 'day', 500);
    await stake(table, player, 500);
    const shift = (by: string) =>
      table.db.owner.query(
        `with n as (delete from players.spending_news where player_id = $1 returning *)
         insert into players.spending select player_id, currency, quarter - $2::interval, staked, returned from n`,
        [player, by],
      );
    await shift('23 hours 59 minutes');
    assert.equal(fateOf(await stake(table, player, 1)), 'limit_exceeded');
    await table.db.owner.query(
      `update players.spending set quarter = quarter - interval '16 minutes' where player_id = $1`,
      [player],
    );
    assert.equal(fateOf(await stake(table, player, 500)), 'applied');
  });
});
