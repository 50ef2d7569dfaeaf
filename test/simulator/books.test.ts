import assert from 'node:assert/strict';
import { appendFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { aScene, soon, type Caller, type Scene } from './parties.ts';

describe('simulator: books', () => {
  let scene: Scene;
  beforeEach(async () => {
    scene = await aScene();
  });
  afterEach(() => scene.end());

  const journal = () => join(scene.dataDir, 'nordpay.jsonl');
  const settlementFile = async (provider: Caller, query = '') => {
    const response = await fetch(`${provider.url}/settlement-file${query}`);
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      text: await response.text(),
    };
  };

  it('shows what it has of a reference, without a key, payments and payouts alike', async () => {
    const payment = await scene.provider.pay('sim_abandoned', 'pay-1', { reference: 'shared' });
    await scene.provider.payOut('SIM-STUCK', 'out-1', { reference: 'shared' });
    await scene.provider.payOut('SIM-STUCK', 'out-2', { reference: 'other' });
    const response = await fetch(`${scene.provider.url}/sim/books?reference=shared`);
    const { items } = (await response.json()) as { items: Record<string, unknown>[] };
    const { id, createdAt } = payment.body;
    const facts = { key: 'pay-1', reference: 'shared', amount: 1_250, currency: 'SEK', state: 'pending' };
    assert.deepEqual(items[0], { id, kind: 'payment', ...facts, createdAt });
    assert.deepEqual(
      items.map(({ kind }) => kind),
      ['payment', 'payout'],
    );
    assert.equal((await scene.provider.books()).length, 3);
    assert.deepEqual(await scene.provider.books('unknown'), []);
  });

  it('are the same after a restart, keys included', async () => {
    await scene.provider.pay('sim_captured');
    await scene.provider.payOut('SIM-REFUSED', 'out-1');
    await scene.provider.payOut('SIM-STUCK', 'out-2', { reference: 'wd-2' });
    await soon(() => scene.merchant.told.length === 1);
    const before = await scene.provider.books();
    const again = await scene.restart();
    assert.deepEqual(await again.books(), before);
    assert.equal((await again.pay('sim_captured')).status, 200);
    assert.equal((await again.payOut('SIM-REFUSED', 'out-1')).status, 422);
    assert.equal((await again.pay('sim_captured', 'pay-1', { amount: 1 })).status, 409);
    await sleep(100);
    assert.equal(scene.merchant.told.length, 1);
  });

  it('remember refunds after a restart', async () => {
    const { body } = await scene.provider.pay('sim_captured');
    await soon(() => scene.merchant.told.length === 1);
    const path = `/payments/${String(body['id'])}/refund`;
    const first = await scene.provider.send('POST', path, { key: 'ref-1', body: { amount: 1_000 } });
    const again = await scene.restart();
    const repeat = await again.send('POST', path, { key: 'ref-1', body: { amount: 1_000 } });
    assert.deepEqual([repeat.status, repeat.body['id']], [200, first.body['id']]);
    assert.equal((await again.send('POST', path, { key: 'ref-2', body: { amount: 251 } })).status, 422);
  });

  it('go on after a restart with what was due, in order', async () => {
    await scene.provider.payOut('SIM-RETURNED');
    const again = await scene.restart();
    await soon(() => scene.merchant.told.length === 2);
    assert.deepEqual(scene.merchant.states(), ['paid', 'returned']);
    assert.equal(await again.stateOf('payouts', 'out-1'), 'returned');
  });

  it('drop a last line that a crash has torn, and go on behind it', async () => {
    await scene.provider.payOut('SIM-STUCK', 'out-1');
    await appendFile(journal(), '{"type":"item","item":{"id":"half a l');
    const again = await scene.restart();
    await again.payOut('SIM-STUCK', 'out-2');
    const last = await scene.restart();
    assert.deepEqual(
      (await last.books()).map(({ key }) => key),
      ['out-1', 'out-2'],
    );
  });

  it('drop a last line that is whole but for its end: nobody was told of it', async () => {
    await scene.provider.payOut('SIM-STUCK', 'out-1');
    const [line = ''] = (await readFile(journal(), 'utf8')).split('\n');
    await appendFile(
      journal(),
      line.replaceAll('out-1', 'out-2').replace(/nordpay-out-[^"]+/, 'nordpay-out-2'),
    );
    const again = await scene.restart();
    assert.deepEqual(
      (await again.books()).map(({ key }) => key),
      ['out-1'],
    );
  });

  it('are not opened when a line in the middle is damaged, and the sentence says where', async () => {
    await scene.provider.payOut('SIM-STUCK', 'out-1');
    await appendFile(journal(), 'damage\n');
    await assert.rejects(scene.restart(), /nordpay\.jsonl are damaged in line 2/);
  });

  it('give a settlement file of the money that moved today', async () => {
    await scene.provider.pay('sim_captured', 'pay-1', { reference: 'a,"b"' });
    await scene.provider.pay('sim_chargeback', 'pay-2');
    await scene.provider.pay('sim_declined', 'pay-3');
    await scene.provider.pay('sim_abandoned', 'pay-4');
    await scene.provider.payOut('SIM-PAID', 'out-1');
    await scene.provider.payOut('SIM-REFUSED', 'out-2');
    await soon(() => scene.merchant.told.length === 5);
    const [payment] = await scene.provider.books('a,"b"');
    const { status, type, text } = await settlementFile(scene.provider);
    assert.deepEqual([status, type], [200, 'text/csv; charset=utf-8']);
    const [header, ...lines] = text.trimEnd().split('\n');
    assert.equal(header, 'kind,reference,key,providerReference,amount,currency,state,at');
    const at = String(scene.merchant.told.find(({ body }) => body['key'] === 'pay-1')!.body['at']);
    assert.equal(lines[0], `payment,"a,""b""",pay-1,${String(payment?.['id'])},1250,SEK,captured,${at}`);
    const states = lines
      .slice(1)
      .map((line) => line.split(',').filter((_, column) => column === 2 || column === 6));
    assert.deepEqual(states, [
      ['pay-2', 'charged_back'],
      ['out-1', 'paid'],
    ]);
  });

  it('give an empty settlement file of another day and refuse what is no day', async () => {
    await scene.provider.payOut('SIM-PAID');
    await soon(() => scene.merchant.told.length === 1);
    const header = 'kind,reference,key,providerReference,amount,currency,state,at\n';
    assert.equal((await settlementFile(scene.provider, '?day=2020-02-29')).text, header);
    for (const day of ['2026-02-30', 'today', '', '2026-1-1', '2026-01-01&day=2026-01-02']) {
      assert.equal((await settlementFile(scene.provider, `?day=${day}`)).status, 400, day);
    }
  });
});
