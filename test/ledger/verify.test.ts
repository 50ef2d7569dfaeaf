import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { extendChain, openPlayer, placeHold, post, reverse, voidHold } from '../../ledger/index.ts';
import { CHECKS } from '../../ledger/verify/checks.ts';
import { START, verify as steps, type Place } from '../../ledger/verify/findDrift.ts';
import type { Pool } from '../../ops/postgres.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { CONSTRAINTS, TAMPERING } from './tampering.ts';
import { aDeed, applied, leg, stakeLegs } from './aLedger.ts';

describe('the verification of the ledger', () => {
  let database: TestDatabase;
  beforeEach(async () => {
    database = await testDatabase();
    await history(database.pool);
  });
  afterEach(() => database.drop());

  /** A deposit, a reversed stake, a stake in play, a hold, a void, a tombstone and a refusal. */
  async function history(pool: Pool): Promise<void> {
    for (const player of ['p-1', 'p-2']) await openPlayer(pool, player, 'SEK');
    await applied(
      post(pool, {
        ...aDeed('deposit'),
        legs: [leg('provider_clearing', 'nordpay', -100n), leg('player_cash', 'p-1', 100n)],
      }),
    );
    const { transferId } = await applied(post(pool, { ...aDeed('settlement'), legs: stakeLegs('p-1', 5n) }));
    await applied(reverse(pool, { ...aDeed('reversal'), transferId: transferId! }));
    await applied(post(pool, { ...aDeed('stake'), legs: stakeLegs('p-1', 10n) }));
    const hold = (amount: bigint) =>
      placeHold(pool, { ...aDeed('withdrawal_hold'), playerId: 'p-1', currency: 'SEK', amount });
    await applied(hold(20n));
    await applied(voidHold(pool, aDeed('withdrawal_release', (await applied(hold(30n))).transferId!)));
    await applied(voidHold(pool, aDeed('withdrawal_release')));
    assert.equal((await hold(1_000n)).outcome, 'refused');
  }

  async function tamper(sql: string): Promise<void> {
    const tx = await database.owner.connect();
    try {
      for (const name of CONSTRAINTS) await tx.query(`alter table ledger.accounts drop constraint ${name}`);
      await tx.query(`set session_replication_role = replica`);
      await tx.query(sql);
    } finally {
      await tx.query('reset session_replication_role');
      tx.release();
    }
  }

  const verify = (args: string[], env: NodeJS.ProcessEnv) =>
    new Promise<{ code: number | null; out: string; err: string }>((resolve) => {
      const { DATABASE_URL: _, COUNTROOM_DATA: __, ...clean } = process.env;
      const child = spawn(process.execPath, ['--import', 'tsx', 'ledger/verify/main.ts', ...args], {
        env: { ...clean, ...env },
      });
      let [out, err] = ['', ''];
      child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
      child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
      child.on('close', (code) => resolve({ code, out, err }));
    });

  it('finds nothing in a ledger that nobody touched', () => checkInvariants(database.owner));

  for (const { by, sql, finds } of TAMPERING) {
    it(`finds ${by}`, async () => {
      await tamper(sql);
      await assert.rejects(checkInvariants(database.owner), (error: Error) => {
        assert.equal(error.name, 'AssertionError');
        for (const name of finds) assert.match(error.message, new RegExp(`^  ${name}: `, 'm'));
        return true;
      });
    });
  }

  it('has every one of its checks tried by such tampering', () => {
    const tried = new Set(TAMPERING.flatMap(({ finds }) => finds));
    assert.deepEqual(
      CHECKS.map(({ name }) => name).filter((name) => !tried.has(name)),
      [],
    );
  });

  it('takes more checks of the caller', async () => {
    const mine = {
      name: 'nobody_is_p_2',
      broken: 'this is p-2',
      sql: `select owner from ledger.accounts where owner = 'p-2' limit 1`,
    };
    await assert.rejects(checkInvariants(database.owner, [mine]), /nobody_is_p_2: this is p-2: owner p-2/);
  });

  it('is not misled by postings that go on meanwhile', async () => {
    const postings = Array.from({ length: 60 }, () =>
      applied(post(database.pool, { ...aDeed('stake'), legs: stakeLegs('p-1', 1n) })),
    );
    for (let n = 0; n < 5; n++) await checkInvariants(database.owner);
    await Promise.all(postings);
  });

  it('says on the command line that the ledger holds, and what it looked at', async () => {
    const { code, out } = await verify([], { DATABASE_URL: database.appUrl });
    assert.equal(
      out,
      `The ledger holds: ${String(CHECKS.length)} checks over 38 accounts, 7 transfers, 14 entries, 3 holds, 8 outcomes.\n`,
    );
    assert.equal(code, 0);
  });

  it('prints each row that drifts, and fails', async () => {
    await tamper(
      `update ledger.accounts set posted = posted + 1 where kind = 'player_cash' and owner = 'p-1'`,
    );
    const { code, out, err } = await verify([], { DATABASE_URL: database.appUrl });
    assert.equal(code, 1);
    assert.match(out, /^currencies_sum_to_zero: .*: currency SEK, off_by 1$/m);
    assert.match(
      out,
      /^balances_are_sums_of_entries: .*: account player_cash:p-1:SEK, posted 71, entries 70$/m,
    );
    assert.match(err, /The ledger drifts: 2 rows/);
  });

  it('prints the same as JSON', async () => {
    await tamper(
      `update ledger.accounts set version = version + 1 where kind = 'stakes_in_play' and bucket = ledger.bucket('stakes_in_play', 'p-1')`,
    );
    const { code, out } = await verify(['--json'], { DATABASE_URL: database.appUrl });
    const answer = JSON.parse(out) as { holds: boolean; drift: unknown[] };
    assert.equal(code, 1);
    assert.equal(answer.holds, false);
    const row = { account: 'stakes_in_play:house:SEK#9', version: '4', entries: '3', first: '1', last: '3' };
    assert.deepEqual(answer.drift, [
      {
        check: 'versions_have_no_gap',
        broken: 'the versions of this account are not 1, 2, 3 ... up to its own',
        row,
      },
    ]);
  });

  it('goes on from any place it has come to, and finds there what it would have found', async () => {
    await extendChain(database.owner);
    await tamper(
      `update ledger.outcomes set refusal = 'insufficient_funds', facts = '{}' where id = (select id from ledger.transfers limit 1)`,
    );
    const places: Place[] = [];
    for await (const { next } of steps(database.owner, START)) places.push(next);
    assert.deepEqual(
      places.map(({ pass }) => pass),
      ['transfers', 'outcomes', 'chain', 'chain', 'done'],
    );
    const from = async (place: Place) => {
      const { code, out, err } = await verify(['--from', `${place.pass}:${place.from}`], {
        DATABASE_URL: database.appUrl,
      });
      return [code, (out + err).replace(/:.*/s, '')];
    };
    assert.deepEqual(await from(places[0]!), [1, 'transfers_have_their_outcome']);
    assert.deepEqual(await from(places[1]!), [0, 'The ledger holds from outcomes']);
    assert.deepEqual(await from(places[2]!), [0, 'The ledger holds from chain']);
    const nowhere = await verify(['--from', 'chain:end'], { DATABASE_URL: database.appUrl });
    assert.match(nowhere.err, /^--from is a place that a verification has said, .* not chain:end/);
  });

  it('compares the chain with the head that was noted', async () => {
    const { head } = await extendChain(database.owner);
    const noted = `${String(head!.number)}:${head!.hash}`;
    const holds = await verify(['--head', noted], { DATABASE_URL: database.appUrl });
    assert.match(holds.out, new RegExp(`^The ledger holds: .*\nThe chain ends at ${noted}\n$`));
    const other = await verify(['--json', '--head', `9:${head!.hash}`], { DATABASE_URL: database.appUrl });
    assert.equal(other.code, 1);
    assert.equal(
      (JSON.parse(other.out) as { drift: { check: string }[] }).drift[0]!.check,
      'chain_has_the_noted_head',
    );
    assert.match((await verify(['--head', '12'], {})).err, /^--head is a number and 64 hexadecimal digits/);
  });

  it('finds the running stack by its file, and says what to do where there is none', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'countroom-verify-'));
    try {
      const nothing = await verify([], { COUNTROOM_DATA: folder });
      assert.equal(nothing.code, 2);
      assert.match(
        nothing.err,
        /^There is no ledger to verify: DATABASE_URL is not set, and no stack runs .* Remedy: .*`npm start`\.\n$/,
      );
      writeFileSync(join(folder, 'stack.json'), JSON.stringify({ databaseUrl: database.appUrl }));
      assert.equal((await verify([], { COUNTROOM_DATA: folder })).code, 0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('says so where it cannot look, and which options it has', async () => {
    const { port } = new URL(database.appUrl);
    const unreachable = await verify([], { DATABASE_URL: `postgres://nobody@127.0.0.1:${port}/nothing` });
    assert.equal(unreachable.code, 2);
    assert.match(unreachable.err, /^The ledger could not be read: .+\n$/);
    assert.match((await verify(['--fix'], {})).err, /^Unknown option '--fix'/);
    const help = await verify(['--help'], {});
    assert.equal(help.code, 0);
    for (const { name } of CHECKS) assert.ok(help.out.includes(name));
  });
});
