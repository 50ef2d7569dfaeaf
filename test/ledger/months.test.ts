import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { extendChain, openMonths, readStatement, type Verdict } from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';
import { aLedger, applied, hundred } from './aLedger.ts';

/** A ledger whose tables are as they were before a month was ever opened. */
function aYoungLedger() {
  const ledger = aLedger();
  before(async () => {
    for (const table of ['transfers', 'entries'])
      await ledger.owner.query(`
        do $$ declare part text; begin
          for part in select inhrelid::regclass::text from pg_inherits where inhparent = 'ledger.${table}'::regclass and inhrelid <> 'ledger.${table}_later'::regclass loop
            execute 'drop table ' || part;
          end loop;
        end $$;
        alter table ledger.${table} detach partition ledger.${table}_later;
        alter table ledger.${table} attach partition ledger.${table}_later for values from (minvalue) to (maxvalue)`);
    await ledger.owner.query('delete from ledger.months');
  });
  return ledger;
}

/** Opens a month that ends at a time of our choice, as ledger.open_months does with those of the calendar. */
const openMonth = (db: Pool, ends: Date) =>
  db.query(
    `select ledger.open_month(coalesce((select max(ends) from ledger.months), '2001-01-01Z'), $1::timestamptz)`,
    [ends],
  );

describe('the turn of a month', () => {
  const ledger = aYoungLedger();

  /** How many transfers are where, by partition. */
  async function whereabouts(): Promise<Record<string, number>> {
    const { rows } = await ledger.owner.query<{ part: string; count: number }>(
      `select tableoid::regclass::text as part, count(*)::int as count from ledger.transfers group by 1
       union all select tableoid::regclass::text, count(distinct transfer_id)::int from ledger.entries group by 1`,
    );
    return Object.fromEntries(rows.map(({ part, count }) => [part.replace('ledger.', ''), count]));
  }

  it('loses nothing, nor where the next month is missing, nor while that is opened under load', async () => {
    const player = await ledger.player(100_000n);
    const turn = new Date(Date.now() + 1_500);
    await openMonth(ledger.owner, turn);
    const ids: string[] = [];
    const stake = (): Promise<Verdict> => {
      const id = randomUUID();
      ids.push(id);
      return ledger.stake(player, 1n, id);
    };
    const verdicts: Verdict[] = [];
    while (Date.now() < turn.getTime() + 300) verdicts.push(...(await hundred(stake)));
    const missing = await whereabouts();
    assert.ok(missing['transfers_2001_01']! > 0 && missing['transfers_later']! > 0, JSON.stringify(missing));

    const underLoad = Array.from({ length: 5 }, () => hundred(stake));
    await openMonth(ledger.owner, new Date(Date.now() + 3_600_000));
    verdicts.push(...(await Promise.all(underLoad)).flat());
    assert.ok(verdicts.every(({ outcome }) => outcome === 'applied'));
    assert.equal(await ledger.cash(player), 100_000n - BigInt(ids.length));

    const moved = await whereabouts();
    assert.equal(moved['transfers_later'] ?? 0, 0, 'what was written later has moved to its month');
    assert.equal(moved['entries_later'] ?? 0, 0);
    const months = Object.keys(moved).filter((part) => part.startsWith('transfers_'));
    assert.equal(
      months.reduce((sum, part) => sum + moved[part]!, 0),
      ids.length + 1,
    );
    for (const part of months) assert.equal(moved[part.replace('transfers', 'entries')], moved[part]);
  });
});

describe('an id', () => {
  const ledger = aYoungLedger();

  it('of a month before is not used again', async () => {
    const player = await ledger.player(100n);
    const turn = new Date(Date.now() + 300);
    await openMonth(ledger.owner, turn);
    const id = randomUUID();
    const first = await applied(ledger.stake(player, 40n, id));
    await sleep(turn.getTime() - Date.now() + 50);
    assert.deepEqual(await ledger.stake(player, 40n, id), { ...first, replayed: true });
    await applied(ledger.stake(player, 1n));
    await extendChain(ledger.pool);
    const account = { kind: 'player_cash', owner: player, currency: 'SEK' };
    const page = { direction: 'older', limit: 10 } as const;
    const statement = await readStatement(ledger.pool, account, {}, page);
    assert.deepEqual(
      statement?.entries.map(({ balanceAfter }) => balanceAfter),
      [59n, 60n, 100n],
    );
  });
});

describe('the months ahead', () => {
  const ledger = aYoungLedger();

  it('are opened once, three of them, when several open them at once, and say where something was beyond', async () => {
    await applied(ledger.stake(await ledger.player(100n), 1n));
    const opened = await Promise.all(Array.from({ length: 5 }, () => openMonths(ledger.pool)));
    assert.equal(
      opened.reduce((sum, months) => sum + months.opened, 0),
      4,
    );
    assert.ok(opened.some(({ beyond }) => beyond));
    assert.deepEqual(await openMonths(ledger.pool), { opened: 0, beyond: false });
    const { rows } = await ledger.owner.query<{ lasts: boolean }>(
      `select bool_and(starts = date_trunc('month', starts, 'UTC') and ends = starts + interval '1 month') and count(*) = 4 as lasts
         from ledger.months`,
    );
    assert.equal(rows[0]!.lasts, true);
  });
});
