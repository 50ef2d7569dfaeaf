import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingEndedOnce } from './afterwards.ts';
import { endsWell, TOKENS } from './ends.ts';
import { settleWhileKilling } from './largeSettlement.ts';
import { beforeKill, inParallel, Loads } from './loads.ts';
import { Stand, type Victim } from './stand.ts';

// One kill meets several pieces of work, each at another point of its way: they are sent so long before it.
const SETTLEMENTS_SENT_MS_BEFORE = [0, 20, 60, 150];
const PAYMENTS_SENT_MS_BEFORE = [0, 120, 450];
// Every kind of payment but the one that alone takes twenty seconds; pairs.drill.ts kills under each at its moments.
const QUICK = TOKENS.filter((token) => token !== 'SIM-LATE-PAID');

describe('when processes are killed', function () {
  this.timeout(120_000);
  let stand: Stand;
  let loads: Loads;

  before(async () => {
    stand = await Stand.start();
    loads = new Loads(stand);
  });

  after(() => stand.stop());

  afterEach(() => everythingEndedOnce(stand));

  async function settleWhile(victim: Victim): Promise<void> {
    const works = [];
    for (const msBefore of SETTLEMENTS_SENT_MS_BEFORE) {
      const table = await loads.table();
      works.push({ msBefore, work: () => loads.settle(table) });
    }
    await beforeKill(works, () => stand.kill(victim));
  }

  /** Every token at every point of time, while all of the victims are killed. */
  async function payWhile(...victims: Victim[]): Promise<void> {
    const cases = PAYMENTS_SENT_MS_BEFORE.flatMap((msBefore) => QUICK.map((token) => ({ msBefore, token })));
    const players = await inParallel(cases.length, () => stand.richPlayer(20_000));
    const works = cases.map(({ msBefore, token }, number) => ({
      msBefore,
      work: () => loads.payment(token, players[number] ?? ''),
    }));
    const payments = await beforeKill(works, async () => {
      await Promise.all(victims.map((victim) => stand.kill(victim)));
    });
    await Promise.all(payments.map((payment) => endsWell(stand, payment)));
  }

  it('a round of 300 wagers is settled once, although the worker dies 0 to 150 ms after the call', () =>
    settleWhile('rounds'));

  it('a round of 300 wagers is settled once, although the API dies 0 to 150 ms after the call', () =>
    settleWhile('api'));

  it('payments of every kind end right, and once, although the worker dies 0 to 450 ms after the call', () =>
    payWhile('payments'));

  it('payments of every kind end right, and once, although the API and the providers die 0 to 450 ms after the call', () =>
    payWhile('api', 'providers'));

  it('what a provider said while the worker was dead is heard when it is back', async () => {
    const payment = await loads.payment('sim_captured', await stand.player());
    await stand.kill('payments');
    const waits = `select from payments.webhooks where body ->> 'reference' = $1 and processed_at is null`;
    const isStored = async () => ((await stand.rows(waits, [payment.id])).length === 1 ? true : undefined);
    await stand.until('the storing of the webhook', isStored);
    // Meanwhile the next worker may be starting; whoever hears of it now was started after it was stored.
    await stand.kill('payments');
    assert.equal(await isStored(), true);
    await endsWell(stand, payment);
  });

  it('a round of 1,200 wagers is settled once, although the worker dies twice and Postgres once while it is posted', () =>
    settleWhileKilling(stand, loads, { players: 600, wagersEach: 2, workerKills: 2 }));

  for (const victim of ['temporal', 'postgres'] as const) {
    it(`nothing that was acknowledged is lost, although ${victim} dies under a mixed load`, async () => {
      const [table, ...players] = await Promise.all([
        loads.table(),
        ...Array.from({ length: 8 }, () => stand.richPlayer(20_000)),
      ]);
      const payments = Promise.all(
        players.map(async (player, number) => {
          await sleep(number * 60);
          await endsWell(stand, await loads.payment('sim_captured', player));
          await endsWell(stand, await loads.payment('SIM-PAID', player));
        }),
      );
      const acknowledged = inParallel(60, () => stand.richPlayer(700));
      await Promise.all([
        payments,
        acknowledged,
        beforeKill([{ msBefore: 40, work: () => loads.settle(table) }], () => stand.kill(victim)),
      ]);
    });
  }
});
