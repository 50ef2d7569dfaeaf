import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { ACT } from '../../contract/payments.ts';
import { WITHDRAWAL_ACTIONS, type WithdrawalAction } from '../../contract/states/withdrawal.ts';
import { aDesk } from './aCashier.ts';
import { act, CASES, OVERDUE_AFTER_MS, type Case } from './actionCases.ts';
import { aDoor } from './aDoor.ts';
import { fresh, type Cashier } from './cashier.ts';

describe('every action on a withdrawal', () => {
  let desk: Cashier;
  /** Side by side: most of it is waiting. */
  const tried = new Map<string, Promise<void>>();
  const settings = { COUNTROOM_OVERDUE_AFTER_MS: String(OVERDUE_AFTER_MS) };
  aDesk((opened) => (desk = opened), { settings });
  before(() => {
    for (const [name, found] of Object.entries(CASES)) {
      const trying = tryAll(found);
      trying.catch(() => undefined); // its own test tells
      tried.set(name, trying);
    }
  });

  async function bringTo(
    { status, above, gate, step, bring }: Case,
    pressed: () => Promise<void>,
  ): Promise<string> {
    const id = fresh('wd');
    desk.meddle(id, async (name, _attempt, run) => {
      if (name === gate) await pressed();
      return await (step === undefined ? run() : step(name, run));
    });
    const amount = above === true ? 100_001 : 10_000;
    await desk.withdraw(await desk.player({ cash: 500_000 }), 'SIM-PAID', { withdrawalId: id, amount });
    await bring?.(desk, id);
    await desk.until('withdrawals', id, status);
    return id;
  }

  /** Its saga has the action before it. */
  async function isTaken(id: string): Promise<void> {
    const { body } = await desk.call('GET', `/v1/withdrawals/${id}`, { as: 'finance' });
    const saga = desk.env.client.workflow.getHandle(String(body['workflowId']));
    for (;;) {
      const { events = [] } = await saga.fetchHistory();
      const accepted = events?.map((event) => event.workflowExecutionUpdateAcceptedEventAttributes);
      if (accepted?.some((update) => update?.acceptedRequest?.input?.name === ACT) === true) return;
      await sleep(50);
    }
  }

  /** Each action that fits on a withdrawal of its own, and all others on one more, at once. */
  async function tryAll(found: Case): Promise<void> {
    const { status, fits } = found;
    const fitting = WITHDRAWAL_ACTIONS.filter((action) => action in fits);
    const others = WITHDRAWAL_ACTIONS.filter((action) => !(action in fits));
    const does = async (action: WithdrawalAction) => {
      const { wait, open } = aDoor();
      const id = await bringTo(found, wait);
      const who = action === 'approve' ? 'approver' : 'admin';
      const acting = act(desk, id, action, who);
      await isTaken(id);
      open();
      const { status: code, body } = await acting;
      assert.equal(code, 200, `${action}: ${JSON.stringify(body)}`);
      assert.match(String(body.status), new RegExp(`^(${String(fits[action])})$`), action);
    };
    const doesNot = async () => {
      const { wait, open } = aDoor();
      const id = await bringTo(found, wait);
      const presses = await Promise.all(others.map((action) => act(desk, id, action, 'admin')));
      for (const [nth, { status: code, body }] of presses.entries()) {
        const told = [code, body.code, body['state'], body.allowedActions];
        assert.deepEqual(told, [409, 'invalid_state', status, fitting], others[nth]);
      }
      const { body } = await desk.call('GET', `/v1/withdrawals/${id}`, { as: 'finance' });
      assert.equal(body.status, status, 'nothing was changed');
      open();
    };
    await Promise.all([...fitting.map(does), doesNot()]);
  }

  for (const [name, found] of Object.entries(CASES)) {
    const fitting = Object.keys(found.fits).join(', ') || 'nothing';
    it(`that ${name}: ${fitting}, and no other`, async function () {
      this.timeout(60_000);
      await tried.get(name);
    });
  }
});
