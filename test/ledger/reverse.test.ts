import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { captureHold, post, postNet, reverse } from '../../ledger/index.ts';
import { aDeed, aLedger, applied, hundred, leg, refusal, violates } from './aLedger.ts';

describe('a reversal', () => {
  const ledger = aLedger();
  const reversal = (transferId: string, id: string = randomUUID()) =>
    reverse(ledger.pool, { ...aDeed('reversal', id), transferId });
  const staked = async (player: string, amount: bigint) =>
    (await applied(ledger.stake(player, amount))).transferId!;

  it('posts the opposite of a transfer, and leaves the transfer as it was', async () => {
    const player = await ledger.player(100n);
    const transfer = await staked(player, 40n);
    const before = await ledger.entries(transfer);
    const verdict = await applied(reversal(transfer));
    assert.equal(verdict.balance, 100n);
    assert.deepEqual(await ledger.entries(verdict.transferId), {
      [`player_cash:${player}`]: 40n,
      'stakes_in_play:house': -40n,
    });
    assert.deepEqual(await ledger.entries(transfer), before);
  });

  it('is answered the same when repeated, and refused under another id', async () => {
    const player = await ledger.player(100n);
    const transfer = await staked(player, 40n);
    const id = randomUUID();
    const first = await applied(reversal(transfer, id));
    await ledger.stake(player, 5n);
    assert.deepEqual(await reversal(transfer, id), { ...first, replayed: true });
    const other = randomUUID();
    assert.equal(await refusal(reversal(transfer, other)), 'transfer_already_reversed');
    assert.equal((await reversal(transfer, other)).replayed, true);
    assert.equal(await ledger.cash(player), 95n);
  });

  it('of a transfer that is not known is refused, for now, and never a crash', async () => {
    const player = await ledger.player(100n);
    const [transfer, id] = [randomUUID(), randomUUID()];
    assert.equal(await refusal(reversal(transfer, id)), 'transfer_not_found');
    await ledger.stake(player, 40n, transfer);
    await applied(reversal(transfer, id));
  });

  it('is refused where the player has spent the money, and stays refused', async () => {
    const player = await ledger.player();
    const { transferId } = await applied(ledger.deposit(player, 100n));
    await ledger.stake(player, 1n);
    const id = randomUUID();
    assert.equal(await refusal(reversal(transferId!, id)), 'insufficient_funds');
    await ledger.deposit(player, 100n);
    assert.equal(await refusal(reversal(transferId!, id)), 'insufficient_funds');
    await applied(reversal(transferId!));
  });

  it('of a claw-back is refused once later wins have repaid the debt: the money is not given twice', async () => {
    const player = await ledger.player(10n);
    const net = (amount: bigint) =>
      postNet(ledger.pool, {
        ...aDeed('settlement'),
        playerId: player,
        currency: 'SEK',
        net: amount,
        house: [leg('house_gaming', 'house', -amount)],
        repay: true,
      });
    const clawBack = await applied(net(-50n).then(({ verdict }) => verdict));
    await net(100n);
    assert.equal(await refusal(reversal(clawBack.transferId!)), 'amount_too_large');
    assert.deepEqual([await ledger.cash(player), await ledger.owed(player)], [60n, 0n]);
  });

  it('is not for holds and their captures: those are voided', async () => {
    const player = await ledger.player(100n);
    const hold = await applied(ledger.hold(player, 50n));
    await assert.rejects(reversal(hold.transferId!), violates('legs_make_sense'));
    const capture = await applied(
      captureHold(ledger.pool, {
        ...aDeed('payout_submitted'),
        holdId: hold.transferId!,
        to: { kind: 'payouts_in_flight', owner: 'nordpay' },
      }),
    );
    await assert.rejects(reversal(capture.transferId!), violates('legs_make_sense'));
  });

  it('is of a part where it says so, until nothing is left, and never of more', async () => {
    const player = await ledger.player(100n);
    const transferId = await staked(player, 40n);
    const part = (amount?: bigint, id = randomUUID()) =>
      reverse(ledger.pool, { ...aDeed('reversal', id), transferId, ...(amount !== undefined && { amount }) });
    const id = randomUUID();
    const first = await applied(part(15n, id));
    assert.equal(first.balance, 75n);
    assert.deepEqual(await part(15n, id), { ...first, replayed: true });
    assert.equal(await refusal(part(16n, id)), 'idempotency_conflict');
    const tooMuch = await part(26n);
    assert(tooMuch.outcome === 'refused' && tooMuch.code === 'reversal_exceeded');
    assert.deepEqual(tooMuch.facts, { transferId, left: 25 });
    await applied(part(5n));
    assert.equal((await applied(part())).balance, 100n);
    assert.equal(await refusal(part(1n)), 'transfer_already_reversed');
    await assert.rejects(part(0n), violates('legs_make_sense'));
  });

  it('of a part is not for a transfer of three entries: which of them would it be?', async () => {
    const player = await ledger.player(100n);
    const legs = [
      leg('player_cash', player, -30n),
      leg('house_gaming', 'house', 10n),
      leg('stakes_in_play', 'house', 20n),
    ];
    const { transferId } = await applied(post(ledger.pool, { ...aDeed('settlement'), legs }));
    await assert.rejects(
      reverse(ledger.pool, { ...aDeed('reversal'), transferId: transferId!, amount: 1n }),
      violates('legs_make_sense'),
    );
    await applied(reversal(transferId!));
  });

  it('gives back no more than was moved when a hundred ask for parts at once', async () => {
    const player = await ledger.player(100n);
    const transferId = await staked(player, 100n);
    const verdicts = await hundred(() =>
      reverse(ledger.pool, { ...aDeed('reversal'), transferId, amount: 30n }),
    );
    assert.equal(verdicts.filter(({ outcome }) => outcome === 'applied').length, 3);
    assert.equal(await ledger.cash(player), 90n);
  });

  it('happens once when a hundred ask at once, each under its own id', async () => {
    const player = await ledger.player(100n);
    const transfer = await staked(player, 40n);
    const verdicts = await hundred(() => reversal(transfer));
    assert.equal(verdicts.filter(({ outcome }) => outcome === 'applied').length, 1);
    assert.equal(await ledger.cash(player), 100n);
  });

  it('happens once when the hundred carry the same id, and all hear so', async () => {
    const player = await ledger.player(100n);
    const transfer = await staked(player, 40n);
    const id = randomUUID();
    const verdicts = await hundred(() => applied(reversal(transfer, id)));
    assert.equal(verdicts.filter(({ replayed }) => !replayed).length, 1);
    assert(verdicts.every(({ balance }) => balance === 100n));
  });

  it('never exceeds what was deposited, when refunds come at once', async () => {
    const player = await ledger.player();
    await applied(ledger.deposit(player, 100n));
    const verdicts = await hundred(() =>
      post(ledger.pool, {
        ...aDeed('deposit_refund'),
        legs: [leg('player_cash', player, -30n), leg('provider_clearing', 'nordpay', 30n)],
      }),
    );
    assert.equal(verdicts.filter(({ outcome }) => outcome === 'applied').length, 3);
    assert.equal(await ledger.cash(player), 10n);
  });
});
