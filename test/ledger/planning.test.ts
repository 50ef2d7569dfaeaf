import assert from 'node:assert/strict';
import { captureHold, postAll, postNet, reverse, voidHold } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, leg, stakeLegs } from './aLedger.ts';

describe('a fresh installation', () => {
  const ledger = aLedger({ poolSize: 1 });

  /** Everything that moves money, once. */
  async function all(player: string): Promise<void> {
    const { transferId } = await applied(ledger.stake(player, 10n));
    await applied(reverse(ledger.pool, { ...aDeed('reversal'), transferId: transferId! }));
    const postings = [aDeed('stake'), aDeed('stake')].map((deed) => ({
      ...deed,
      legs: stakeLegs(player, 1n),
    }));
    for (const { outcome } of await postAll(ledger.pool, postings)) assert.equal(outcome, 'applied');
    const net = {
      ...aDeed('settlement'),
      playerId: player,
      currency: 'SEK',
      net: 5n,
      house: [leg('house_gaming', 'house', -5n)],
      repay: true,
    };
    await applied(postNet(ledger.pool, net).then(({ verdict }) => verdict));
    const [captured, voided] = [
      await applied(ledger.hold(player, 5n)),
      await applied(ledger.hold(player, 5n)),
    ];
    const to = { kind: 'payouts_in_flight', owner: 'nordpay' };
    await applied(
      captureHold(ledger.pool, { ...aDeed('payout_submitted'), holdId: captured.transferId!, to }),
    );
    await applied(voidHold(ledger.pool, aDeed('withdrawal_release', voided.transferId!)));
  }

  async function scans(): Promise<Record<string, bigint>> {
    await ledger.pool.query('select pg_stat_force_next_flush()');
    const { rows } = await ledger.pool.query<{ table: string; scans: bigint }>(
      `select relname as table, seq_scan as scans from pg_stat_user_tables where schemaname = 'ledger' and relname <> 'kinds'`,
    );
    return Object.fromEntries(rows.map((row) => [row.table, row.scans]));
  }

  it('keeps no plan from when its tables were empty: nothing that moves money reads a whole table', async () => {
    await ledger.owner.query('vacuum analyze');
    const player = await ledger.player(1_000n);
    for (let n = 0; n < 8; n++) await all(player); // until every plan is kept
    await ledger.pool.query(`select ledger.open_player('p-' || n, 'EUR') from generate_series(1, 1000) n`);
    const before = await scans();
    await all(player);
    assert.deepEqual(await scans(), before);
  });
});
