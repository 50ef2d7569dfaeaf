import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { readText } from '../house/files.ts';
import { aGameServer, is, type GameServer } from './gameServer.ts';
import { playsOf } from './rowPlays.ts';

const page = readText('docs/rounds.md');
/** The rows of the table under a heading, without its head. */
const rowsOf = (heading: string): string[][] =>
  (page.split(`## ${heading}\n`)[1] ?? '')
    .split('\n## ')[0]!
    .split('\n')
    .filter((line) => line.startsWith('|'))
    .slice(2)
    .map((line) =>
      line
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );

/** Each account named and what it gets: `player_cash` -100 +250 is 150. */
function booksIn(cell: string): Record<string, number> {
  const books: Record<string, number> = {};
  for (const [, account = '', amounts = ''] of cell.matchAll(/`(\w+)`((?: [+-]\d+)+)/g)) {
    const sum = amounts
      .trim()
      .split(' ')
      .reduce((total, each) => total + Number(each), books[account] ?? 0);
    books[account] = sum;
  }
  return Object.fromEntries(Object.entries(books).filter(([, sum]) => sum !== 0));
}

describe('docs/rounds.md', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  /** Two at once need their own stage. */
  const ELSEWHERE: Readonly<Record<string, string>> = {
    'a second win while the first is not posted yet':
      'jackpotsRaces: two winners, each sent twice, 50 times over: both are paid once, the second after the seed',
  };

  async function balances(): Promise<Record<string, number>> {
    const { rows } = await server.api.database.owner.query<{ kind: string; posted: string }>(
      'select kind, sum(posted)::text as posted from ledger.accounts group by kind',
    );
    return Object.fromEntries(rows.map(({ kind, posted }) => [kind, Number(posted)]));
  }

  function assertTest(where: string, row: string): void {
    const [file = '', ...name] = where.split(': ');
    const text = readFileSync(new URL(`${file}.test.ts`, import.meta.url), 'utf8').replaceAll('\\', '');
    assert.ok(text.includes(name.join(': ')), `${row}: there is no such test in ${file}`);
  }

  for (const [row = '', says = '', booked = ''] of [
    ...rowsOf('You send, we answer, the books say'),
    ...rowsOf('Jackpots'),
  ]) {
    it(`says the truth of ${row}`, async () => {
      if (row in ELSEWHERE) {
        assertTest(ELSEWHERE[row]!, row);
        return;
      }
      const play = playsOf(server)[row];
      assert.ok(play !== undefined, 'no test plays this row');
      const act = await play();
      const before = await balances();
      const replies = await act();
      const after = await balances();
      const told = [...says.matchAll(/(\d{3}) `(\w+)`/g)];
      assert.ok(told.length > 0, says);
      assert.equal(replies.length, told.length);
      for (const [at, [, status, word]] of told.entries()) {
        const { code, outcome, status: how } = is(replies[at]!, Number(status));
        assert.ok([code, outcome, how].includes(word), `${String(word)}: ${replies[at]!.text}`);
      }
      const moved = Object.entries(after).map(
        ([kind, posted]) => [kind, posted - (before[kind] ?? 0)] as const,
      );
      assert.deepEqual(Object.fromEntries(moved.filter(([, amount]) => amount !== 0)), booksIn(booked));
    });
  }

  it('names a test for every rule of game servers', () => {
    const rules = rowsOf('The rules of game servers, and the tests that hold them');
    assert.ok(rules.length > 10);
    for (const [rule = '', where = ''] of rules) assertTest(where, rule);
  });
});
