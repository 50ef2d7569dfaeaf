import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { stopTestServer } from '../support/postgres.ts';
import { stopTemporal } from '../support/temporal.ts';
import { aCashier } from '../workflows/aCashier.ts';
import type { Cashier } from '../workflows/cashier.ts';

// Run by hand, `node --import tsx test/replay/recordPayments.ts`, when a new way through a saga is worth keeping.
// Never to overwrite a history that code in production has written: workflows that run must be able to go on.

/** Plays a payment to its end, and answers the id of its workflow. */
type Scenario = (desk: Cashier) => Promise<string>;

const deposit =
  (depositId: string, token: string, ends: string, expiresIn = 60): Scenario =>
  async (desk) => {
    await desk.deposit(await desk.player(), token, { depositId, expiresIn });
    return (await desk.until('deposits', depositId, ends))['workflowId'] as string;
  };

const withdrawal =
  (
    withdrawalId: string,
    account: string,
    meanwhile: (desk: Cashier) => Promise<unknown>,
    amount = 10_000,
  ): Scenario =>
  async (desk) => {
    await desk.withdraw(await desk.player({ cash: 500_000 }), account, { withdrawalId, amount });
    await meanwhile(desk);
    return (await desk.until('withdrawals', withdrawalId, 'paid'))['workflowId'] as string;
  };

const retry = (id: string) => async (desk: Cashier) => {
  await desk.until('withdrawals', id, 'needs_attention');
  await desk.act(id, 'retry', 'finance');
};
const approve = (id: string) => async (desk: Cashier) => {
  await desk.until('withdrawals', id, 'awaiting_approval');
  await desk.act(id, 'approve', 'approver');
};
const nothing = () => Promise.resolve();

const SCENARIOS: Readonly<Record<string, Scenario>> = {
  deposit: deposit('d-done', 'sim_captured', 'credited'),
  depositUnanswered: deposit('d-unanswered', 'sim_timeout', 'credited'),
  depositExpired: deposit('d-expired', 'sim_abandoned', 'expired', 2),
  withdrawal: withdrawal('wd-done', 'SIM-PAID', nothing),
  withdrawalApproved: withdrawal('wd-approved', 'SIM-PAID', approve('wd-approved'), 150_000),
  withdrawalRetried: withdrawal('wd-retried', 'SIM-REFUSED-ONCE', retry('wd-retried')),
  withdrawalUnknown: withdrawal('wd-unknown', 'SIM-TIMEOUT-LOST', nothing),
};

/** Where the recording was made, and by which process, is nobody's business. */
const here = fileURLToPath(new URL('../../', import.meta.url));
const desk = await aCashier();
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const handle = desk.env.client.workflow.getHandle(await scenario(desk));
  await handle.result();
  const history = historyToJSON(await handle.fetchHistory())
    .replaceAll(here, '')
    .replaceAll(/\d+@[\w.-]+/g, 'worker');
  writeFileSync(new URL(`./histories/${name}.json`, import.meta.url), `${history}\n`);
  console.log(`recorded ${name}`);
}
await desk.close();
await stopTemporal();
await stopTestServer();
