import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { format } from '../../money/index.ts';
import { aTable, fresh, type Table } from '../rounds/table.ts';
import { PLAYS } from './recipePlays.ts';

const DOCUMENT = readFileSync(new URL('../../docs/ledger.md', import.meta.url), 'utf8');

describe('the recipes of docs/ledger.md', () => {
  let table: Table;
  before(async () => (table = await aTable()));
  after(() => table.leave());

  const recipes = recipesOf(DOCUMENT);

  it('are played one and all', () =>
    assert.deepEqual(Object.keys(recipes).sort(), Object.keys(PLAYS).sort()));

  for (const [name, lines] of Object.entries(recipes)) {
    it(`${name}: writes what the document says`, async () => {
      const scene = { table, player: await table.player(100_000), round: fresh('r') };
      await PLAYS[name]?.given?.(scene);
      const { rows } = await table.db.owner.query<{ now: string }>('select clock_timestamp()::text as now');
      await PLAYS[name]?.play(scene);
      assert.deepEqual(await written(table, rows[0]!.now), lines);
    });
  }

  it('stand below a chart that is the one of the database', async () => {
    const { rows } = await table.pool.query<{ line: string }>(
      `select format('| %s | %s | %s | %s | %s |', '\`' || kind || '\`', owned_by, normal_side, floor, meaning) as line from ledger.kinds`,
    );
    const chart = DOCUMENT.slice(DOCUMENT.indexOf('## Chart'), DOCUMENT.indexOf('## Two-phase'));
    const inDocument = chart
      .split('\n')
      .filter((line) => line.startsWith('| `'))
      .map((line) => line.replace(/\| +\|/g, '|  |'));
    assert.deepEqual(inDocument.sort(), rows.map(({ line }) => line).sort());
  });
});

/** By heading the rows of its table: `withdrawal_hold: player_cash -300.00, player_held +300.00`, sorted within. */
function recipesOf(markdown: string): Record<string, string[]> {
  const chapter = markdown.slice(markdown.indexOf('## Recipes'), markdown.indexOf('## Verification'));
  return Object.fromEntries(
    chapter
      .split('\n### ')
      .slice(1)
      .map((section) => {
        const [name = '', ...lines] = section.split('\n');
        const rows = lines.filter((line) => line.startsWith('| ') && line.includes('`'));
        return [
          name.trim(),
          rows.map((row) => {
            const [, , code = '', entries = ''] = row
              .replaceAll('`', '')
              .split('|')
              .map((cell) => cell.trim());
            return lineOf(code, entries.split(', '));
          }),
        ];
      }),
  );
}

function lineOf(code: string, entries: string[]): string {
  return `${code}: ${entries.sort().join(', ')}`;
}

/** What the ledger wrote since, in the form of the document. */
async function written(table: Table, since: string): Promise<string[]> {
  const { rows } = await table.pool.query<{ code: string; accounts: string[]; amounts: string[] }>(
    `select t.code, array_agg(a.kind || case when k.owned_by in ('provider', 'pot') then ':' || a.owner else '' end order by a.id) as accounts,
            array_agg(e.amount::text order by a.id) as amounts
       from ledger.transfers t join ledger.entries e on e.transfer_id = t.id join ledger.accounts a on a.id = e.account_id
       join ledger.kinds k using (kind)
      where t.written_at > $1::timestamptz group by t.id, t.code, t.written_at order by t.written_at`,
    [since],
  );
  return rows.map(({ code, accounts, amounts }) =>
    lineOf(
      code,
      accounts.map((account, index) => {
        const amount = format({ minor: amounts[index]!, currency: 'SEK' }).replace(' SEK', '');
        return `${account} ${amount.startsWith('-') ? '' : '+'}${amount}`;
      }),
    ),
  );
}
