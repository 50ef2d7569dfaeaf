import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { aDesk } from './aCashier.ts';
import { fresh, type Cashier } from './cashier.ts';

type Row = Record<string, unknown>;

describe('the audit trail', () => {
  let desk: Cashier;
  aDesk((opened) => (desk = opened));

  const trail = async (query: string): Promise<Row[]> => {
    const { status, body } = await desk.call('GET', `/v1/audit?${query}`, { as: 'approver' });
    assert.equal(status, 200, JSON.stringify(body));
    return body['items'] as Row[];
  };
  const told = (rows: Row[]) =>
    rows.map(({ actor, action, before, after }) => [actor, action, before, after]);

  async function parked() {
    const player = await desk.player({ cash: 50_000 });
    const withdrawalId = fresh('wd');
    await desk.withdraw(player, 'SIM-REFUSED', { withdrawalId });
    await desk.until('withdrawals', withdrawalId, 'needs_attention');
    return withdrawalId;
  }

  it('tells who did what to a withdrawal, and what it changed; a repeat is no other deed', async () => {
    const id = await parked();
    const key = fresh('key');
    await desk.act(id, 'cancel', 'finance', { key });
    await desk.act(id, 'cancel', 'finance', { key });
    const rows = await trail(`objectKind=withdrawal&objectId=${id}`);
    assert.deepEqual(told(rows), [
      ['finance', 'cancel', { state: 'needs_attention' }, { state: 'cancelled' }],
    ]);
    const [row] = rows;
    assert.deepEqual([row?.['role'], row?.['reason']], ['finance', 'a test']);
    assert.match(String(row?.['address']), /127\.0\.0\.1$/);
    assert.match(String(row?.['traceId']), /^[0-9a-f]{32}$/);
  });

  it('tells what was refused to somebody, once', async () => {
    const id = await parked();
    const key = fresh('key');
    await desk.act(id, 'release', 'finance2', { key });
    await desk.act(id, 'release', 'finance2', { key });
    assert.deepEqual(told(await trail(`objectId=${id}`)), [
      ['finance2', 'release', null, { refused: 'invalid_state' }],
    ]);
  });

  it('has each withdrawal of a bulk action, done or refused, by the person who asked for it', async () => {
    const [fits, ended] = [await parked(), await parked()];
    await desk.act(ended, 'cancel', 'finance2');
    const asked = await desk.call('POST', '/v1/withdrawals/bulk', {
      as: 'finance',
      body: { action: 'cancel', ids: [fits, ended], reason: 'in bulk' },
      headers: { 'idempotency-key': fresh('key') },
    });
    assert.equal(asked.status, 202);
    await desk.until('withdrawals', fits, 'cancelled');
    while ((await trail(`objectId=${ended}&actor=finance`)).length === 0) await sleep(50);
    assert.equal((await trail(`objectId=${ended}&actor=finance`))[0]?.['reason'], 'in bulk');
    assert.deepEqual(told(await trail(`objectId=${fits}`)), [
      ['finance', 'cancel', { state: 'needs_attention' }, { state: 'cancelled' }],
    ]);
  });

  it('has notes, blocks, limits, pots and refunds too', async () => {
    const player = await desk.player({ cash: 50_000 });
    const send = (method: string, path: string, as: string, body?: object) =>
      desk.call(method, path, { as, body, headers: { 'idempotency-key': fresh('key') } });
    const blockId = fresh('b');
    await send('POST', `/v1/players/${player}/blocks`, 'finance', {
      blockId,
      kind: 'staff',
      reason: 'fraud?',
    });
    await send('POST', `/v1/players/${player}/blocks`, 'finance', {
      blockId,
      kind: 'staff',
      reason: 'fraud?',
    });
    await send('DELETE', `/v1/players/${player}/blocks/${blockId}`, 'admin');
    const limit = { period: 'day', currency: 'SEK' };
    await send('PUT', `/v1/players/${player}/limits/deposit`, 'cashier', { ...limit, amount: 500 });
    await send('PUT', `/v1/players/${player}/limits/deposit`, 'cashier', { ...limit, amount: 400 });
    const rows = await trail(`objectKind=player&objectId=${player}`);
    assert.deepEqual(
      rows.map(({ actor, action }) => [actor, action]),
      [
        ['client:cashier', 'set-limit'],
        ['client:cashier', 'set-limit'],
        ['admin', 'lift-block'],
        ['finance', 'block'],
      ],
    );
    assert.deepEqual(rows[0]?.['before'], { amount: 500 });
    const potId = fresh('pot');
    await send('PUT', `/v1/jackpots/${potId}`, 'admin', { currency: 'SEK', seed: 100 });
    await send('PUT', `/v1/jackpots/${potId}`, 'admin', { currency: 'SEK', seed: 100 });
    assert.deepEqual(told(await trail(`objectId=${potId}`)), [
      ['admin', 'open', null, { currency: 'SEK', seed: 100 }],
    ]);
    const depositId = fresh('d');
    await desk.deposit(await desk.player(), 'sim_captured', { depositId });
    await desk.until('deposits', depositId, 'credited');
    assert.equal((await desk.actOnDeposit(depositId, 'refund')).status, 200);
    assert.equal(
      (await send('POST', `/v1/deposits/${depositId}/notes`, 'finance', { note: 'hm' })).status,
      200,
    );
    const [note, refund] = await trail(`objectId=${depositId}`);
    assert.deepEqual([note?.['action'], note?.['reason']], ['note', 'hm']);
    assert.deepEqual([refund?.['action'], refund?.['before']], ['refund', { state: 'credited' }]);
  });

  it('is read page by page, newest first, between two times', async () => {
    const all = await trail('limit=200');
    const seen: Row[] = [];
    let page = (await desk.call('GET', '/v1/audit?limit=3', { as: 'finance' })).body;
    for (;;) {
      seen.push(...(page['items'] as Row[]));
      if (typeof page['nextCursor'] !== 'string') break;
      page = (await desk.call('GET', `/v1/audit?limit=3&cursor=${page['nextCursor']}`, { as: 'finance' }))
        .body;
    }
    assert.deepEqual(seen, all);
    assert.deepEqual(await trail('to=2020-01-01T00:00:00Z'), []);
    assert.equal((await desk.call('GET', '/v1/audit', { as: 'cashier' })).status, 403);
  });

  it('cannot be changed by the application', async () => {
    for (const sql of [
      'update audit.records set reason = null',
      'delete from audit.records',
      'truncate audit.records',
      'alter table audit.records add column more text',
    ])
      await assert.rejects(desk.db.pool.query(sql), /permission denied|must be owner/, sql);
  });
});
