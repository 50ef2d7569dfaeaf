import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier, type Reply } from './cashier.ts';

interface Item {
  withdrawalId: string;
  verdict: string;
  code: string | null;
  detail: string | null;
}

describe('one action on many withdrawals', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  /** Withdrawals of 100.00 of one player that the provider refused for good. */
  async function parked(count: number, account = 'SIM-REFUSED', state = 'needs_attention', amount = 10_000) {
    const player = await desk.player({ cash: count * amount });
    const ids = Array.from({ length: count }, () => fresh('wd'));
    for (const withdrawalId of ids) {
      const { status, body } = await desk.withdraw(player, account, { withdrawalId, amount });
      assert.equal(status, 201, JSON.stringify(body));
    }
    for (const id of ids) await desk.until('withdrawals', id, state, 'in_review');
    for (const id of ids) {
      const { status } = (await desk.call('GET', `/v1/withdrawals/${id}`, { as: 'finance' })).body;
      if (status === 'in_review') await desk.act(id, 'release', 'finance2');
    }
    for (const id of ids) await desk.until('withdrawals', id, state);
    return { player, ids };
  }

  const press = (body: object, as = 'finance', key = fresh('key')): Promise<Reply> =>
    desk.call('POST', '/v1/withdrawals/bulk', {
      as,
      body: { reason: 'in bulk', ...body },
      headers: { 'idempotency-key': key },
    });

  async function verdicts({ body }: Reply): Promise<Item[]> {
    const path = `/v1/withdrawals/bulk/${String(body['bulkId'])}`;
    for (const deadline = Date.now() + 30_000; ;) {
      const { body: now } = await desk.call('GET', path, { as: 'finance' });
      if (now.status === 'done') return now['items'] as Item[];
      assert.ok(Date.now() < deadline, JSON.stringify(now['progress']));
      await sleep(50);
    }
  }

  const summary = (items: readonly Item[]) => items.map(({ verdict, code }) => code ?? verdict);

  it('has a verdict for each: those it fits are done, the others say why not', async () => {
    const { player, ids } = await parked(3);
    const [first = ''] = ids;
    await desk.act(first, 'cancel', 'finance2');
    const asked = await press({ action: 'cancel', ids: [...ids, 'wd-nobody-knows', first] });
    assert.equal(asked.status, 202);
    const items = await verdicts(asked);
    assert.deepEqual(summary(items), ['invalid_state', 'applied', 'applied', 'not_found']);
    assert.match(items[0]?.detail ?? '', /cancelled/);
    assert.deepEqual(await desk.cash(player), { cash: 30_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('tells in a dry run what would come of it, and does nothing', async () => {
    const { player, ids } = await parked(2);
    const dry = await press({ action: 'cancel', ids: [...ids, 'wd-nobody-knows'], dryRun: true });
    assert.equal(dry.status, 200);
    assert.deepEqual(summary(dry.body['items'] as Item[]), ['would_apply', 'would_apply', 'not_found']);
    assert.equal((await desk.cash(player)).pendingWithdrawals, 20_000);
    const misfit = await press({ action: 'release', filter: { playerId: player }, dryRun: true });
    assert.deepEqual(summary(misfit.body['items'] as Item[]), ['invalid_state', 'invalid_state']);
    await verdicts(await press({ action: 'cancel', ids }));
  });

  it('is done once, however often it is asked with its key; another content under the key is a conflict', async () => {
    const { player, ids } = await parked(2);
    const key = fresh('key');
    const filter = { playerId: player, status: 'needs_attention' };
    const all = await Promise.all(
      Array.from({ length: 5 }, () => press({ action: 'cancel', filter }, 'finance', key)),
    );
    assert.deepEqual(new Set(all.map(({ status }) => status)), new Set([202]));
    assert.equal(new Set(all.map(({ body }) => body['bulkId'])).size, 1);
    assert.deepEqual(summary(await verdicts(all[0] as Reply)), ['applied', 'applied']);
    const later = await press({ action: 'cancel', filter }, 'finance', key);
    assert.deepEqual([later.status, later.replayed], [202, true]);
    assert.deepEqual(summary(await verdicts(later)), ['applied', 'applied']);
    const other = await press({ action: 'cancel', ids }, 'finance', key);
    assert.deepEqual([other.status, other.body.code], [409, 'idempotency_conflict']);
  });

  it('whose worker died before it wrote the verdicts is gone through again, and acts once', async () => {
    const { player, ids } = await parked(6);
    desk.meddle('workBulk', async (_step, attempt, run) => {
      const answer = await run();
      if (attempt > 1) return answer;
      await desk.db.owner.query(
        'update payments.bulk_items set verdict = null where withdrawal_id = any ($1)',
        [ids],
      );
      throw new Error('the worker died');
    });
    assert.deepEqual(
      new Set(summary(await verdicts(await press({ action: 'cancel', ids })))),
      new Set(['applied']),
    );
    assert.equal((await desk.cash(player)).cash, 60_000);
    for (const id of ids) {
      const { body } = await desk.call('GET', `/v1/withdrawals/${id}`, { as: 'finance' });
      const events = (body['timeline'] as { event: string }[]).filter(({ event }) => event === 'cancel');
      assert.equal(events.length, 1, id);
    }
  });

  it('takes turns with people who press by hand: each withdrawal is cancelled once', async () => {
    const { player, ids } = await parked(8);
    const [asked, ...byHand] = await Promise.all([
      press({ action: 'cancel', ids }),
      ...ids.map((id) => desk.act(id, 'cancel', 'finance2')),
    ]);
    const items = await verdicts(asked);
    for (const [nth, { verdict }] of items.entries())
      assert.deepEqual(
        [verdict, byHand[nth]?.status].sort(),
        verdict === 'applied' ? [409, 'applied'] : [200, 'refused'],
      );
    assert.deepEqual(await desk.cash(player), { cash: 80_000, pendingWithdrawals: 0, owed: 0 });
  });

  it('lets an approver approve what others asked for, and nobody approve their own', async () => {
    const { ids } = await parked(2, 'SIM-PAID', 'awaiting_approval', 2_000_000);
    const refused = await press({ action: 'approve', ids }, 'finance');
    assert.deepEqual([refused.status, refused.body.code], [403, 'forbidden']);
    await desk.act(ids[0] ?? '', 'hold', 'admin');
    await desk.act(ids[0] ?? '', 'release', 'admin');
    await desk.until('withdrawals', ids[0] ?? '', 'awaiting_approval');
    const dry = await press({ action: 'approve', ids, dryRun: true }, 'admin');
    assert.deepEqual(summary(dry.body['items'] as Item[]), ['forbidden', 'would_apply']);
    assert.deepEqual(summary(await verdicts(await press({ action: 'approve', ids }, 'admin'))), [
      'forbidden',
      'applied',
    ]);
    const rest = await verdicts(await press({ action: 'approve', ids }, 'approver'));
    assert.deepEqual(summary(rest), ['applied', 'invalid_state']);
    for (const id of ids) await desk.until('withdrawals', id, 'paid');
  });

  it('refuses what it cannot mean, naming the field', async () => {
    const ids = ['wd-1'];
    const pointer = async (body: object) => {
      const reply = await press(body);
      assert.equal(reply.status, 400, JSON.stringify(reply.body));
      return (reply.body['errors'] as { pointer: string }[])[0]?.pointer;
    };
    assert.equal(await pointer({ action: 'cancel' }), '/ids');
    assert.equal(await pointer({ action: 'cancel', ids, filter: { playerId: 'p' } }), '/ids');
    assert.equal(await pointer({ action: 'cancel', filter: {} }), '/filter');
    assert.equal(await pointer({ action: 'mark-paid', ids }), '/action');
    assert.equal(await pointer({ action: 'declare-unpaid', ids }), '/evidence');
    assert.equal(await pointer({ action: 'cancel', ids, provider: 'nordpay' }), '/provider');
    assert.equal(await pointer({ action: 'retry', ids, provider: 'nobody' }), '/provider');
    const nothing = await press({ action: 'cancel', filter: { playerId: 'p-without-any' } });
    assert.deepEqual(await verdicts(nothing), []);
  });
});
