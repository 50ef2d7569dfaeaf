import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { liability } from '../../ledger/index.ts';
import { takeLiabilitySnapshot } from '../../payments/index.ts';
import { fresh } from '../workflows/cashier.ts';
import { aReconciler, type Item, type Reconciler } from './reconciling.ts';

describe("a provider's settlement file, matched with our books", () => {
  let clerk: Reconciler;
  before(async function () {
    this.timeout(60_000);
    clerk = await aReconciler();
  });
  after(async function () {
    this.timeout(30_000);
    await clerk.desk.close();
  });

  const short = (items: readonly Item[]) =>
    items.map(({ verdict, businessId, theirs, ours, difference }) => [
      verdict,
      businessId,
      theirs,
      ours,
      difference,
    ]);
  const idOf = (line: string) => line.split(',')[1] ?? '';

  it('ties out to the last minor unit: deposits, refunds of all and of a part, chargebacks, payouts, returned ones', async () => {
    await clerk.deposited();
    const whole = await clerk.deposited('sim_captured', 12_345);
    await clerk.desk.actOnDeposit(whole, 'refund');
    const part = await clerk.deposited('sim_captured', 20_000);
    await clerk.desk.actOnDeposit(part, 'refund', { amount: 7_001 });
    const back = fresh('d');
    await clerk.desk.deposit(await clerk.desk.player(), 'sim_chargeback', { depositId: back });
    await clerk.desk.until('deposits', back, 'charged_back');
    await clerk.paidOut();
    await clerk.paidOut('SIM-RETURNED', 'returned');
    for (const id of [whole, part]) await clerk.desk.until('deposits', id, 'refunded', 'credited');
    while ((await clerk.file()).length < 6) await sleep(50);
    const report = await clerk.match(await clerk.file());
    assert.deepEqual(report.items, []);
    assert.deepEqual([report.lines, report.counts['matched'], report.open], [6, 6, 0]);
    const [total] = report.totals;
    assert.deepEqual([total?.ours, total?.theirs, total?.other], [-10_000 - 12_999 + 10_000, -12_999, 0]);
  });

  it('names what is missing on either side and what differs in its amount, and finance resolves each once', async () => {
    const [lost, wrong] = [await clerk.deposited(), await clerk.deposited()];
    const lines = (await clerk.file()).filter((line) => idOf(line) !== lost);
    const changed = lines.map((line) => (idOf(line) === wrong ? line.replace(',10000,', ',9000,') : line));
    const unknown = 'payment,d-nobody,deposit:d-nobody,pay_x,500,SEK,captured,2026-11-24T00:00:00Z';
    const report = await clerk.match([...changed, unknown]);
    assert.deepEqual(short(report.items), [
      ['amount_differs', `deposit/${wrong}`, -9_000, -10_000, 1_000],
      ['missing_here', 'deposit/d-nobody', -500, 0, -500],
      ['missing_there', `deposit/${lost}`, null, -10_000, 10_000],
    ]);
    assert.equal(report.open, 3);
    const { reconciliationId: id } = report;
    const key = fresh('key');
    assert.equal((await clerk.resolve(id, '1', 'post', key)).status, 200);
    assert.equal((await clerk.resolve(id, '1', 'post', key)).status, 200, 'the same press again');
    const again = await clerk.resolve(id, '1', 'note');
    assert.deepEqual([again.status, again.body.code], [409, 'invalid_state']);
    assert.equal((await clerk.resolve(id, '2', 'note')).status, 200);
    assert.equal((await clerk.resolve(id, '9', 'note')).status, 404);
    const after = await clerk.report(id);
    assert.equal(after.open, 1);
    assert.deepEqual(
      after.items.map(({ resolution }) => resolution),
      ['post', 'note', null],
    );
    const path = `/v1/ledger/transfers?businessId=${encodeURIComponent(`reconciliation/${id}`)}`;
    const { body } = await clerk.desk.call('GET', path, { as: 'finance' });
    const [{ entries }] = body['items'] as [{ entries: { account: string; amount: number }[] }];
    assert.deepEqual(entries.map(({ amount }) => amount).sort(), [-1_000, 1_000]);
  });

  it('that comes a second time is the same reconciliation', async () => {
    await clerk.deposited();
    const lines = await clerk.file();
    const first = await clerk.match(lines);
    const again = await clerk.upload(lines);
    assert.deepEqual([again.status, again.replayed], [202, true]);
    assert.equal(again.body['reconciliationId'], first.reconciliationId);
    const [one, two] = await Promise.all([clerk.upload([...lines, '']), clerk.upload([...lines, ''])]);
    assert.equal(one.body['reconciliationId'], two.body['reconciliationId'], 'two at once');
  });

  it('is late, and no difference, where we booked after its time, or another file told of it', async () => {
    const depositId = await clerk.deposited();
    const line = (await clerk.file()).find((one) => idOf(one) === depositId) ?? '';
    const yesterday = await clerk.match([line], clerk.today(-1, 0));
    assert.deepEqual(short(yesterday.items), [['late', `deposit/${depositId}`, -10_000, 0, -10_000]]);
    assert.equal(yesterday.open, 0);
    await clerk.deposited();
    const lines = (await clerk.file()).filter((one) => one !== line);
    const today = await clerk.match(lines);
    const mine = today.items.find(({ businessId }) => businessId === `deposit/${depositId}`);
    assert.deepEqual([mine?.verdict, mine?.difference], ['late', 10_000]);
    const refused = await clerk.resolve(yesterday.reconciliationId, '1', 'post');
    assert.equal(refused.status, 409, 'there is nothing to resolve');
  });

  it('that lists a payment twice shows the amount that is too much', async () => {
    const depositId = await clerk.deposited();
    const lines = await clerk.file();
    const line = lines.find((one) => idOf(one) === depositId) ?? '';
    const { items } = await clerk.match([...lines, line]);
    const twice = items.find(({ businessId }) => businessId === `deposit/${depositId}`);
    assert.deepEqual(
      [twice?.verdict, twice?.theirs, twice?.theirLines.length],
      ['amount_differs', -20_000, 2],
    );
  });

  it('that cannot be read is refused by line and column, and nothing of it is kept', async () => {
    const good = 'payment,d-1,deposit:d-1,pay_1,500,SEK,captured,2026-11-24T00:00:00Z';
    const refused = async (lines: string[], header?: string) => {
      const { status, body } = await clerk.upload(lines, clerk.today(-3, -2), header);
      assert.equal(status, 400, JSON.stringify(body));
      return String(body['detail']);
    };
    assert.match(await refused([good, good.replace('500', '5.00')]), /line 3, column amount: .*minor units/);
    assert.match(
      await refused([good.replace('captured', 'pending')]),
      /line 2, column state: must be captured/,
    );
    assert.match(await refused([good.replace('SEK', 'kronor')]), /line 2, column currency/);
    assert.match(await refused([good, 'payment,d-2,"deposit:d-2']), /Quote|quote/);
    assert.match(await refused([good, 'payment,d-2']), /line 3|Record Length/);
    assert.match(await refused([good], 'kind,reference'), /no column key/);
    const { rows } = await clerk.desk.db.owner.query<{ count: string }>(
      `select count(*) from payments.settlement_lines where provider_reference = 'pay_1'`,
    );
    assert.equal(String(rows[0]?.count), '0');
    const noTime = await clerk.upload([good], 'from=2026-11-24T00:00:00Z&to=2026-11-24T00:00:00Z');
    assert.equal(noTime.status, 400);
  });

  it('is fetched by the Schedule for the days before, once, and an empty day matches', async () => {
    const { client } = clerk.desk.env;
    const run = (workflowId: string) =>
      client.workflow.execute('reconcileDays', { taskQueue: 'ops', workflowId: fresh(workflowId) });
    assert.match(String(await run('reconcile')), /0 lines of (nordpay|eastpay): matched 0/);
    assert.equal(await run('reconcile'), 'There was no new file.');
  });

  it('has beside it, once a day, what is owed to the players by jurisdiction: the sums of the ledger', async () => {
    const { pool } = clerk.desk.db;
    const at = '2026-11-24T00:00:00.000Z';
    await takeLiabilitySnapshot(pool, at);
    await takeLiabilitySnapshot(pool, at);
    const path = '/v1/ledger/liability/snapshots?from=2026-11-24T00:00:00Z&to=2026-11-25T00:00:00Z';
    const { body } = await clerk.desk.call('GET', path, { as: 'finance' });
    const items = body['items'] as Record<string, unknown>[];
    const [owed] = await liability(pool);
    assert.deepEqual(items, [
      {
        ...{
          at,
          jurisdiction: 'MT',
          currency: 'SEK',
          cash: Number(owed?.cash),
          inPlay: 0,
          pendingWithdrawals: 0,
        },
        ...{ payoutsInFlight: 0, returned: Number(owed?.returned) },
      },
    ]);
    assert.ok(Number(owed?.returned) > 0 && Number(owed?.cash) > 0);
  });
});
