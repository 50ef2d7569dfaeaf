import assert from 'node:assert/strict';
import { filesOf, linesWith, ROOMS, withoutComments, type SourceFile } from './files.ts';

const CODE = /\.(ts|mts|mjs|cjs|js)$/;
const all = filesOf(ROOMS, CODE);
const sql = filesOf(['migrations'], /\.sql$/);
const within = (...rooms: string[]): SourceFile[] =>
  all.filter(({ path }) => rooms.some((room) => path.startsWith(`${room}/`)));

describe('the house rules of the source', () => {
  it('are looked up where the source is', () => {
    for (const path of ['ledger/post.ts', 'money/index.ts', 'workflows/saga.ts', 'dev/start.mjs']) {
      assert.ok(
        all.some((file) => file.path === path),
        path,
      );
    }
    assert.ok(sql.length > 5);
  });

  it('no file is over 250 lines', () => {
    const long = [...all, ...sql]
      .map(({ path, text }) => [path, text.trimEnd().split('\n').length] as const)
      .filter(([, lines]) => lines > 250);
    assert.deepEqual(long, []);
  });

  it('money is never a floating point number', () => {
    assert.deepEqual(
      linesWith(
        within('ledger', 'money', 'rounds'),
        /\bNumber\(|\bNumber\.parse|\bparseFloat\b|\bparseInt\b|\bMath\./,
      ),
      [],
    );
  });

  it('a workflow takes its time, chance and surroundings from Temporal alone', () => {
    assert.deepEqual(
      linesWith(
        within('workflows'),
        /\bDate\.now\b|\bnew Date\(\)|\bMath\.random\b|\bprocess\b|\bcrypto\b|\bfetch\(|\bnode:/,
      ),
      [],
    );
  });

  it('a workflow keeps nothing between its runs: no variable of a module', () => {
    assert.deepEqual(linesWith(within('workflows'), /^(export )?(let|var) /), []);
  });

  it('no test runs alone', () => {
    const only = new RegExp(String.raw`\b(describe|it|context|specify)\.` + 'only');
    assert.deepEqual(linesWith(within('test'), only), []);
  });

  it('the environment is read by config/, and handed to it by the programs that start', () => {
    const readers = within(...ROOMS.filter((room) => !['config', 'dev', 'test', 'bench'].includes(room)));
    const elsewhere = readers.filter(({ path }) => !/(^|\/)main\.ts$/.test(path));
    assert.deepEqual(linesWith(elsewhere, /\bprocess\.env\b/), []);
    // A program may pass it on whole; it does not pick from it.
    assert.deepEqual(linesWith(readers, /\bprocess\.env[.[]/), []);
  });

  it('an index.ts is the door of a room, and nothing else', () => {
    const doors = /^([a-z]+|api\/routes|contract\/states)\/index\.ts$/;
    assert.deepEqual(
      all.map(({ path }) => path).filter((path) => /(^|\/)index\.ts$/.test(path) && !doors.test(path)),
      [],
    );
  });

  it('nothing is exported by default, named utils, or an enum', () => {
    const ours = all.filter(({ path }) => path.endsWith('.ts'));
    assert.deepEqual(linesWith(ours, /^export default\b|^(export )?(const )?enum\b/), []);
    assert.deepEqual(
      all
        .map(({ path }) => path)
        .filter((path) => /(^|\/)(utils?|helpers?|misc|common)\.[a-z]+$/i.test(path)),
      [],
    );
  });

  it('a comment is taken out before a rule is applied, code is not', () => {
    assert.equal(
      withoutComments(`const a = 1; // Math.max\n/* Number(\n*/const url = 'http://x';`),
      `const a = 1; \nconst url = 'http://x';`,
    );
  });
});
