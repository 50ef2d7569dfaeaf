import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { everythingEndedOnce } from './afterwards.ts';
import { endsWell } from './ends.ts';
import { inParallel, type Loads } from './loads.ts';
import type { Stand, Victim } from './stand.ts';

/** Where on its way a payment is when a process dies under it. */
export const MOMENTS = ['written down', 'taken by the provider'] as const;
type Moment = (typeof MOMENTS)[number];

/** Never taken: refused as soon as the provider hears of them. */
const REFUSED_AT_ONCE = ['SIM-REFUSED', 'SIM-REFUSED-NORDPAY'];
const PATIENCE_MS = 10_000;
const MOST_KILLS = 15;

/**
 * Kills one process under each token at one moment of its way. A kill meets all payments that are at that moment, and
 * those it missed are sent anew for the next one; all of them must end as their tokens have it, and once.
 * @returns how many kills it took
 */
export async function killUnderEach(
  stand: Stand,
  loads: Loads,
  { victim, moment, tokens }: { victim: Victim; moment: Moment; tokens: readonly string[] },
): Promise<number> {
  let missed = tokens.filter((token) => moment === 'written down' || !REFUSED_AT_ONCE.includes(token));
  let kills = 0;
  while (missed.length > 0) {
    assert.ok(kills < MOST_KILLS, `${victim} never died while ${missed.join(', ')} was ${moment}`);
    kills += 1;
    const players = await inParallel(missed.length, () => stand.richPlayer(20_000));
    const sent = Promise.all(missed.map((token, nth) => loads.payment(token, players[nth] ?? '')));
    const met = await untilMany(stand, players, moment);
    const killedAt = Date.now();
    await stand.kill(victim);
    const payments = await sent;
    await Promise.all(payments.map((payment) => endsWell(stand, payment)));
    await everythingEndedOnce(stand);
    const books = await stand.books();
    const tooLate = ({ id }: { id: string }) =>
      moment === 'written down' &&
      books.some(({ reference, createdAt }) => reference === id && Date.parse(createdAt) <= killedAt);
    missed = payments
      .filter((payment) => !met.has(payment.playerId) || tooLate(payment))
      .map(({ token }) => token);
  }
  return kills;
}

/** The players whose payments are at that moment, as soon as they are some of them; where they never are, the kill meets nobody. */
async function untilMany(stand: Stand, players: readonly string[], moment: Moment): Promise<Set<string>> {
  for (const until = Date.now() + PATIENCE_MS; ;) {
    const met = await playersAt(stand, players, moment);
    if (met.size >= players.length / 3 || Date.now() > until) return met;
    await sleep(5);
  }
}

/** Written down: open in our books. Taken by the provider: pending in its books too. */
async function playersAt(stand: Stand, players: readonly string[], moment: Moment): Promise<Set<string>> {
  const open = await stand.rows<{ id: string; playerId: string }>(
    `select deposit_id as id, player_id as "playerId" from payments.deposits where player_id = any ($1) and status = 'pending'
     union all
     select withdrawal_id, player_id from payments.withdrawals where player_id = any ($1) and state in ('held', 'submitting', 'submitted', 'unknown')`,
    [players],
  );
  const books = moment === 'written down' ? [] : await stand.books();
  const pending = new Set(books.filter(({ state }) => state === 'pending').map(({ reference }) => reference));
  const at = moment === 'written down' ? open : open.filter(({ id }) => pending.has(id));
  return new Set(at.map(({ playerId }) => playerId));
}
