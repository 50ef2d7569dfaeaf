import assert from 'node:assert/strict';
import type { Operation } from '../../rounds/index.ts';
import { aTable, fateOf, fresh, type Table } from './table.ts';

/** Both ways end the same: the same records, verdicts and books. */
const WAYS = {
  'a settlement step by step': (table: Table) => table.settle.bind(table),
  'a settlement at once': (table: Table) => table.settleAtOnce.bind(table),
} as const;

const codesOf = ({ problem }: Operation) => [
  problem?.code,
  problem?.errors?.map(({ pointer, code }) => `${pointer} ${String(code)}`),
];

for (const [way, settleOf] of Object.entries(WAYS)) {
  describe(way, () => {
    let table: Table;
    let settle: Table['settle'];
    before(async () => {
      table = await aTable();
      settle = settleOf(table);
    });
    after(() => table.leave());

    it('pays the wins, books the losses and closes the rest of the round at zero', async () => {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const house = await table.house('house_gaming');
      const [won, lost, forgotten] = [
        await table.wager({ round, player, amount: 100 }),
        await table.wager({ round, player, amount: 200 }),
        await table.wager({ round, player, amount: 50 }),
      ];
      const { status, outcome, roundStatus, settled, totals, balances, problem } = await settle(round, {
        [won]: 500,
        [lost]: 0,
      });
      assert.deepEqual(
        { status, outcome, roundStatus, settled, problem },
        { status: 'done', outcome: 'applied', roundStatus: 'closed', settled: 3, problem: null },
      );
      assert.deepEqual(totals, [{ currency: 'SEK', paid: 500, takenBack: 0, receivable: 0 }]);
      assert.deepEqual(balances, [{ playerId: player, currency: 'SEK', cash: 1_150 }]);
      assert.deepEqual(await table.has(player), { cash: 1_150, owed: 0, inPlay: 0 });
      assert.deepEqual(await table.wagerStatus(forgotten), { status: 'settled', payout: 0 });
      assert.equal((await table.house('house_gaming')) - house, -150);
      assert.equal(await table.roundStatus(round), 'closed');
    });

    it('may come in several calls, with several partial wins on one wager, until the round closes', async () => {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const [one, two] = [await table.wager({ round, player }), await table.wager({ round, player })];
      const settled = [
        await settle(round, { [one]: 30 }, { close: false }),
        await settle(round, { [one]: 20 }, { close: false }),
        await settle(round, { [two]: 0, [one]: 5 }),
      ].map((operation) => operation.settled);
      assert.deepEqual(settled, [1, 0, 1]);
      assert.deepEqual(await table.wagerStatus(one), { status: 'settled', payout: 55 });
      assert.equal((await table.has(player)).cash, 855);
      assert.equal((await settle(round, { [one]: 1 })).problem?.code, 'round_closed');
    });

    it('with a zero win writes no entry for the player', async () => {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const wager = await table.wager({ round, player });
      const before = await versionOf(table, player);
      await settle(round, { [wager]: 0 });
      assert.equal(await versionOf(table, player), before);
    });

    it('of nothing closes an empty round, and a free round that lost moves nothing', async () => {
      const [player, round] = [await table.player(0), fresh('r')];
      const wager = await table.wager({ round, player, amount: 0 });
      const { status, settled, totals } = await settle(round, {});
      assert.deepEqual(
        { status, settled, totals },
        { status: 'done', settled: 1, totals: [{ currency: 'SEK', paid: 0, takenBack: 0, receivable: 0 }] },
      );
      assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 0 });
    });

    it('that comes again is answered as the first time; other content under its id is a conflict', async () => {
      const [player, round, id] = [await table.player(1_000), fresh('r'), fresh('s')];
      const wager = await table.wager({ round, player });
      const first = await settle(round, { [wager]: 70 }, { id });
      await table.give(player, 1);
      assert.deepEqual(await settle(round, { [wager]: 70 }, { id }), first);
      for (const content of [
        { outcomes: [{ wagerId: wager, payout: 71 }], closeRound: true },
        { outcomes: [{ wagerId: wager, payout: 70 }], closeRound: false },
      ]) {
        const other = await table.request('settlement', id, round, content);
        assert.ok('refusal' in other && other.refusal.code === 'idempotency_conflict');
      }
      assert.equal((await table.has(player)).cash, 971);
    });

    it('with one bad outcome is refused as a whole before any money moves, and names each bad one', async () => {
      const [player, round, elsewhere] = [await table.player(1_000), fresh('r'), fresh('r')];
      const [good, rolledBack, foreign] = [
        await table.wager({ round, player }),
        await table.wager({ round, player }),
        await table.wager({ round: elsewhere, player }),
      ];
      await table.rollBack(rolledBack);
      const refused = fresh('w');
      assert.equal(
        fateOf(await table.stake({ round, wager: refused, player, amount: 100_000 })),
        'insufficient_funds',
      );
      const before = await table.has(player);
      const operation = await settle(round, { [good]: 500, [foreign]: 1, [rolledBack]: 1, [refused]: 1 });
      assert.equal(operation.status, 'refused');
      assert.deepEqual(codesOf(operation), [
        'wager_rolled_back',
        [
          '/outcomes/1/wagerId invalid_state',
          '/outcomes/2/wagerId wager_rolled_back',
          '/outcomes/3/wagerId invalid_state',
        ],
      ]);
      assert.deepEqual(await table.has(player), before);
      assert.deepEqual(await table.wagerStatus(good), { status: 'open', payout: 0 });
      assert.equal(await table.roundStatus(round), 'open');
    });

    it('of a wager that was voided alone is refused', async () => {
      const [player, round] = [await table.player(1_000), fresh('r')];
      const [voided, other] = [await table.wager({ round, player }), await table.wager({ round, player })];
      await table.voidRound(round, [voided]);
      assert.deepEqual(codesOf(await settle(round, { [voided]: 5 })), [
        'invalid_state',
        ['/outcomes/0/wagerId invalid_state'],
      ]);
      assert.equal((await settle(round, { [other]: 5 })).status, 'done');
    });

    it('that would take a balance past 2^53-1 is refused, and the saga of others is not', async () => {
      const [rich, round] = [await table.player(1_000), fresh('r')];
      const [one, two] = [
        await table.wager({ round, player: rich }),
        await table.wager({ round, player: rich }),
      ];
      const half = Math.floor(Number.MAX_SAFE_INTEGER / 2);
      assert.deepEqual(codesOf(await settle(round, { [one]: half, [two]: half })), [
        'amount_too_large',
        ['/outcomes/0/wagerId amount_too_large', '/outcomes/1/wagerId amount_too_large'],
      ]);
      assert.equal((await settle(round, { [one]: 7 })).status, 'done');
    });

    it('repays first what the player owes', async () => {
      const [player, round, spent] = [await table.player(100), fresh('r'), fresh('r')];
      const won = await table.wager({ round, player });
      await settle(round, { [won]: 500 });
      const gone = await table.wager({ round: spent, player, amount: 500 });
      await settle(spent, { [gone]: 0 });
      await table.voidRound(round);
      assert.deepEqual(await table.has(player), { cash: 0, owed: 400, inPlay: 0 });
      const later = fresh('r');
      const wager = await table.wager({ round: later, player, amount: 0 });
      const { totals, balances } = await settle(later, { [wager]: 450 });
      assert.deepEqual(totals, [{ currency: 'SEK', paid: 450, takenBack: 0, receivable: 0 }]);
      assert.deepEqual(balances, [{ playerId: player, currency: 'SEK', cash: 50 }]);
      assert.deepEqual(await table.has(player), { cash: 50, owed: 0, inPlay: 0 });
    });

    it('of an unknown round or wager is not recorded: the same id goes through once they are there', async () => {
      const [player, round, id, wager] = [await table.player(1_000), fresh('r'), fresh('s'), fresh('w')];
      const content = { outcomes: [{ wagerId: wager, payout: 50 }], closeRound: true };
      const early = await table.request('settlement', id, round, content);
      assert.ok('refusal' in early && early.refusal.code === 'not_found');
      await table.wager({ round, player });
      const still = await table.request('settlement', id, round, content);
      assert.ok('refusal' in still);
      assert.deepEqual(
        [still.refusal.code, still.refusal.errors?.[0]?.pointer],
        ['wager_unknown', '/outcomes/0/wagerId'],
      );
      await table.stake({ round, wager, player });
      assert.equal((await settle(round, { [wager]: 50 }, { id })).status, 'done');
    });
  });
}

async function versionOf(table: Table, player: string): Promise<number> {
  const { rows } = await table.db.owner.query<{ version: bigint }>(
    `select version from ledger.accounts where kind = 'player_cash' and owner = $1 and currency = 'SEK'`,
    [player],
  );
  return Number(rows[0]!.version);
}
