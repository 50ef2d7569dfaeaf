import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { WORDS } from '../../api/dialects/actions.ts';
import { ALL_STATUSES, STATUSES } from '../../api/dialects/callsDialect.ts';
import { PROBLEMS } from '../../contract/codes.ts';
import { readText } from '../house/files.ts';
import { KEYS, SECRET, someAggregators, type Aggregators } from './aggregators.ts';

const run = promisify(execFile);
const pages = { actions: readText('docs/dialects/actions.md'), calls: readText('docs/dialects/calls.md') };

/** The rows of the table that begins with this cell, each as its cells. */
const tableOf = (page: string, first: string) =>
  (page.split(`| ${first} |`)[1]?.split('\n\n')[0] ?? '')
    .split('\n')
    .slice(2)
    .map((row) => row.split('|').map((cell) => cell.trim().replaceAll('`', '')).slice(1, -1)); // prettier-ignore

const yes = (retry: boolean) => (retry ? 'yes' : 'no');

describe('the page of a dialect', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  it('tells of every code of the API what the aggregator hears of it', () => {
    const codes = Object.keys(PROBLEMS) as (keyof typeof PROBLEMS)[];
    const first = 'code of the API';
    assert.deepEqual(
      tableOf(pages.actions, first),
      codes.map((code) => [code, String(WORDS[code].status), WORDS[code].error, yes(WORDS[code].retry)]),
    );
    assert.deepEqual(
      tableOf(pages.calls, first),
      codes.map((code) => [code, STATUSES[code].status, yes(STATUSES[code].retry)]),
    );
    for (const status of ALL_STATUSES) assert.ok(pages.calls.includes(`\`${status}\``), status);
  });

  it('has an example that signs as it says, and is answered as it says', async () => {
    for (const [name, expected] of [
      ['actions', [/^200 \{"callId":"c-\d+","roundId":"r-\d+","balance":1015,"actions":\[.*\]\}$/]],
      [
        'calls',
        [
          /^200 \{"status":"OK","balance":990000,"currency":"SEK"\}$/,
          /^200 \{"status":"OK","balance":1015000,"currency":"SEK"\}$/,
        ],
      ],
    ] as const) {
      const example = /```js\n([\s\S]*?)```/.exec(pages[name])?.[1] ?? '';
      const env = {
        ...process.env,
        API_URL: they.api.url,
        CLIENT_ID: name,
        SECRET,
        PRIVATE_KEY: KEYS.calls.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
        PLAYER_ID: await they.server.aPlayer(),
      };
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', example], { env });
      const lines = stdout.trim().split('\n');
      assert.equal(lines.length, expected.length, stdout);
      expected.forEach((pattern, at) => assert.match(lines[at] ?? '', pattern));
    }
  });
});
