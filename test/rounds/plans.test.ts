import assert from 'node:assert/strict';
import { aTable, fresh, type Table } from './table.ts';

const AT_ONCE = 10;
/** Rows that come to stand there between two measurements; a plan that reads a table or an index whole reads all of them. */
const GROWN = 8_000;
/** What a call reads more of one table, or of one index, when they have come: an index is a level or two higher then. */
const mostAfter = (before: number) => 3 * before + 10;

const times = <T>(count: number, work: (nth: number) => T): T[] =>
  Array.from({ length: count }, (_, nth) => work(nth));

/** Rounds of one wager each. */
async function wagers(table: Table, players: readonly string[], count: number) {
  const placed = times(count, (nth) => ({
    round: fresh('r'),
    wager: fresh('w'),
    player: players[nth % players.length] ?? '',
  }));
  await Promise.all(placed.map((stake) => table.wager({ ...stake, amount: 1 })));
  return placed;
}

/** Each is done ten times at once, as game servers do. */
const CALLS: Readonly<Record<string, (table: Table, players: readonly string[]) => Promise<unknown>>> = {
  stakes: (table, players) => wagers(table, players, AT_ONCE),
  plays: (table, players) =>
    Promise.all(
      times(AT_ONCE, (nth) =>
        table.play({
          round: fresh('r'),
          wager: fresh('w'),
          settlement: fresh('s'),
          player: players[nth] ?? '',
          amount: 1,
          payout: 1,
        }),
      ),
    ),
  rollbacks: async (table, players) => {
    const placed = await wagers(table, players, AT_ONCE);
    return await Promise.all(placed.map(({ wager }) => table.rollBack(wager)));
  },
  'direct settlements': async (table, players) => {
    const placed = await wagers(table, players, AT_ONCE);
    return await Promise.all(placed.map(({ round, wager }) => table.settleAtOnce(round, { [wager]: 2 })));
  },
  'settlements by workflow': async (table, players) => {
    const placed = await wagers(table, players, AT_ONCE);
    for (const { round, wager } of placed) await table.settle(round, { [wager]: 2 });
  },
  resettlements: async (table, players) => {
    const placed = await wagers(table, players, AT_ONCE);
    for (const { round, wager } of placed) {
      await table.settle(round, { [wager]: 2 });
      await table.resettle(round, { [wager]: 0 });
    }
  },
  voids: async (table, players) => {
    const placed = await wagers(table, players, AT_ONCE);
    for (const { round } of placed) await table.voidRound(round);
  },
};

/** How many rows of each table, entries and blocks of each index were read so far. What is read and does not fit is in blocks alone. */
async function reads(table: Table): Promise<Map<string, number>> {
  await table.pool.query('select pg_stat_force_next_flush()');
  const { rows } = await table.db.owner.query<{ what: string; read: number }>(
    `select relname as what, seq_tup_read::float8 as read from pg_stat_user_tables where relname not in ('kinds', 'jurisdictions', 'months')
      union all select 'entries of ' || indexrelname, idx_tup_read::float8 from pg_stat_user_indexes
      union all select 'blocks of ' || indexrelname, (idx_blks_hit + idx_blks_read)::float8 from pg_statio_user_indexes`,
  );
  return new Map(rows.map(({ what, read }) => [what, read]));
}

/** What each of the calls reads, one of the ten. */
async function readsOfCalls(table: Table, players: readonly string[]) {
  const of = new Map<string, Map<string, number>>();
  for (const [name, call] of Object.entries(CALLS)) {
    const before = await reads(table);
    await call(table, players);
    const after = [...(await reads(table))].map(
      ([what, read]) => [what, (read - (before.get(what) ?? 0)) / AT_ONCE] as const,
    );
    of.set(name, new Map(after));
  }
  return of;
}

/** It would read beside what is measured, and look at tables that are to be those that nobody has looked at. */
async function keepAutovacuumAway({ db: { owner } }: Table): Promise<void> {
  await owner.query(`do $$ declare t regclass; begin
    for t in select oid from pg_class where relkind = 'r' and relnamespace in (select oid from pg_namespace where nspname in ('ledger', 'rounds', 'players')) loop
      execute format('alter table %s set (autovacuum_enabled = off)', t);
    end loop;
    alter index ledger.accounts_owing set (autosummarize = off); end $$`);
}

describe('a game server’s call reads its own rows alone, however the tables have grown since plans were made', () => {
  const histories: Readonly<Record<string, (table: Table, players: readonly string[]) => Promise<unknown>>> =
    {
      'tables that nobody has looked at': () => Promise.resolve(),
      'statistics that were taken while tables were empty': (table) => table.db.owner.query('vacuum analyze'),
      'statistics that were taken after the first wagers': async (table, players) => {
        for (const call of Object.values(CALLS)) await call(table, players);
        await table.db.owner.query('vacuum analyze');
      },
    };
  for (const [history, happened] of Object.entries(histories)) {
    it(`with ${history}`, async function () {
      this.timeout(120_000);
      const table = await aTable({ poolSize: 1 });
      try {
        await keepAutovacuumAway(table);
        if (history.includes('empty')) await happened(table, []);
        const players = await Promise.all(times(AT_ONCE, () => table.player(100_000)));
        await happened(table, players);
        for (let n = 0; n < 8; n += 1) for (const call of Object.values(CALLS)) await call(table, players); // until plans are kept
        const before = await readsOfCalls(table, players);
        await table.pool.query(
          `select count(*) from generate_series(1, $1::int) n, players.register('grown-' || n, 'MT', array['SEK'])`,
          [GROWN],
        );
        for (let placed = 0; placed < GROWN; placed += 1_000) await wagers(table, players, 1_000); // more are not queued
        const tooMuch = [...(await readsOfCalls(table, players))].flatMap(([call, after]) =>
          [...after]
            .map(([what, now]) => ({ call, what, then: before.get(call)?.get(what) ?? 0, now }))
            .filter(({ then, now }) => now > mostAfter(then)),
        );
        assert.deepEqual(tooMuch, []);
      } finally {
        await table.leave();
      }
    });
  }
});
