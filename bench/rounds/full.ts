import { connected } from '../../dev/stack/connected.ts';
import { bar } from '../../ops/progress.ts';
import { preload } from '../ledger/preload.ts';
import { median, type Report } from '../support/report.ts';
import type { Loaded } from './load.ts';
import { phase, show, showHead } from './phase.ts';
import { PLAYERS, type Stand } from './stand.ts';

const ROUNDS = 3;
const CHUNK = 20_000;
const WORKERS = 2;

/** Wagers beside books that hold so many already, and beside new ones. */
export async function compareFull(
  stands: { readonly empty: Stand; readonly full: Stand },
  wagers: number,
  quick: boolean,
): Promise<Report> {
  const seconds = quick ? 2 : 10;
  await fill(stands.full.owner, wagers);
  showHead();
  const runs: Record<keyof typeof stands, Loaded[]> = { empty: [], full: [] };
  for (const stand of Object.values(stands)) await phase(stand, { kind: 'wager', seconds });
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const name of ['empty', 'full'] as const) {
      const loaded = await phase(stands[name], { kind: 'wager', seconds });
      runs[name].push(loaded);
      show(name, loaded);
    }
  }
  const rate = (name: keyof typeof stands) => median(runs[name].map(({ perSecond }) => perSecond));
  return {
    figures: {
      wagers: { value: wagers, unit: 'wagers' },
      empty: { value: Math.round(rate('empty')), unit: 'requests/s' },
      full: { value: Math.round(rate('full')), unit: 'requests/s' },
    },
    ratios: { full_to_empty: { value: rate('full') / rate('empty'), goal: '>= 0.9' } },
  };
}

/** Wagers that were lost, each in a closed round of its own, and as many transfers in the ledger. */
async function fill(owner: string, wagers: number): Promise<void> {
  await connected(owner, (client) =>
    client.query(`select ledger.open_account('stakes_in_play', 'house', 'SEK')`),
  );
  await preload(owner, wagers);
  const shown = bar('wagers', wagers, process.stderr);
  let done = 0;
  const work = (worker: number) =>
    connected(owner, async (client) => {
      await client.query('set synchronous_commit = off'); // of this alone: what is measured waits for the disk
      for (let from = worker * CHUNK; from < wagers; from += WORKERS * CHUNK) {
        const to = Math.min(from + CHUNK, wagers);
        await client.query(LOST, [from, to - 1, PLAYERS]);
        shown.at((done += to - from));
      }
    });
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
  shown.clear();
  await connected(owner, async (client) => {
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}

/** Ids as callers make them: at random, so that each is somewhere else in its index. */
const LOST = `
  with names as materialized (select i, gen_random_uuid()::text as id from generate_series($1::int, $2::int) i), rounds as (
    insert into rounds.rounds (client_id, round_id, game_id, status, closed_at) select 'game', 'r-' || id, 'slots', 'closed', clock_timestamp() from names
  )
  insert into rounds.wagers (client_id, wager_id, round_id, player_id, game_id, amount, currency, status, balance, transfer_ids, answered_transfers)
    select 'game', 'w-' || id, 'r-' || id, 'p-' || i % $3::int, 'slots', 1, 'SEK', 'settled', 0, array[gen_random_uuid(), gen_random_uuid()], 1 from names`;
