import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier, type Step } from './cashier.ts';

const WITHDRAWAL_STEPS: Step[] = [
  'openWithdrawal',
  'reviewWithdrawal',
  'submitPayout',
  'stepWithdrawal',
  'askPayout',
];
const DEPOSIT_STEPS: Step[] = ['openDeposit', 'createPayment', 'stepDeposit', 'askDeposit'];

/** Longer than the time-out of a step on our own books. */
const HANGS_FOR_MS = 11_000;

const faults = {
  'fails before it': async () => {
    await Promise.resolve();
    throw new Error('the process died before it');
  },
  'fails after it': async (run: () => Promise<unknown>) => {
    await run();
    throw new Error('the process died after it, before it could tell');
  },
} as const;

describe('a payment whose worker is struck', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  /** Strikes one step of a payment the first two times it is run. */
  const strike = (id: string, struck: Step, fault: (run: () => Promise<unknown>) => Promise<unknown>) =>
    desk.meddle(id, (step, attempt, run) => (step === struck && attempt <= 2 ? fault(run) : run()));

  async function withdrawal(step: Step, fault: (run: () => Promise<unknown>) => Promise<unknown>) {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    strike(withdrawalId, step, fault);
    // Without a webhook all of the way is walked, the asking too.
    await desk.withdraw(player, 'SIM-NO-WEBHOOK', { withdrawalId });
    await desk.until('withdrawals', withdrawalId, 'paid');
    assert.deepEqual(await desk.cash(player), { cash: 40_000, pendingWithdrawals: 0, owed: 0 }, step);
    assert.deepEqual(
      (await desk.theirBooks(withdrawalId)).map(({ state }) => state),
      ['paid'],
      step,
    );
  }

  async function deposit(step: Step, fault: (run: () => Promise<unknown>) => Promise<unknown>) {
    const player = await desk.player();
    const depositId = fresh('d');
    strike(depositId, step, fault);
    await desk.deposit(player, 'sim_no_webhook', { depositId });
    await desk.until('deposits', depositId, 'credited');
    assert.equal((await desk.cash(player)).cash, 10_000, step);
    assert.deepEqual(
      (await desk.theirBooks(depositId)).map(({ state }) => state),
      ['captured'],
      step,
    );
  }

  for (const [name, fault] of Object.entries(faults)) {
    it(`is paid once, whichever step ${name}`, async function () {
      this.timeout(40_000);
      await Promise.all(WITHDRAWAL_STEPS.map((step) => withdrawal(step, fault)));
    });

    it(`is credited once, whichever step ${name}`, async function () {
      this.timeout(40_000);
      await Promise.all(DEPOSIT_STEPS.map((step) => deposit(step, fault)));
    });
  }

  it('ends once, whichever step on our books did its work and was never heard of', async function () {
    this.timeout(60_000);
    const silence = (step: Step, id: string) =>
      desk.meddle(id, async (name, attempt, run) => {
        const result = await run();
        if (name === step && attempt === 1) await sleep(HANGS_FOR_MS);
        return result;
      });
    const players = await Promise.all([1, 2, 3].map(() => desk.player({ cash: 50_000 })));
    const ids = [fresh('wd'), fresh('wd')] as const;
    const depositId = fresh('d');
    silence('openWithdrawal', ids[0]);
    silence('stepWithdrawal', ids[1]);
    silence('stepDeposit', depositId);
    await Promise.all([
      desk.withdraw(players[0] ?? '', 'SIM-PAID', { withdrawalId: ids[0] }),
      desk.withdraw(players[1] ?? '', 'SIM-PAID', { withdrawalId: ids[1] }),
      desk.deposit(players[2] ?? '', 'sim_captured', { depositId }),
    ]);
    await sleep(HANGS_FOR_MS);
    await Promise.all([
      ...ids.map((id) => desk.until('withdrawals', id, 'paid')),
      desk.until('deposits', depositId, 'credited'),
    ]);
    for (const id of ids) assert.equal((await desk.theirBooks(id)).length, 1);
    assert.equal((await desk.cash(players[2] ?? '')).cash, 60_000);
  });

  it('goes on where it stopped when the provider was down for a while', async function () {
    this.timeout(40_000);
    const player = await desk.player({ cash: 50_000 });
    await desk.breakProviders('down', 2_000);
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-PAID', { withdrawalId });
    await desk.until('withdrawals', withdrawalId, 'unknown');
    await desk.until('withdrawals', withdrawalId, 'paid');
    assert.equal((await desk.theirBooks(withdrawalId)).length, 1);
  });
});
