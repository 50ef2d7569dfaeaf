import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  findAccount,
  findAccountBefore,
  findTransfer,
  listTransfers,
  liability,
  momentOf,
  postAll,
  postNet,
  readStatement,
  type AccountName,
  type EntryKey,
} from '../../ledger/index.ts';
import { aDeed, aLedger, applied, leg, stakeLegs } from './aLedger.ts';

type Line = EntryKey & { amount: bigint };

describe('reading the ledger', () => {
  const ledger = aLedger();
  const PLAY: AccountName = { kind: 'stakes_in_play', owner: 'house', currency: 'SEK' };
  let player: AccountName;
  /** All entries of the accounts, as the tables hold them, in order. */
  const booked = new Map<AccountName, Line[]>();

  before(async () => {
    const players = [];
    for (let n = 0; n < 12; n++) players.push(await ledger.player(1_000n));
    player = { kind: 'player_cash', owner: players[0]!, currency: 'SEK' };
    for (let batch = 1n; batch <= 6n; batch++) {
      const stakes = players.flatMap((id) => [stakeLegs(id, batch), stakeLegs(id, batch * 10n)]);
      const postings = stakes.map((legs) => ({ ...aDeed('stake'), legs }));
      const verdicts = await postAll(ledger.pool, postings);
      assert.ok(verdicts.every(({ outcome }) => outcome === 'applied'));
    }
    // Clocks of other machines are coarser: entries of one instant.
    await ledger.owner.query(`set session_replication_role = replica;
      update ledger.transfers set written_at = date_trunc('milliseconds', written_at);
      update ledger.entries set written_at = date_trunc('milliseconds', written_at);
      update ledger.outcomes set decided_at = date_trunc('milliseconds', decided_at);
      set session_replication_role = origin`);
    for (const name of [PLAY, player]) booked.set(name, await linesOf(name));
  });

  async function linesOf({ kind, owner, currency }: AccountName): Promise<Line[]> {
    const { rows } = await ledger.owner.query<Line>(
      `select (extract(epoch from e.written_at) * 1000000)::bigint as at, e.account_id as account, e.version, e.amount
         from ledger.entries e join ledger.accounts a on a.id = e.account_id where (kind, owner, currency) = ($1, $2, $3)
        order by e.written_at, e.account_id, e.version`,
      [kind, owner, currency],
    );
    return rows;
  }

  const sum = (lines: readonly { amount: bigint }[]) =>
    lines.reduce((total, { amount }) => total + amount, 0n);
  const read = async (
    ...asked: Parameters<typeof readStatement> extends [unknown, ...infer A] ? A : never
  ) => {
    const statement = await readStatement(ledger.pool, ...asked);
    assert.ok(statement);
    return statement;
  };
  const reads = ['a house account of many buckets', "a player's account"] as const;
  const nameFor = (what: (typeof reads)[number]) => (what === reads[0] ? PLAY : player);
  const linesFor = (what: (typeof reads)[number]) => booked.get(nameFor(what))!;

  it('is tried on a house account that has several buckets, with entries of one instant in several of them', () => {
    const lines = linesFor(reads[0]);
    assert.equal(lines.length, 144);
    assert.ok(new Set(lines.map(({ account }) => account)).size > 3);
    assert.ok(new Set(lines.map(({ at }) => at)).size < 12);
  });

  for (const what of reads) {
    it(`shows ${what} as it was at every microsecond around every entry`, async () => {
      const lines = linesFor(what);
      const name = nameFor(what);
      for (const at of new Set(lines.flatMap((line) => [line.at - 1n, line.at, line.at + 1n]))) {
        const account = await findAccountBefore(ledger.pool, name, at);
        assert.equal(account?.posted, sum(lines.filter((line) => line.at < at)), String(at));
      }
      assert.equal((await findAccountBefore(ledger.pool, name, 0n))?.posted, 0n);
      const future = momentOf('9999-12-31T23:59:59.999-14:00');
      assert.equal((await findAccountBefore(ledger.pool, name, future))?.posted, sum(lines));
      assert.equal((await findAccount(ledger.pool, name))?.posted, sum(lines));
    });

    for (const direction of ['older', 'newer'] as const) {
      it(`reads ${what} page by page to the ${direction} entries, each once, in order and with its running balance`, async () => {
        const lines = linesFor(what);
        for (const limit of [1, 5, 7, 200]) {
          const keys: EntryKey[] = [];
          let after: EntryKey | undefined;
          do {
            const { entries } = await read(nameFor(what), {}, { direction, after, limit });
            for (const { key, balanceAfter } of entries) {
              const at = lines.findIndex((l) => l.account === key.account && l.version === key.version);
              assert.equal(balanceAfter, sum(lines.slice(0, at + 1)));
              keys.push(key);
            }
            after = entries.length === limit ? entries.at(-1)?.key : undefined;
          } while (after !== undefined);
          const expected = lines.map(({ at, account, version }) => ({ at, account, version }));
          assert.deepEqual(keys, direction === 'newer' ? expected : expected.reverse());
        }
      });

      it(`reads a statement of ${what} of every span between entries, ${direction} ones first to last`, async () => {
        const lines = linesFor(what);
        const instants = [...new Set(lines.map(({ at }) => at))];
        const edges = [undefined, ...instants.flatMap((at) => [at, at + 1n])];
        for (const from of edges)
          for (const to of edges) {
            if (from !== undefined && to !== undefined && from > to) continue;
            const within = lines.filter(({ at }) => at >= (from ?? 0n) && (to === undefined || at < to));
            const statement = await read(nameFor(what), { from, to }, { direction, limit: 5 });
            const before = sum(lines.filter(({ at }) => from !== undefined && at < from));
            const { opening, closing, count } = statement;
            assert.deepEqual([opening, closing], [before, before + sum(within)]);
            assert.equal(count, BigInt(within.length));
            const page = direction === 'newer' ? within.slice(0, 5) : within.toReversed().slice(0, 5);
            const shown = statement.entries.map(({ key, amount }) => ({ ...key, amount }));
            assert.deepEqual(shown, page);
            const first = direction === 'newer' ? opening + (page[0]?.amount ?? 0n) : closing;
            if (page.length > 0) assert.equal(statement.entries[0]?.balanceAfter, first);
          }
      });
    }
  }

  it("agrees with the balance each entry of a player's account was written with", async () => {
    const { entries } = await read(player, {}, { direction: 'older', limit: 200 });
    const { rows } = await ledger.owner.query<{ balance: bigint }>(
      `select balance_after as balance from ledger.entries e join ledger.accounts a on a.id = e.account_id
        where kind = 'player_cash' and owner = $1 order by e.version desc`,
      [player.owner],
    );
    assert.deepEqual(
      entries.map(({ balanceAfter }) => balanceAfter),
      rows.map(({ balance }) => balance),
    );
  });

  it('keeps to the span when a page goes on from an entry outside of it', async () => {
    const lines = linesFor(reads[0]);
    const [first, middle, last] = [lines[0]!, lines[70]!, lines.at(-1)!];
    for (const direction of ['older', 'newer'] as const)
      for (const after of [first, last]) {
        const { opening, closing, entries } = await read(
          PLAY,
          { from: middle.at, to: middle.at + 1n },
          { direction, after, limit: 200 },
        );
        const within = lines.filter(({ at }) => at === middle.at);
        const goesOn = (direction === 'older') === (after === last);
        assert.equal(closing - opening, sum(within));
        assert.equal(entries.length, goesOn ? within.length : 0);
        if (goesOn) {
          const newest = direction === 'older' ? entries[0] : entries.at(-1);
          assert.equal(newest?.balanceAfter, closing);
        }
      }
  });

  it('knows no account that is not there, and shows one without entries as empty', async () => {
    const nobody = { kind: 'player_cash', owner: 'nobody', currency: 'SEK' };
    assert.equal(await readStatement(ledger.pool, nobody, {}, { direction: 'older', limit: 5 }), undefined);
    assert.equal(await findAccountBefore(ledger.pool, nobody, 0n), undefined);
    const empty = { kind: 'player_receivable', owner: player.owner, currency: 'SEK' };
    const { opening, closing, entries } = await read(empty, {}, { direction: 'older', limit: 5 });
    assert.deepEqual([opening, closing, entries], [0n, 0n, []]);
  });

  it('finds the transfers of a business record with their entries, newest first, page by page', async () => {
    const businessId = `wager/game/${randomUUID()}`;
    const postings = [1n, 2n, 3n].map((amount) => ({
      ...aDeed('stake'),
      businessId,
      legs: stakeLegs(player.owner, amount),
    }));
    await postAll(ledger.pool, postings);
    await applied(
      postAll(ledger.pool, [
        { ...aDeed('stake_rollback'), businessId, legs: stakeLegs(player.owner, -1n) },
      ]).then(([v]) => v!),
    );
    const all = await listTransfers(ledger.pool, businessId, { limit: 10 });
    assert.equal(all.length, 4);
    assert.equal(all[0]?.code, 'stake_rollback');
    assert.deepEqual(
      [...all[0].entries].sort((a, b) => (a.accountId < b.accountId ? -1 : 1)),
      [
        { accountId: `player_cash:${player.owner}:SEK`, amount: 1n },
        { accountId: 'stakes_in_play:house:SEK', amount: -1n },
      ],
    );
    const paged = [];
    let before: (typeof all)[number] | undefined;
    do {
      const [next] = await listTransfers(ledger.pool, businessId, { before, limit: 1 });
      if (next) paged.push(next);
      before = next;
    } while (before);
    assert.deepEqual(paged, all);
    assert.deepEqual(await findTransfer(ledger.pool, all[0].transferId), all[0]);
    assert.equal(await findTransfer(ledger.pool, randomUUID()), undefined);
  });

  it('says what is owed to the players, as summing every account does, with debts and holds and in each currency', async () => {
    const euro = await ledger.player(70n, 'EUR');
    await applied(ledger.hold(player.owner, 40n));
    const net = { ...aDeed('void'), playerId: euro, currency: 'EUR', net: -100n, repay: false };
    const clawedBack = await postNet(ledger.pool, {
      ...net,
      house: [leg('house_gaming', 'house', 100n, 'EUR')],
    });
    assert.equal(clawedBack.owed, 30n);
    const { rows } = await ledger.owner.query<{ currency: string; kind: string; posted: bigint }>(
      'select currency, kind, sum(posted)::bigint as posted from ledger.accounts group by currency, kind',
    );
    const posted = (currency: string, kind: string) =>
      rows.find((row) => row.currency === currency && row.kind === kind)?.posted ?? 0n;
    const expected = ['EUR', 'SEK'].map((currency) => {
      const parts = {
        cash: posted(currency, 'player_cash'),
        inPlay: posted(currency, 'stakes_in_play'),
        pendingWithdrawals: posted(currency, 'player_held'),
        payoutsInFlight: 0n,
        returned: 0n,
      };
      return { currency, ...parts, total: parts.cash + parts.inPlay + parts.pendingWithdrawals };
    });
    assert.equal(expected[1]?.pendingWithdrawals, 40n);
    assert.deepEqual(await liability(ledger.pool), expected);
  });
});
