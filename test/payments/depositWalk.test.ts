import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import {
  DEPOSIT,
  depositActions,
  type DepositEvent,
  type DepositState,
} from '../../contract/states/deposit.ts';
import { openDeposit, stepDeposit } from '../../payments/index.ts';
import { register } from '../../players/index.ts';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { money, terms } from './aWebhookQueue.ts';

const ALL = Number(money.minor);
const PART = 1_000;
const DEPTH = 6;

/** What a deposit's money does, in the head of somebody who knows nothing of SQL. Minor units. */
interface Purse {
  state: DepositState;
  cash: number;
  inFlight: number;
  refunded: number;
  refund: { amount: number; credited: boolean } | undefined;
}

describe('the walk over the states of a deposit', () => {
  let db: TestDatabase;
  before(async () => (db = await testDatabase()));
  after(async () => {
    await checkInvariants(db.owner);
    await db.drop();
  });

  it('never refunds more than came, never keeps what went back, in any order of six events', async function () {
    this.timeout(120_000);
    const paths = orders({ state: 'pending', cash: 0, inFlight: 0, refunded: 0, refund: undefined }, DEPTH);
    assert.ok(paths.length > 100, `${String(paths.length)} orders`);
    await Promise.all(
      Array.from({ length: 8 }, async (_, walker) => {
        for (const path of paths.filter((_one, index) => index % 8 === walker)) await walk(path);
      }),
    );
  });

  async function walk(path: readonly DepositEvent[]): Promise<void> {
    const [playerId, depositId] = [randomUUID(), randomUUID()];
    await register(db.pool, { playerId, jurisdiction: 'MT', currencies: [money.currency] });
    const request = { method: { type: 'card', token: 't' }, returnUrl: 'https://casino.example' };
    const input = { depositId, clientId: 'cashier', playerId, money, ...request, request, objection: null };
    await openDeposit(db.pool, { ...input, expiresInMs: 60_000 }, `deposit/${depositId}`, terms);
    let purse: Purse = { state: 'pending', cash: 0, inFlight: 0, refunded: 0, refund: undefined };
    let seq = 0;
    for (const event of path) {
      const to = DEPOSIT[purse.state].on[event];
      assert(to !== undefined);
      const more = event === 'refund' && purse.cash > PART ? { amountMinor: String(PART) } : {};
      const facts = event === 'credit_refused' ? { captured: money } : {};
      const step = { depositId, seq: (seq += 1), event, to, provider: 'nordpay', ...more, facts };
      const [first, again] = [await stepDeposit(db.pool, step), await stepDeposit(db.pool, step)];
      assert.deepEqual([first.refused, again], [null, first], path.join(', '));
      purse = happen(purse, event) ?? purse;
    }
    const { cash, inFlight, refunded, state } = purse;
    assert.deepEqual(
      await books(playerId, depositId),
      { cash, owed: 0, inFlight, refunded, state },
      path.join(', '),
    );
    const waits = DEPOSIT[state].waitsFor === 'finance';
    assert.ok(!waits || depositActions(state, { overdue: true }).length > 0, `no way out of ${state}`);
  }

  async function books(playerId: string, depositId: string): Promise<unknown> {
    const { rows } = await db.pool.query<Record<string, bigint | string>>(
      `select coalesce((select posted from ledger.accounts where kind = 'player_cash' and owner = $1), 0) as cash,
              coalesce((select posted from ledger.accounts where kind = 'player_receivable' and owner = $1), 0) as owed,
              coalesce((select sum(e.amount) from ledger.entries e join ledger.accounts a on a.id = e.account_id join ledger.transfers t on t.id = e.transfer_id
                         where a.kind = 'payouts_in_flight' and t.business_id = 'deposit/' || $2), 0)::bigint as "inFlight",
              (select coalesce(sum(amount), 0)::bigint from payments.refunds where deposit_id = $2 and status = 'refunded') as refunded,
              (select status from payments.deposits where deposit_id = $2) as state`,
      [playerId, depositId],
    );
    const { state, ...amounts } = rows[0] ?? {};
    return {
      ...Object.fromEntries(Object.entries(amounts).map(([name, value]) => [name, Number(value)])),
      state,
    };
  }
});

/** Every order of events that can happen, of the given length or to an end before it. */
function orders(purse: Purse, depth: number): DepositEvent[][] {
  const further = (Object.keys(DEPOSIT[purse.state].on) as DepositEvent[]).flatMap((event) => {
    const next = depth === 0 ? undefined : happen(purse, event);
    return next === undefined ? [] : orders(next, depth - 1).map((rest) => [event, ...rest]);
  });
  return further.length === 0 ? [[]] : further;
}

/** Undefined where the event cannot happen: the provider answers the refund that was asked for. */
function happen(purse: Purse, event: DepositEvent): Purse | undefined {
  const state = DEPOSIT[purse.state].on[event];
  const { cash, refund, refunded } = purse;
  if (state === undefined) return undefined;
  const all = refund !== undefined && (!refund.credited || refunded + refund.amount === ALL);
  switch (event) {
    case 'captured':
      return { ...purse, state, cash: ALL };
    case 'charged_back':
      return { ...purse, state, cash: 0 };
    case 'refund': {
      const credited = purse.state === 'credited';
      const amount = !credited ? ALL : cash > PART ? PART : cash;
      return {
        ...purse,
        state,
        cash: credited ? cash - amount : cash,
        inFlight: amount,
        refund: { amount, credited },
      };
    }
    case 'refunded':
    case 'part_refunded':
      if (all !== (event === 'refunded')) return undefined;
      return { ...purse, state, inFlight: 0, refunded: refunded + (refund?.amount ?? 0), refund: undefined };
    case 'refund_refused':
    case 'return_refused':
      if (refund?.credited !== (event === 'refund_refused')) return undefined;
      return {
        ...purse,
        state,
        inFlight: 0,
        cash: cash + (refund.credited ? refund.amount : 0),
        refund: undefined,
      };
    default:
      return { ...purse, state };
  }
}
