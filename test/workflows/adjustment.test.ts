import assert from 'node:assert/strict';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier, type Reply } from './cashier.ts';

/** Above it a second person is needed: 1,000.00 by default. */
const ABOVE_TIER = 2_000_000;

describe('an adjustment by staff', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  const ask = (player: string, amount: number, more: object = {}, as = 'finance'): Promise<Reply> => {
    const body = { adjustmentId: fresh('adj'), amount, currency: 'SEK', reason: 'a correction', ...more };
    return desk.call('POST', `/v1/players/${player}/adjustments`, { as, body });
  };
  const decide = (id: string, decision: 'approve' | 'reject', as: string, key = fresh('key')) =>
    desk.call('POST', `/v1/adjustments/${id}/${decision}`, {
      as,
      body: { reason: 'checked' },
      headers: { 'idempotency-key': key },
    });
  const cash = async (player: string) => (await desk.cash(player)).cash;
  const waiting = async (player: string, amount = ABOVE_TIER, as = 'finance', more: object = {}) => {
    const { status, body } = await ask(player, amount, more, as);
    assert.deepEqual([status, body.status, body['transferId']], [201, 'awaiting_approval', null]);
    return String(body['adjustmentId']);
  };

  it('gives at once what is under the tier, on the ledger, once for its id', async () => {
    const player = await desk.player();
    const adjustmentId = fresh('adj');
    const first = await ask(player, 4_000, { adjustmentId });
    const { status, body } = first;
    assert.deepEqual(
      [status, body.status, body['askedBy'], body['decidedBy']],
      [201, 'applied', 'finance', null],
    );
    assert.match(String(body['transferId']), /^[0-9a-f-]{36}$/);
    const again = await ask(player, 4_000, { adjustmentId });
    assert.deepEqual([again.status, again.replayed, again.body], [201, true, body]);
    const other = await ask(player, 4_001, { adjustmentId });
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_conflict']);
    assert.equal(await cash(player), 4_000);
  });

  it('takes no more than the player has, and is refused the same the next time', async () => {
    const player = await desk.player({ cash: 1_000 });
    const adjustmentId = fresh('adj');
    const refused = await ask(player, -1_500, { adjustmentId });
    assert.deepEqual([refused.status, refused.body.code], [422, 'insufficient_funds']);
    await ask(player, 9_000);
    const again = await ask(player, -1_500, { adjustmentId });
    assert.deepEqual([again.status, again.replayed, again.body.code], [422, true, 'insufficient_funds']);
    assert.equal((await ask(player, -1_500)).status, 201);
    assert.equal(await cash(player), 8_500);
  });

  it('takes below zero where debt is allowed: the rest is owed', async () => {
    const player = await desk.player({ cash: 1_000 });
    assert.equal((await ask(player, -1_500, { allowDebt: true })).status, 201);
    assert.deepEqual(await desk.cash(player), { cash: 0, pendingWithdrawals: 0, owed: 500 });
  });

  it('above the tier waits for another person than who asked for it', async () => {
    const player = await desk.player();
    const id = await waiting(player, ABOVE_TIER, 'admin');
    assert.equal(await cash(player), 0);
    const own = await decide(id, 'approve', 'admin');
    assert.deepEqual([own.status, own.body.code], [403, 'forbidden']);
    assert.equal((await decide(id, 'approve', 'finance')).status, 403, 'finance approves nothing');
    const approved = await decide(id, 'approve', 'approver');
    assert.deepEqual(
      [approved.status, approved.body.status, approved.body['decidedBy']],
      [200, 'applied', 'approver'],
      JSON.stringify(approved.body),
    );
    assert.equal(await cash(player), ABOVE_TIER);
    const late = await decide(id, 'reject', 'finance2');
    assert.deepEqual([late.status, late.body.code], [409, 'invalid_state']);
  });

  it('of a negative amount counts by its size', async () => {
    const player = await desk.player({ cash: ABOVE_TIER });
    const id = await waiting(player, -ABOVE_TIER);
    assert.equal((await decide(id, 'approve', 'approver')).status, 200);
    assert.equal(await cash(player), 0);
  });

  it('that twenty people approve at once moves its money once', async () => {
    const player = await desk.player();
    const id = await waiting(player);
    const all = await Promise.all(
      Array.from({ length: 20 }, (_, nth) => decide(id, nth % 2 === 0 ? 'approve' : 'reject', 'approver')),
    );
    const [won, ...others] = all.map(({ status }) => status).sort();
    assert.equal(won, 200);
    assert.deepEqual(new Set(others), new Set([409]));
    const { body } = await desk.call('GET', `/v1/adjustments?playerId=${player}`, { as: 'finance' });
    const [item] = body['items'] as { status: string }[];
    assert.equal(await cash(player), item?.status === 'applied' ? ABOVE_TIER : 0);
  });

  it('answers a repeated approval the same, and once it is decided its first answer too', async () => {
    const player = await desk.player();
    const adjustmentId = fresh('adj');
    await waiting(player, ABOVE_TIER, 'finance', { adjustmentId });
    const key = fresh('key');
    const first = await decide(adjustmentId, 'approve', 'approver', key);
    const again = await decide(adjustmentId, 'approve', 'approver', key);
    assert.deepEqual([again.status, again.replayed, again.body], [200, true, first.body]);
    const asked = await ask(player, ABOVE_TIER, { adjustmentId });
    assert.deepEqual([asked.replayed, asked.body.status], [true, 'awaiting_approval']);
    assert.equal(await cash(player), ABOVE_TIER);
  });

  it('that is approved when the money is gone says so, and waits on', async () => {
    const player = await desk.player({ cash: ABOVE_TIER });
    const id = await waiting(player, -ABOVE_TIER);
    await ask(player, -1);
    const refused = await decide(id, 'approve', 'approver');
    assert.deepEqual([refused.status, refused.body.code], [422, 'insufficient_funds']);
    await ask(player, 1);
    assert.equal((await decide(id, 'approve', 'approver')).status, 200);
    assert.equal(await cash(player), 0);
  });

  it('is rejected, or taken back by who asked for it, and moves nothing', async () => {
    const player = await desk.player();
    const id = await waiting(player);
    const rejected = await decide(id, 'reject', 'finance');
    assert.deepEqual([rejected.status, rejected.body.status], [200, 'rejected']);
    assert.equal(await cash(player), 0);
    const { body } = await desk.call('GET', `/v1/audit?objectId=${id}`, { as: 'finance' });
    assert.deepEqual(
      (body['items'] as { action: string; after: object }[]).map(({ action, after }) => [action, after]),
      [
        ['reject', { status: 'rejected' }],
        ['ask', { playerId: player, amount: ABOVE_TIER, currency: 'SEK', status: 'awaiting_approval' }],
      ],
    );
  });

  it('whose step is lost with its worker is not made twice', async () => {
    const player = await desk.player();
    const id = await waiting(player);
    desk.meddle(id, async (_step, attempt, run) => {
      const answer = await run();
      if (attempt === 1) throw new Error('the worker died');
      return answer;
    });
    const approved = await decide(id, 'approve', 'approver');
    assert.deepEqual(
      [approved.status, approved.body.status],
      [200, 'applied'],
      JSON.stringify(approved.body),
    );
    assert.equal(await cash(player), ABOVE_TIER);
  });

  it('whose workflow somebody ended by hand is decided all the same', async () => {
    const player = await desk.player();
    const id = await waiting(player);
    await desk.env.client.workflow.getHandle(`adjustment/${id}`).terminate();
    const { status, body } = await decide(id, 'approve', 'approver');
    assert.deepEqual([status, body.status], [200, 'applied']);
    assert.equal(await cash(player), ABOVE_TIER);
  });

  it('is refused in nonsense, for nobody, and in a currency that is not the player’s', async () => {
    const player = await desk.player();
    assert.deepEqual((await ask(player, 0)).status, 400);
    const nobody = await ask('p-nobody', 100);
    assert.deepEqual([nobody.status, nobody.body.code], [422, 'player_unknown']);
    const euros = await ask(player, 100, { currency: 'EUR' });
    assert.deepEqual([euros.status, euros.body.code], [422, 'currency_mismatch']);
    assert.equal((await decide('adj-nobody', 'approve', 'approver')).status, 404);
  });
});
