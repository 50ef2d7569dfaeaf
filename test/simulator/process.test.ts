import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API_KEY, Caller, Merchant, soon, WEBHOOK_SECRET } from './parties.ts';

const main = fileURLToPath(new URL('../../dev/simulator/main.ts', import.meta.url));

describe('simulator: the process', () => {
  const merchant = new Merchant();
  const children: ChildProcess[] = [];
  let dataDir = '';
  before(() => merchant.open());
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'simulator-'));
    merchant.told.length = 0;
    merchant.status = () => 200;
  });
  afterEach(async () => {
    for (const child of children.splice(0)) await killed(child);
    await rm(dataDir, { recursive: true, force: true });
  });
  after(() => merchant.close());

  const provider = (name: string, port = 0) => ({
    name,
    port,
    apiKey: API_KEY,
    webhookSecret: WEBHOOK_SECRET,
  });
  const settings = (ports: readonly [number, number] = [0, 0]) => ({
    dataDir,
    webhookBaseUrl: merchant.url,
    providers: [provider('nordpay', ports[0]), provider('eastpay', ports[1])],
  });

  function run(simulator: string | undefined): { child: ChildProcess; output: { out: string; err: string } } {
    const env = { ...process.env };
    delete env['SIMULATOR'];
    const child = spawn(process.execPath, ['--import', 'tsx', main], {
      env: simulator === undefined ? env : { ...env, SIMULATOR: simulator },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    children.push(child);
    const output = { out: '', err: '' };
    child.stdout.on('data', (chunk: Buffer) => (output.out += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (output.err += chunk.toString()));
    return { child, output };
  }

  async function started(ports?: readonly [number, number]) {
    const { child, output } = run(JSON.stringify(settings(ports)));
    await soon(() => output.out.includes('\n') || output.err !== '', 10_000);
    assert.equal(output.err, '');
    const line = JSON.parse(output.out) as {
      ready: boolean;
      providers: { nordpay: string; eastpay: string };
    };
    assert.equal(line.ready, true);
    const { nordpay, eastpay } = line.providers;
    return { child, nordpay: new Caller(nordpay), eastpay: new Caller(eastpay) };
  }

  async function killed(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL') {
    if (child.exitCode === null && child.signalCode === null) {
      child.kill(signal);
      await once(child, 'exit');
    }
    return child.exitCode;
  }

  it('loses nothing by SIGKILL: books, what is due, and webhooks nobody took', async () => {
    const first = await started();
    merchant.status = () => 500;
    await first.nordpay.pay('sim_captured', 'told-later');
    await soon(() => merchant.states().includes('captured'));
    await first.nordpay.pay('sim_chargeback', 'due', { reference: 'dep-2' });
    await first.eastpay.payOut('SIM-PAID', 'elsewhere');
    await killed(first.child);

    merchant.told.length = 0;
    merchant.status = () => 200;
    const second = await started();
    await soon(() => merchant.told.length >= 4, 6_000);
    const told = merchant.told
      .map(({ body }) => `${String(body['key'])} ${String(body['state'])}`)
      .toSorted();
    assert.deepEqual(told, ['due captured', 'due charged_back', 'elsewhere paid', 'told-later captured']);
    assert.deepEqual(
      (await second.nordpay.books()).map(({ key, state }) => [key, state]),
      [
        ['told-later', 'captured'],
        ['due', 'charged_back'],
      ],
    );
    assert.equal((await second.nordpay.pay('sim_captured', 'told-later')).status, 200);
    assert.deepEqual(
      (await second.eastpay.books()).map(({ key, state }) => [key, state]),
      [['elsewhere', 'paid']],
    );
  });

  it('keeps every payout it answered, whenever it is killed', async () => {
    const first = await started();
    const answered: string[] = [];
    const sending = Array.from({ length: 200 }, async (_, index) => {
      const key = `out-${String(index)}`;
      const sent = await first.nordpay.payOut('SIM-STUCK', key, { reference: key }).catch(() => undefined);
      if (sent?.status === 201) answered.push(key);
    });
    await soon(() => answered.length >= 20);
    await killed(first.child);
    await Promise.all(sending);
    const second = await started();
    const kept = new Set((await second.nordpay.books()).map(({ key }) => key));
    assert.deepEqual(
      answered.filter((key) => !kept.has(key)),
      [],
    );
  });

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    it(`ends within 2 s on ${signal}, even with a request left hanging`, async () => {
      const { child, nordpay } = await started();
      await nordpay.hangsUpAfter(100, '/payouts', { key: 'out-0', body: { ...hanging, reference: 'wd-0' } });
      const open = nordpay.send('POST', '/payouts', { key: 'out-1', body: hanging }).catch(() => 'cut off');
      await soon(async () => (await nordpay.books('wd-1')).length === 1);
      const startedAt = Date.now();
      assert.equal(await killed(child, signal), 0);
      assert.ok(Date.now() - startedAt < 2_000);
      assert.equal(await open, 'cut off');
    });
  }
  const hanging = {
    reference: 'wd-1',
    amount: 1,
    currency: 'SEK',
    destination: { type: 'bank', account: 'SIM-TIMEOUT-TAKEN' },
  };

  async function sentenceOf(simulator: string | undefined): Promise<string> {
    const { child, output } = run(simulator);
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 1);
    assert.equal(output.out, '');
    assert.equal(output.err.trimEnd().split('\n').length, 1, output.err);
    return output.err;
  }

  it('says in one sentence what is wrong with SIMULATOR', async () => {
    assert.match(await sentenceOf(undefined), /SIMULATOR is missing/);
    assert.match(await sentenceOf('{'), /SIMULATOR is not JSON/);
    const wrong = { dataDir: 5, providers: [{ name: 'Nord Pay', port: 70_000 }] };
    const sentence = await sentenceOf(JSON.stringify(wrong));
    for (const member of ['dataDir', 'webhookBaseUrl', 'name', 'port', 'apiKey', 'webhookSecret']) {
      assert.ok(sentence.includes(member), `${member} in: ${sentence}`);
    }
    const twice = { ...settings(), providers: [provider('nordpay'), provider('nordpay')] };
    assert.match(await sentenceOf(JSON.stringify(twice)), /different names/);
  });

  it('says in one sentence that a port is in use', async () => {
    const port = Number(new URL(merchant.url).port);
    assert.match(
      await sentenceOf(JSON.stringify(settings([0, port]))),
      new RegExp(`Port ${String(port)} of eastpay is in use`),
    );
  });
});
