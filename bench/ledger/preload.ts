import { connected } from '../../dev/stack/connected.ts';
import { bar } from '../../ops/progress.ts';

/** Each has the players of half of the buckets, so that none waits for another's account. */
const WORKERS = 2;
/** Transfers in a transaction: each writes every account once. */
const CHUNK = 20_000;

const PAIRS = `
  create temp table pairs as
    select row_number() over (order by p.id) - 1 as n, p.owner as player, p.id as cash, h.id as house
      from ledger.accounts p
      join ledger.accounts h on (h.kind, h.owner, h.currency, h.bucket) = ('stakes_in_play', 'house', p.currency, ledger.bucket('stakes_in_play', p.owner))
     where p.kind = 'player_cash' and h.bucket % ${String(WORKERS)} = `;

/** Stakes of one minor unit, $2 of them, as ledger.post would have left them, the players taking turns from the $1th on. */
const STAKES = `
  with moves as materialized (
    select s.id, s.business_id, s.written_at, p.cash, p.house,
           md5(row('stake', s.business_id, array[row('player_cash', p.player, 'SEK', -1, 0), row('stakes_in_play', 'house', 'SEK', 1, 0)]::ledger.leg[])::text)::uuid as content,
           c.version + row_number() over by_cash as cash_version, c.posted - row_number() over by_cash as cash_after,
           h.version + row_number() over by_house as house_version, h.posted + row_number() over by_house as house_after
      from (select i, gen_random_uuid() as id, 'wager/preload/' || gen_random_uuid() as business_id, began + i * interval '1 microsecond' as written_at
              from (select clock_timestamp() as began offset 0) now, generate_series(1, $2::integer) i) s
      join pairs p on p.n = ($1::bigint + s.i) % (select count(*) from pairs)
      join ledger.accounts c on c.id = p.cash
      join ledger.accounts h on h.id = p.house
    window by_cash as (partition by p.cash order by s.i), by_house as (partition by p.house order by s.i)
    order by s.i
  ), outcomes as (
    insert into ledger.outcomes (id, content, decided_at, balance) select id, content, written_at, cash_after from moves
  ), transfers as (
    insert into ledger.transfers (id, code, business_id, happened_at, written_at) select id, 'stake', business_id, written_at, written_at from moves
  ), accounts as (
    update ledger.accounts a set posted = a.posted + m.amount, version = a.version + m.entries
      from (select cash as id, -count(*) as amount, count(*) as entries from moves group by 1
            union all select house, count(*), count(*) from moves group by 1) m
     where a.id = m.id
  )
  insert into ledger.entries (account_id, version, transfer_id, amount, balance_after, written_at)
    select account, version, id, amount, after, written_at
      from moves, lateral (values (cash, cash_version, -1, cash_after), (house, house_version, 1, house_after)) e (account, version, amount, after)`;

/** Fills the ledger with so many transfers. */
export async function preload(owner: string, transfers: number): Promise<void> {
  const shown = bar('transfers', transfers, process.stderr);
  let done = 0;
  const fill = (worker: number) =>
    connected(owner, async (client) => {
      await client.query('set synchronous_commit = off'); // of this alone: what is measured waits for the disk
      await client.query(PAIRS + String(worker));
      await client.query('analyze pairs');
      const mine = Math.floor(transfers / WORKERS) + (worker < transfers % WORKERS ? 1 : 0);
      for (let from = 0; from < mine; from += CHUNK) {
        const count = Math.min(CHUNK, mine - from);
        await client.query(STAKES, [from, count]);
        shown.at((done += count));
      }
    });
  await Promise.all(Array.from({ length: WORKERS }, (_, worker) => fill(worker)));
  shown.clear();
  await connected(owner, async (client) => {
    await client.query('vacuum analyze');
    await client.query('checkpoint');
  });
}
