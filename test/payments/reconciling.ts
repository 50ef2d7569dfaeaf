import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createReconciliationActivities } from '../../activities/index.ts';
import { loadConfig } from '../../config/index.ts';
import { createLog } from '../../ops/log.ts';
import { testWorker } from '../support/temporal.ts';
import { aCashier } from '../workflows/aCashier.ts';
import { fresh, keyOf, type Cashier } from '../workflows/cashier.ts';

const HEADER = 'kind,reference,key,providerReference,amount,currency,state,at';

export interface Item {
  itemId: string;
  verdict: string;
  businessId: string;
  theirs: number | null;
  ours: number;
  difference: number;
  theirLines: object[];
  resolution: string | null;
}
export interface Report {
  reconciliationId: string;
  status: string;
  lines: number;
  open: number;
  counts: Record<string, number>;
  totals: { ours: number; other: number; late: number; differences: number; theirs: number }[];
  items: Item[];
}

/** The cashier's desk with the worker that reconciles, and the hands of finance. */
export async function aReconciler() {
  const desk = await aCashier();
  const { pool } = desk.db;
  const secrets = { apiKey: 'provider-key', webhookSecret: 'provider-secret' };
  const { payments: config } = loadConfig({
    DATABASE_URL: desk.db.appUrl,
    COUNTROOM_PROVIDERS: JSON.stringify(
      Object.entries(desk.providers).map(([name, url]) => ({ name, url, ...secrets })),
    ),
  });
  const activities = createReconciliationActivities({ pool, config, log: createLog('test', 'silent') });
  const worker = await testWorker(desk.env, activities, 'ops');
  const running = worker.run();
  desk.onClose(async () => {
    worker.shutdown();
    await running;
  });
  return new Reconciler(desk);
}

export class Reconciler {
  readonly desk: Cashier;

  constructor(desk: Cashier) {
    this.desk = desk;
  }

  /** The provider's file of today, its lines without the header. */
  async file(provider = 'nordpay'): Promise<string[]> {
    const text = await (await fetch(`${String(this.desk.providers[provider])}/settlement-file`)).text();
    return text.trimEnd().split('\n').slice(1);
  }

  async upload(lines: readonly string[], query = this.today(), header = HEADER) {
    const response = await fetch(`${this.desk.url}/v1/reconciliations?provider=nordpay&${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${keyOf('finance')}`, 'content-type': 'text/csv' },
      body: [header, ...lines, ''].join('\n'),
    });
    const replayed = response.headers.get('idempotency-replayed') === 'true';
    return { status: response.status, replayed, body: (await response.json()) as Record<string, unknown> };
  }

  /** Uploads, and waits for the report. */
  async match(lines: readonly string[], query = this.today()): Promise<Report> {
    const { status, body } = await this.upload(lines, query);
    assert.equal(status, 202, JSON.stringify(body));
    return await this.report(String(body['reconciliationId']));
  }

  async report(id: string): Promise<Report> {
    for (;;) {
      const { body } = await this.desk.call('GET', `/v1/reconciliations/${id}?limit=200`, { as: 'finance' });
      const report = body as unknown as Report;
      if (report.status === 'done') {
        for (const { ours, other, late, differences, theirs } of report.totals)
          assert.equal(ours - other + late + differences, theirs, 'the report ties out');
        return report;
      }
      await sleep(30);
    }
  }

  resolve(id: string, itemId: string, resolution: 'note' | 'post', key = fresh('key')) {
    return this.desk.call('POST', `/v1/reconciliations/${id}/items/${itemId}/resolve`, {
      as: 'finance',
      body: { resolution, reason: 'checked with the provider' },
      headers: { 'idempotency-key': key },
    });
  }

  today(from = 0, to = 1): string {
    const day = (offset: number) => {
      const at = new Date();
      at.setUTCHours(0, 0, 0, 0);
      return new Date(at.getTime() + offset * 86_400_000).toISOString();
    };
    return `from=${day(from)}&to=${day(to)}`;
  }

  async deposited(token = 'sim_captured', amount = 10_000): Promise<string> {
    const depositId = fresh('d');
    await this.desk.deposit(await this.desk.player(), token, { depositId, amount });
    await this.desk.until('deposits', depositId, 'credited');
    return depositId;
  }

  async paidOut(account = 'SIM-PAID', state = 'paid'): Promise<string> {
    const withdrawalId = fresh('wd');
    await this.desk.withdraw(await this.desk.player({ cash: 50_000 }), account, { withdrawalId });
    await this.desk.until('withdrawals', withdrawalId, state);
    return withdrawalId;
  }
}
