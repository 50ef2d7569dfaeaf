import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Loads } from './loads.ts';
import type { Stand } from './stand.ts';

export interface LargeSettlement {
  readonly players: number;
  readonly wagersEach: number;
  /** At random points of the posting; Postgres is killed at one more of them. */
  readonly workerKills: number;
}

/** Settles a round of many while the worker dies again and again, and Postgres once; sees that it is settled once and in full. */
export async function settleWhileKilling(stand: Stand, loads: Loads, large: LargeSettlement): Promise<void> {
  const table = await loads.table(large.wagersEach, large.players);
  const kills = Array.from({ length: large.workerKills + 1 }, (_, at) => ({
    victim: at === 0 ? ('postgres' as const) : ('rounds' as const),
    // Of the moves, and the first may come before any of them.
    after: randomInt(0, Math.floor(large.players * 0.9)),
  })).sort((a, b) => a.after - b.after);
  const settled = new AbortController();
  const done = loads.settle(table).finally(() => {
    settled.abort();
  });
  for (const { victim, after } of kills) {
    while (!settled.signal.aborted && (await posted(stand, table.roundId)) < after) await sleep(20);
    if (settled.signal.aborted) break;
    await stand.kill(victim);
  }
  await done;
}

/** How many players have got theirs; nothing is known while Postgres is away. */
async function posted(stand: Stand, roundId: string): Promise<number> {
  const sql = `select count(*)::int as done from rounds.moves m join rounds.operations o using (client_id, kind, operation_id)
                where o.round_id = $1 and m.posted`;
  const rows = await stand.rows<{ done: number }>(sql, [roundId]).catch(() => []);
  return rows[0]?.done ?? 0;
}
