import { randomUUID } from 'node:crypto';
import knex, { type Knex } from 'knex';
import { createPoster, post, postAll, type Posting } from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';
import { ACCOUNTS, PLAYERS, TELLERS } from './setup.ts';

export const BATCH = 100;
/** `hot`: every stake goes to one account of the house; `random`: to one of a thousand providers' accounts. */
export type Heat = 'hot' | 'random';

const random = (n: number) => Math.floor(Math.random() * n);

export function aStake(heat: Heat): Posting {
  const amount = 1n;
  const house =
    heat === 'hot'
      ? { kind: 'stakes_in_play', owner: 'house' }
      : { kind: 'provider_clearing', owner: `provider-${String(random(1_000))}` };
  return {
    id: randomUUID(),
    code: 'stake',
    businessId: `wager/bench/${randomUUID()}`,
    happenedAt: new Date(),
    legs: [
      { kind: 'player_cash', owner: `p-${String(random(PLAYERS))}`, currency: 'SEK', amount: -amount },
      { ...house, currency: 'SEK', amount },
    ],
  };
}

export const someStakes = (heat: Heat, count = BATCH) => Array.from({ length: count }, () => aStake(heat));

/** The ways the ledger is posted to. Each does some postings, and answers how many. */
export function ways(pool: Pool) {
  const poster = createPoster(pool);
  const one = async (work: Promise<{ outcome: string }>) => {
    const { outcome } = await work;
    if (outcome !== 'applied') throw new Error(`a stake was ${outcome}`);
    return 1;
  };
  return {
    single: (heat: Heat) => one(post(pool, aStake(heat))),
    batch: async (heat: Heat) => {
      const verdicts = await postAll(pool, someStakes(heat));
      return verdicts.filter(({ outcome }) => outcome === 'applied').length;
    },
    poster: (heat: Heat) => one(poster.ask(aStake(heat))),
  };
}

/** What they are compared with. */
export function yardsticks(pool: Pool, url: string, scale: number) {
  const db = knex({ client: 'pg', connection: url, pool: { min: 20, max: 20 } });
  return {
    naive: (heat: Heat) => naively(db, aStake(heat)),
    tpcb: async () => {
      await pool.query({
        name: 'tpcb',
        text: 'select bench.tpcb($1::int, $2::int, $3::int, $4::int)',
        values: [
          ...[1 + random(scale * ACCOUNTS), 1 + random(scale * TELLERS), 1 + random(scale)],
          random(10_000) - 5_000,
        ],
      });
      return 1;
    },
    close: () => db.destroy(),
  };
}

/** As an application would post with a query builder: seven statements in a transaction, on tables of the same shape. */
async function naively(db: Knex, { id, code, businessId, happenedAt, legs }: Posting): Promise<number> {
  await db.transaction(async (trx) => {
    const [player, house] = legs;
    if (player === undefined || house === undefined) throw new Error('two legs');
    const accounts = (await trx('bench.accounts')
      .whereIn('name', [`${player.kind}:${player.owner}`, `${house.kind}:${house.owner}`])
      .orderBy('id')
      .forUpdate()) as { id: string; name: string; balance: string }[];
    await trx('bench.transfers').insert({ id, code, business_id: businessId, happened_at: happenedAt });
    for (const account of accounts) {
      const amount = account.name === `${player.kind}:${player.owner}` ? player.amount : house.amount;
      const balance = (BigInt(account.balance) + amount).toString();
      if (account.name.startsWith('player') && BigInt(balance) < 0n) throw new Error('insufficient funds');
      await trx('bench.accounts').where({ id: account.id }).update({ balance });
      const entry = {
        account_id: account.id,
        transfer_id: id,
        amount: amount.toString(),
        balance_after: balance,
      };
      await trx('bench.entries').insert(entry);
    }
  });
  return 1;
}
