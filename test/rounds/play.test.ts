import assert from 'node:assert/strict';
import { claimRound } from '../../rounds/index.ts';
import { aTable, CLIENT, balanceOf, fateOf, fresh, type Table } from './table.ts';

describe('play', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('takes the stake and pays the win at once, with two entries on the player, and closes the round', async () => {
    const [player, round, wager, settlement] = [
      await table.player(1_000),
      fresh('r'),
      fresh('w'),
      fresh('s'),
    ];
    const both = { round, wager, player, settlement, amount: 300, payout: 500 };
    const first = await table.play(both);
    assert.deepEqual([fateOf(first), balanceOf(first)], ['applied', 1_200]);
    assert.ok(first.outcome === 'applied' && first.transferIds.length === 2);
    assert.deepEqual(await entriesOf(table, player, first.transferIds), [-300, 500]);
    assert.deepEqual(await table.play(both), { ...first, replayed: true });
    assert.equal(await table.roundStatus(round), 'closed');
    assert.deepEqual(await table.wagerStatus(wager), { status: 'settled', payout: 500 });
  });

  it('has no entry on the player for a zero stake or a zero win', async () => {
    const player = await table.player(1_000);
    const lost = await table.play({
      round: fresh('r'),
      wager: fresh('w'),
      player,
      settlement: fresh('s'),
      amount: 300,
      payout: 0,
    });
    assert.ok(lost.outcome === 'applied');
    assert.deepEqual(await entriesOf(table, player, lost.transferIds), [-300]);
    const free = await table.play({
      round: fresh('r'),
      wager: fresh('w'),
      player,
      settlement: fresh('s'),
      amount: 0,
      payout: 40,
    });
    assert.ok(free.outcome === 'applied');
    assert.deepEqual(await entriesOf(table, player, free.transferIds), [40]);
    const nothing = await table.play({
      round: fresh('r'),
      wager: fresh('w'),
      player,
      settlement: fresh('s'),
      amount: 0,
      payout: 0,
    });
    assert.deepEqual([fateOf(nothing), balanceOf(nothing)], ['applied', 740]);
  });

  it('checks the funds before the win: a win does not pay for its own stake', async () => {
    const [player, round, wager, settlement] = [await table.player(100), fresh('r'), fresh('w'), fresh('s')];
    const both = { round, wager, player, settlement, amount: 300, payout: 500 };
    assert.equal(fateOf(await table.play(both)), 'insufficient_funds');
    await table.give(player, 1_000);
    assert.equal(fateOf(await table.play(both)), 'insufficient_funds');
    assert.equal(await table.roundStatus(round), 'open');
    assert.equal((await table.has(player)).cash, 1_100);
  });

  it('takes nothing where the win is past what a balance may hold', async () => {
    const [player, round, wager, settlement] = [
      await table.player(1_000),
      fresh('r'),
      fresh('w'),
      fresh('s'),
    ];
    const both = { round, wager, player, settlement, amount: 100, payout: Number.MAX_SAFE_INTEGER };
    const first = await table.play(both);
    assert.equal(fateOf(first), 'amount_too_large');
    assert.deepEqual(await table.play(both), { ...first, replayed: true });
    assert.deepEqual(await table.has(player), { cash: 1_000, owed: 0, inPlay: 0 });
  });

  it('leaves the round open while another wager of it is, or where it is told to', async () => {
    const [player, shared, kept] = [await table.player(1_000), fresh('r'), fresh('r')];
    const other = await table.wager({ round: shared, player });
    const play = (round: string, close: boolean) =>
      table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 10, payout: 0, close });
    await play(shared, true);
    await play(kept, false);
    assert.deepEqual([await table.roundStatus(shared), await table.roundStatus(kept)], ['open', 'open']);
    await table.rollBack(other);
    await play(shared, true);
    await play(kept, true);
    assert.deepEqual([await table.roundStatus(shared), await table.roundStatus(kept)], ['closed', 'closed']);
  });

  it('closes a round that an operation works on as soon as that has ended', async () => {
    const [player, round, settlement] = [await table.player(1_000), fresh('r'), fresh('s')];
    const wager = await table.wager({ round, player });
    const outcomes = [{ wagerId: wager, payout: 50 }];
    await table.request('settlement', settlement, round, { outcomes, closeRound: false });
    await claimRound(table.pool, { clientId: CLIENT, kind: 'settlement', operationId: settlement }, 0);
    const play = { round, wager: fresh('w'), settlement: fresh('s'), player, payout: 0 };
    assert.equal(fateOf(await table.play(play)), 'applied');
    assert.equal(fateOf(await table.stake({ round, wager: fresh('w'), player })), 'round_closed');
    assert.equal((await table.run('settlement', settlement)).roundStatus, 'closed');
    assert.equal((await table.has(player)).cash, 850);
  });

  it('with one id known and the other new, or other content, is a conflict', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const both = {
      round,
      wager: fresh('w'),
      player,
      settlement: fresh('s'),
      amount: 100,
      payout: 50,
      close: false,
    };
    assert.equal(fateOf(await table.play(both)), 'applied');
    const changes = [
      { wager: fresh('w') },
      { settlement: fresh('s') },
      { payout: 51 },
      { amount: 99 },
      { close: true },
      { round: fresh('r') },
    ];
    for (const change of changes) {
      assert.equal(
        fateOf(await table.play({ ...both, ...change })),
        'idempotency_conflict',
        JSON.stringify(change),
      );
    }
    const settled = await table.request('settlement', both.settlement, round, {
      outcomes: [],
      closeRound: true,
    });
    assert.ok('refusal' in settled && settled.refusal.code === 'idempotency_conflict');
    assert.equal((await table.has(player)).cash, 950);
  });

  it('takes no money of a closed round, an unknown player or a wrong currency', async () => {
    const [player, round] = [await table.player(1_000), fresh('r')];
    const play = (change: object) =>
      table.play({
        round,
        wager: fresh('w'),
        player,
        settlement: fresh('s'),
        amount: 100,
        payout: 50,
        ...change,
      });
    assert.equal(fateOf(await play({ player: 'nobody' })), 'player_unknown');
    assert.equal(fateOf(await play({ currency: 'EUR' })), 'currency_mismatch');
    assert.equal(fateOf(await play({})), 'applied');
    assert.equal(fateOf(await play({})), 'round_closed');
    assert.equal((await table.has(player)).cash, 950);
  });

  it('of many at once is answered each as if it came alone: one that is refused is nothing to the others', async () => {
    const most = Number.MAX_SAFE_INTEGER;
    const plan = Array.from({ length: 90 }, (_, at) => at % 6);
    const plays = await Promise.all(
      plan.map(async (what) => {
        const player = what === 5 ? 'nobody' : await table.player(100);
        const ids = { round: fresh('r'), wager: fresh('w'), settlement: fresh('s') };
        // What is left in the end, and what is answered.
        const [amount, payout, fate, left] = (
          [
            [60, 90, 'applied', 130],
            [101, 500, 'insufficient_funds', 100],
            [60, most - 10, 'amount_too_large', 100],
            [0, 40, 'applied', 140],
            [70, 5, 'noop', 100],
            [10, 10, 'player_unknown', 0],
          ] as const
        )[what]!;
        if (what === 4) await table.rollBack(ids.wager);
        return { asked: { ...ids, player, amount, payout }, fate, left };
      }),
    );
    // Each twice, so that copies meet in a batch.
    const answers = await Promise.all([...plays, ...plays].map(({ asked }) => table.play(asked)));
    for (const [at, { asked, fate, left }] of plays.entries()) {
      const both = [answers[at]!, answers[at + plays.length]!];
      assert.deepEqual(both.map(fateOf), [fate, fate], JSON.stringify(asked, null, 1));
      if (fate !== 'player_unknown') {
        assert.deepEqual(both.map(({ replayed }) => replayed).sort(), [false, true]);
        assert.equal((await table.has(asked.player)).cash, left);
      }
    }
  });

  it('of one round by many players at once is taken until the first of them closes it', async () => {
    const round = fresh('r');
    const players = await Promise.all(Array.from({ length: 30 }, () => table.player(100)));
    const play = (player: string, close: boolean) =>
      table.play({ round, wager: fresh('w'), player, settlement: fresh('s'), amount: 10, payout: 0, close });
    const open = await Promise.all(players.map((player) => play(player, false)));
    assert.ok(open.every((answer) => fateOf(answer) === 'applied'));
    const closing = (await Promise.all(players.map((player) => play(player, true)))).map(fateOf);
    assert.deepEqual([...new Set(closing)].sort(), ['applied', 'round_closed']);
    assert.equal(closing.filter((fate) => fate === 'applied').length, 1);
    assert.equal(await table.roundStatus(round), 'closed');
  });

  it('of the same players, rounds and ids in opposite orders comes to an end', async () => {
    const players = await Promise.all(Array.from({ length: 10 }, () => table.player(1_000)));
    const rounds = players.map(() => fresh('r'));
    const waves = Array.from({ length: 20 }, (_, wave) =>
      (wave % 2 === 0 ? players : players.toReversed()).map((player, at) => {
        const ids = {
          wager: `w-${player}-${String(wave % 5)}`,
          settlement: `s-${player}-${String(wave % 5)}`,
        };
        return table.play({ ...ids, round: rounds[at]!, player, amount: 10, payout: 10, close: false });
      }),
    );
    await Promise.all(waves.flat());
    for (const player of players) assert.equal((await table.has(player)).cash, 1_000);
  });
});

async function entriesOf(table: Table, player: string, transferIds: readonly string[]): Promise<number[]> {
  const { rows } = await table.db.owner.query<{ amount: bigint }>(
    `select e.amount from ledger.entries e join ledger.accounts a on a.id = e.account_id
      where a.owner = $1 and e.transfer_id = any($2::uuid[]) order by e.version`,
    [player, transferIds],
  );
  return rows.map(({ amount }) => Number(amount));
}
