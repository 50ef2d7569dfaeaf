import assert from 'node:assert/strict';
import { ROUNDS_CHECKS } from '../rounds/invariants.ts';
import { checkInvariants } from '../support/invariants.ts';
import type { Stand } from './stand.ts';

/** What still runs, in our own books. A row that is terminal or parked with a person is not among them. */
const UNDER_WAY = `
  select 'operation' as what, operation_id as id, status as state from rounds.operations where status in ('requested', 'running')
  union all
  select 'round', round_id, status from rounds.rounds where status = 'settling'
  union all
  select 'deposit', deposit_id, status from payments.deposits where status in ('pending', 'captured', 'refunding')
  union all
  select 'withdrawal', withdrawal_id, state from payments.withdrawals where state in ('held', 'submitting', 'submitted', 'unknown')
  union all
  select 'webhook', event_id, outcome from payments.webhooks where processed_at is null`;

/** After a drill: everything has ended, once, and every invariant holds. */
export async function everythingEndedOnce(stand: Stand): Promise<void> {
  let left: object[] = [];
  await stand.until('the end of everything', async () => {
    left = await stand.rows(UNDER_WAY);
    if (left.length > 0) throw new Error(`still under way: ${JSON.stringify(left)}`);
    const running = await stand.workflows('ExecutionStatus = "Running" and NeedsAttention is null');
    if (running.length > 0) throw new Error(`workflows still run: ${running.join(', ')}`);
    return true;
  });
  assert.deepEqual(
    await stand.workflows('ExecutionStatus in ("Failed", "TimedOut", "Terminated", "Canceled")'),
    [],
  );
  await checkInvariants(stand.owner, ROUNDS_CHECKS);
  await everyPlayerHasWhatIsTheirs(stand);
  await nothingMovedTwice(stand);
  await providersAgree(stand);
}

async function everyPlayerHasWhatIsTheirs(stand: Stand): Promise<void> {
  const rows = await stand.rows<{ owner: string; posted: bigint }>(
    `select owner, posted from ledger.accounts where kind = 'player_cash'`,
  );
  const theirs = new Map(rows.map(({ owner, posted }) => [owner, Number(posted)]));
  const differs = [...stand.cash]
    .map(([player, should]) => ({ player, should, has: theirs.get(player) ?? 0 }))
    .filter(({ should, has }) => should !== has);
  assert.deepEqual(differs, []);
  // Whatever was held, in play or on its way has arrived.
  const between = await stand.rows(
    `select kind, currency, sum(posted)::text as posted from ledger.accounts
      where kind in ('player_held', 'stakes_in_play', 'payouts_in_flight') group by kind, currency having sum(posted) <> 0`,
  );
  assert.deepEqual(between, []);
}

/** The ids of transfers are derived, and so unique; this looks at what the transfers are for. */
async function nothingMovedTwice(stand: Stand): Promise<void> {
  const twice = await stand.rows(
    `select code, business_id, count(*)::int as times from ledger.transfers
      where code in ('deposit', 'stake', 'award') group by code, business_id having count(*) > 1
     union all
     -- One that came back may be sent once more.
     select 'payout_paid', business_id, sum(case code when 'payout_paid' then 1 else -1 end)::int from ledger.transfers
      where code in ('payout_paid', 'payout_returned') group by business_id having sum(case code when 'payout_paid' then 1 else -1 end) > 1`,
  );
  assert.deepEqual(twice, []);
}

/** What we say that a provider owes us is what its own books say: captured less paid out. */
async function providersAgree(stand: Stand): Promise<void> {
  const theirs: Record<string, number> = { nordpay: 0, eastpay: 0 };
  for (const { provider, state, amount } of await stand.books()) {
    const sign = state === 'captured' ? 1 : state === 'paid' ? -1 : 0;
    theirs[provider] = (theirs[provider] ?? 0) + sign * amount;
  }
  const rows = await stand.rows<{ provider: string; owed: bigint }>(
    `select owner as provider, -sum(posted) as owed from ledger.accounts where kind = 'provider_clearing' group by owner`,
  );
  const ours = {
    nordpay: 0,
    eastpay: 0,
    ...Object.fromEntries(rows.map((row) => [row.provider, Number(row.owed)])),
  };
  assert.deepEqual(ours, theirs);
}
