import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  captureHold,
  captureHolds,
  postNet,
  postNets,
  voidHold,
  voidHolds,
  type Capture,
  type Deed,
  type Net,
  type Verdict,
} from '../../ledger/index.ts';
import { aDeed, aLedger, applied, leg, violates } from './aLedger.ts';

describe('many at once', () => {
  const ledger = aLedger();

  const aCapture = (holdId: string, more: Partial<Capture> = {}): Capture => ({
    ...aDeed('payout_submitted'),
    holdId,
    to: { kind: 'payouts_in_flight', owner: 'nordpay' },
    ...more,
  });
  const aNet = (playerId: string, net: bigint, more: Partial<Net> = {}): Net => ({
    ...aDeed('settlement'),
    playerId,
    currency: 'SEK',
    net,
    house: [leg('house_gaming', 'house', -net)],
    repay: true,
    ...more,
  });
  const held = async (player: string, amount: bigint) =>
    (await applied(ledger.hold(player, amount))).transferId!;

  /** A verdict without what differs between two ledgers: ids, and names of players. */
  const shape = (verdict: Verdict) =>
    verdict.outcome === 'refused'
      ? ['refused', verdict.code, verdict.replayed, verdict.facts['left'] ?? verdict.facts['available']]
      : ['applied', verdict.replayed, verdict.balance, verdict.transferId === null];

  /** Asks the same of two players: one by one of the first, at once of the second. */
  async function compare<Item>(
    plan: (player: string) => Promise<Item[]>,
    single: (item: Item) => Promise<Verdict>,
    all: (items: Item[]) => Promise<Verdict[]>,
  ): Promise<unknown[][]> {
    const [one, other] = [await ledger.player(1_000n), await ledger.player(1_000n)];
    const alone: Verdict[] = [];
    for (const item of await plan(one)) alone.push(await single(item));
    const together = await all(await plan(other));
    assert.deepEqual(together.map(shape), alone.map(shape));
    for (const kind of ['player_cash', 'player_held', 'player_receivable'])
      assert.equal(await ledger.posted(kind, other), await ledger.posted(kind, one), kind);
    return together.map(shape);
  }

  it('captures holds as one after the other would be', async () => {
    const verdicts = await compare(
      async (player) => {
        const [a, b] = [await held(player, 100n), await held(player, 50n)];
        const twice = aCapture(a, { amount: 30n, release: false });
        return [
          ...[twice, twice, { ...twice, amount: 31n }, aCapture(a, { amount: 71n }), aCapture(b)],
          ...[aCapture(a, { amount: 20n }), aCapture(a), aCapture(randomUUID())],
        ];
      },
      (capture) => captureHold(ledger.pool, capture),
      (captures) => captureHolds(ledger.pool, captures),
    );
    assert.deepEqual(
      verdicts.map(([outcome, what]) => (outcome === 'applied' ? (what ? 'replayed' : 'applied') : what)),
      [
        ...['applied', 'replayed', 'idempotency_conflict', 'hold_exceeded', 'applied'],
        ...['applied', 'hold_already_captured', 'hold_not_found'],
      ],
    );
  });

  it('voids holds as one after the other would be, and leaves tombstones', async () => {
    const verdicts = await compare(
      async (player) => {
        const [a, b] = [await held(player, 100n), await held(player, 50n)];
        await applied(captureHold(ledger.pool, aCapture(b)));
        const release = (id: string): Deed => aDeed('withdrawal_release', id);
        const unknown = randomUUID();
        return [a, a, b, unknown, unknown].map(release);
      },
      (deed) => voidHold(ledger.pool, deed),
      (deeds) => voidHolds(ledger.pool, deeds),
    );
    assert.deepEqual(verdicts, [
      ['applied', false, 950n, false],
      ['applied', true, 950n, false],
      ['refused', 'hold_already_captured', false, undefined],
      ['applied', false, null, true],
      ['applied', true, null, true],
    ]);
  });

  it('pays and takes back as one after the other would: what one leaves, the next finds', async () => {
    const owed: bigint[][] = [[], []];
    await compare(
      async (player) => {
        await applied(ledger.stake(player, 1n));
        const twice = aNet(player, -1_299n);
        const lost = aNet(player, 0n, {
          house: [leg('stakes_in_play', 'house', -1n), leg('house_gaming', 'house', 1n)],
        });
        const nets = [
          aNet(player, 100n),
          twice,
          aNet(player, 50n, { repay: false }),
          twice,
          aNet(player, 120n),
        ];
        return [...nets, lost, aNet('nobody', 5n), { ...twice, net: -1n }, aNet(player, 500n)];
      },
      async (net) => {
        const { verdict, owed: debt } = await postNet(ledger.pool, net);
        owed[0]!.push(debt);
        return verdict;
      },
      async (nets) => {
        const verdicts = await postNets(ledger.pool, nets);
        owed[1] = verdicts.map(({ owed: debt }) => debt);
        return verdicts.map(({ verdict }) => verdict);
      },
    );
    assert.deepEqual(owed[0], [0n, 200n, 0n, 200n, 0n, 0n, 0n, 0n, 0n]);
    assert.deepEqual(owed[1], owed[0]);
  });

  it('answers a single one that comes again in a batch, and the other way round', async () => {
    const player = await ledger.player(10n);
    const [first, second] = [aNet(player, -25n), aNet(player, 40n)];
    const single = await postNet(ledger.pool, first);
    const [again, fresh] = await postNets(ledger.pool, [first, second]);
    assert.deepEqual(again, { ...single, verdict: { ...single.verdict, replayed: true } });
    const { verdict } = await postNet(ledger.pool, second);
    assert.deepEqual(verdict, { ...fresh!.verdict, replayed: true });
  });

  it('does nothing of it all where one makes no sense', async () => {
    const player = await ledger.player(100n);
    const crooked = aNet(player, 5n, { house: [leg('house_gaming', 'house', -4n)] });
    await assert.rejects(postNets(ledger.pool, [aNet(player, 5n), crooked]), violates('entries_sum_to_zero'));
    const id = await held(player, 10n);
    await assert.rejects(
      captureHolds(ledger.pool, [aCapture(id), aCapture(id, { amount: 0n })]),
      violates('legs_make_sense'),
    );
    assert.deepEqual([await ledger.cash(player), await ledger.held(player)], [90n, 10n]);
  });

  it('is nothing to wait for where there is nothing', async () => {
    assert.deepEqual(await postNets(ledger.pool, []), []);
    assert.deepEqual(await captureHolds(ledger.pool, []), []);
    assert.deepEqual(await voidHolds(ledger.pool, []), []);
  });

  it('comes to an end when batches of the same holds and players meet in opposite orders', async () => {
    const players = await Promise.all(Array.from({ length: 8 }, () => ledger.player(1_000n)));
    const holds = await Promise.all(players.map((player) => held(player, 100n)));
    const turns = <T>(list: readonly T[], at: number) => (at % 2 === 0 ? [...list] : list.toReversed());
    const batches = Array.from({ length: 30 }, (_, at) => [
      postNets(
        ledger.pool,
        turns(players, at).map((player) => aNet(player, at % 3 === 0 ? -10n : 10n)),
      ),
      captureHolds(
        ledger.pool,
        turns(holds, at).map((id) => aCapture(id, { amount: 2n, release: false })),
      ),
      voidHolds(
        ledger.pool,
        at === 29 ? holds.toReversed().map((id) => aDeed('withdrawal_release', id)) : [],
      ),
    ]);
    await Promise.all(batches.flat());
    for (const player of players) assert.equal(await ledger.held(player), 0n);
  });
});
