import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { extendChain } from '../../ledger/index.ts';
import { aLedger } from './aLedger.ts';

const FOLDER = new URL('../../docs/ledger/', import.meta.url);
const PAGES = readdirSync(FOLDER).filter((name) => name.endsWith('.md'));

const textOf = (name: string) => readFileSync(new URL(name, FOLDER), 'utf8');
const queriesOf = (page: string) =>
  [...textOf(page).matchAll(/```sql\n(.*?)```/gs)].map(([, sql = '']) => sql);

describe('the pages of docs/ledger', () => {
  const ledger = aLedger();

  before(async () => {
    const player = await ledger.player(10_000n);
    await ledger.stake(player, 100n);
    await ledger.hold(player, 500n);
    // What still runs anywhere on the server holds the chain up.
    let chained = 0;
    while (chained < 3) {
      chained += (await extendChain(ledger.pool)).transfers;
      await sleep(20);
    }
  });

  it('are one for each of buckets, batches, holds, chain and time', () => {
    assert.deepEqual(PAGES.toSorted(), ['batches.md', 'buckets.md', 'chain.md', 'holds.md', 'time.md']);
  });

  for (const page of PAGES) {
    it(`${page}: has a picture that is there, and a part for an engineer and for an auditor`, () => {
      const text = textOf(page);
      const [, picture = ''] = /!\[[^\]]+\]\(([a-z]+\.svg)\)/.exec(text) ?? [];
      assert.match(textOf(picture), /^<svg /);
      for (const heading of ['## For an engineer', '## For an auditor']) assert.ok(text.includes(heading));
      assert.ok(text.split('\n').length <= 80, 'it is longer than a page');
    });

    it(`${page}: every query for an auditor runs, with no more than the application's rights`, async () => {
      const queries = queriesOf(page);
      assert.ok(queries.length > 0);
      for (const sql of queries) await ledger.pool.query(sql);
    });
  }

  it('chain.md: its query that recomputes a block finds it whole, and finds a changed entry', async () => {
    const recompute = queriesOf('chain.md').at(-1)!.replace('b.number = 2', 'b.number = 1');
    const holds = async () => (await ledger.owner.query<{ holds: boolean }>(recompute)).rows[0]?.holds;
    assert.equal(await holds(), true);
    const change = (by: string) =>
      ledger.owner.query(
        `begin; set local session_replication_role = replica; update ledger.entries set amount = amount ${by} where version = 2; commit`,
      );
    await change('+ 1');
    try {
      assert.equal(await holds(), false);
    } finally {
      await change('- 1');
    }
  });
});
