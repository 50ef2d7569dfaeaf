import assert from 'node:assert/strict';
import { aPot, aWager, bookOf, inPot, wins } from './pots.ts';
import { openPot } from '../../rounds/index.ts';
import { aTable, fateOf, fresh, type Outcomes, type Table } from './table.ts';
import { ADMIN } from '../support/origin.ts';

describe('a pot', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('is opened with its seed in it, once; with another seed or currency it would be another pot', async () => {
    const asked = { potId: fresh('pot'), currency: 'SEK', seed: 500n };
    const pot = { ...asked, balance: 500n };
    const twice = await Promise.all([openPot(table.pool, asked, ADMIN), openPot(table.pool, asked, ADMIN)]);
    assert.deepEqual(twice, [{ pot }, { pot }]);
    const conflict = { refusal: { code: 'idempotency_conflict' } };
    assert.deepEqual(await openPot(table.pool, { ...asked, seed: 501n }, ADMIN), conflict);
    assert.deepEqual(await openPot(table.pool, { ...asked, currency: 'EUR' }, ADMIN), conflict);
    assert.deepEqual(await bookOf(table, asked.potId), ['jackpot_seed 500']);
    assert.equal(await inPot(table, await aPot(table, 0)), 0);
  });

  it('gets its part of a stake, which stays in play whole', async () => {
    const [grand, mini, player, round] = [
      await aPot(table),
      await aPot(table, 50),
      await table.player(1_000),
      fresh('r'),
    ];
    const before = await table.house('house_gaming');
    const contributions = [
      { potId: grand, amount: 7 },
      { potId: mini, amount: 2 },
    ];
    await table.wager({ round, player, contributions });
    assert.deepEqual(await table.has(player), { cash: 900, owed: 0, inPlay: 100 });
    assert.deepEqual([await inPot(table, grand), await inPot(table, mini)], [1_007, 52]);
    assert.equal((await table.house('house_gaming')) - before, -9);
  });

  it('gets nothing twice: the same wager again is a replay, with another contribution a conflict', async () => {
    const [potId, player, round, wager] = [await aPot(table), await table.player(), fresh('r'), fresh('w')];
    const stake = (amount: number) =>
      table.stake({ round, wager, player, contributions: [{ potId, amount }] });
    const [first, again] = [await stake(10), await stake(10)];
    assert.deepEqual([fateOf(first), again], ['applied', { ...first, replayed: true }]);
    assert.equal(fateOf(await stake(11)), 'idempotency_conflict');
    assert.equal(fateOf(await table.stake({ round, wager, player })), 'idempotency_conflict');
    assert.equal(await inPot(table, potId), 1_010);
  });

  it('gets nothing of a stake that is refused, or that was rolled back before it came', async () => {
    const [potId, poor, round, early] = [await aPot(table), await table.player(50), fresh('r'), fresh('w')];
    const contributions = [{ potId, amount: 10 }];
    const stake = { round, wager: fresh('w'), player: poor, contributions };
    assert.equal(fateOf(await table.stake(stake)), 'insufficient_funds');
    assert.equal(fateOf(await table.rollBack(early)), 'tombstoned');
    const late = { round, wager: early, player: await table.player(), contributions };
    assert.equal(fateOf(await table.stake(late)), 'noop');
    assert.equal(fateOf(await table.stake(late)), 'noop');
    assert.equal(fateOf(await table.stake({ ...late, contributions: [] })), 'idempotency_conflict');
    assert.equal(await inPot(table, potId), 1_000);
  });

  it('that is not there (yet) refuses a stake without a record; one of another currency for good', async () => {
    const [potId, player, round, wager] = [fresh('pot'), await table.player(), fresh('r'), fresh('w')];
    const stake = { round, wager, player, contributions: [{ potId, amount: 10 }] };
    assert.equal(fateOf(await table.stake(stake)), 'not_found');
    await openPot(table.pool, { potId, currency: 'SEK', seed: 0n }, ADMIN);
    assert.equal(fateOf(await table.stake(stake)), 'applied');
    const euros = [{ potId: await aPot(table, 0, 'EUR'), amount: 10 }];
    const other = { round, wager: fresh('w'), player, contributions: euros };
    assert.equal(fateOf(await table.stake(other)), 'currency_mismatch');
    assert.equal(fateOf(await table.stake(other)), 'currency_mismatch');
    assert.equal((await table.has(player)).cash, 900);
  });

  it('gets its part of a play', async () => {
    const [potId, player] = [await aPot(table), await table.player()];
    const play = { round: fresh('r'), wager: fresh('w'), settlement: fresh('s'), player, payout: 30 };
    const contributions = [{ potId, amount: 10 }];
    const first = await table.play({ ...play, contributions });
    assert.deepEqual([fateOf(first), (await table.has(player)).cash], ['applied', 930]);
    assert.deepEqual(await table.play({ ...play, contributions }), { ...first, replayed: true });
    assert.equal(fateOf(await table.play(play)), 'idempotency_conflict');
    const unknown = { ...play, wager: fresh('w'), settlement: fresh('s'), round: fresh('r') };
    assert.equal(
      fateOf(await table.play({ ...unknown, contributions: [{ potId: 'none', amount: 1 }] })),
      'not_found',
    );
    assert.equal(await inPot(table, potId), 1_010);
  });

  for (const way of ['step by step', 'at once'] as const) {
    const settle = (round: string, outcomes: Outcomes, id = fresh('s')) =>
      way === 'at once' ? table.settleAtOnce(round, outcomes, { id }) : table.settle(round, outcomes, { id });

    it(`pays a win beside the payout, and the house seeds it again (${way})`, async () => {
      const potId = await aPot(table);
      const { round, player, wager } = await aWager(table, potId, 40);
      const id = fresh('s');
      const operation = await settle(round, { [wager]: wins(potId, 1_000, 25) }, id);
      assert.deepEqual([operation.status, operation.problem, operation.settled], ['done', null, 1]);
      assert.deepEqual(operation.totals, [{ currency: 'SEK', paid: 1_025, takenBack: 0, receivable: 0 }]);
      assert.equal((await table.has(player)).cash, 1_925);
      assert.deepEqual(await bookOf(table, potId), [
        'jackpot_seed 1000',
        'stake 40',
        'settlement -1000',
        'jackpot_seed 960',
      ]);
      assert.deepEqual(await settle(round, { [wager]: wins(potId, 1_000, 25) }, id), operation);
      assert.equal(await inPot(table, potId), 1_000);
    });

    it(`is not seeded while it has its seed (${way})`, async () => {
      const potId = await aPot(table, 100);
      await aWager(table, potId, 90);
      const { round, wager } = await aWager(table, potId, 90);
      assert.equal((await settle(round, { [wager]: wins(potId, 150) })).status, 'done');
      assert.deepEqual((await bookOf(table, potId)).slice(3), ['settlement -150']);
      assert.equal(await inPot(table, potId), 130);
    });

    it(`that has less than is won refuses the settlement as a whole, for good (${way})`, async () => {
      const potId = await aPot(table);
      const { round, player, wager } = await aWager(table);
      const id = fresh('s');
      const { status, problem } = await settle(round, { [wager]: wins(potId, 1_001, 25) }, id);
      assert.deepEqual([status, problem?.code], ['refused', 'insufficient_funds']);
      assert.equal(problem?.errors?.[0]?.pointer, '/outcomes/0/jackpot/amount');
      await aWager(table, potId, 50);
      assert.equal((await settle(round, { [wager]: wins(potId, 1_001, 25) }, id)).status, 'refused');
      assert.deepEqual([(await table.has(player)).cash, await table.roundStatus(round)], [900, 'open']);
      assert.equal(await inPot(table, potId), 1_050);
      assert.equal((await settle(round, { [wager]: wins(potId, 1_050) })).status, 'done');
    });

    it(`of another currency than the wager pays nothing (${way})`, async () => {
      const { round, wager } = await aWager(table);
      const euros = await aPot(table, 1_000, 'EUR');
      assert.equal((await settle(round, { [wager]: wins(euros, 10) })).problem?.code, 'currency_mismatch');
    });

    it(`pays two winners of one call in their order, the second from what is there after the seed (${way})`, async () => {
      const [potId, player, round] = [await aPot(table), await table.player(1_000), fresh('r')];
      const [one, two] = [await table.wager({ round, player }), await table.wager({ round, player })];
      const tooMuch = await settle(round, { [one]: wins(potId, 600), [two]: wins(potId, 1_001) });
      assert.equal(tooMuch.problem?.errors?.[0]?.pointer, '/outcomes/1/jackpot/amount');
      assert.equal(
        (await settle(round, { [one]: wins(potId, 600), [two]: wins(potId, 1_000) })).status,
        'done',
      );
      assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [2_400, 1_000]);
    });
  }

  it('that is not there (yet) refuses a settlement without a record', async () => {
    const { round, wager } = await aWager(table);
    const [potId, id] = [fresh('pot'), fresh('s')];
    const content = { outcomes: [{ wagerId: wager, ...wins(potId, 10) }], closeRound: true };
    const requested = await table.request('settlement', id, round, content);
    assert.ok('refusal' in requested);
    assert.equal(requested.refusal.code, 'not_found');
    await openPot(table.pool, { potId, currency: 'SEK', seed: 10n }, ADMIN);
    assert.equal((await table.settle(round, { [wager]: wins(potId, 10) }, { id })).status, 'done');
  });

  it('pays a wager twice, in two settlements of its round', async () => {
    const potId = await aPot(table);
    const { round, player, wager } = await aWager(table);
    await table.settle(round, { [wager]: wins(potId, 100) }, { close: false });
    await table.settle(round, { [wager]: wins(potId, 200) });
    assert.deepEqual([(await table.has(player)).cash, await inPot(table, potId)], [1_200, 1_000]);
  });

  it('repays what the player owes first, as any win does', async () => {
    const [potId, player, won] = [await aPot(table), await table.player(100), fresh('r')];
    const win = await table.wager({ round: won, player });
    await table.settle(won, { [win]: 500 });
    const round = fresh('r');
    const wager = await table.wager({ round, player, amount: 500 });
    await table.voidRound(won);
    assert.equal((await table.has(player)).owed, 400);
    await table.settle(round, { [wager]: wins(potId, 1_000) });
    assert.deepEqual(await table.has(player), { cash: 600, owed: 0, inPlay: 0 });
  });
});
