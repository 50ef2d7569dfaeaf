import assert from 'node:assert/strict';
import { randomInt, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  captureHold,
  createPoster,
  openPlayer,
  placeHold,
  post,
  postAll,
  voidHold,
  type Posting,
  type Verdict,
} from '../../ledger/index.ts';
import type { Pool } from '../../ops/postgres.ts';
import { aDeed, applied, leg, stakeLegs } from '../ledger/aLedger.ts';
import { checkInvariants } from '../support/invariants.ts';
import { MortalPostgres } from './mortalPostgres.ts';

const KILLS = 3;
const START = 1_000_000_000n;
const PLAYERS = Array.from({ length: 30 }, (_, n) => `p-${String(n)}`);
const HOLDERS = Array.from({ length: 6 }, (_, n) => `h-${String(n)}`);
const TO = { kind: 'payouts_in_flight', owner: 'nordpay' };

type Moves = Record<string, bigint>;

/** Something that was asked of the ledger, and what it heard. */
interface Asked {
  readonly businessId: string;
  readonly ask: () => Promise<Verdict>;
  /** What it is to move; nothing where it is to be refused. */
  readonly moves: Moves;
  answer?: Verdict | undefined;
}

describe('when Postgres is killed in the middle of batches', function () {
  this.timeout(60_000);
  let server: MortalPostgres;
  let load: Load;

  before(async () => {
    server = await MortalPostgres.start();
    load = new Load(server.app);
    await load.open();
  });
  after(() => server.stop());

  for (let kill = 1; kill <= KILLS; kill += 1) {
    const afterMs = randomInt(300, 1_000);
    it(`every transfer that was acknowledged is there and no other is half there, kill ${String(kill)} after ${String(afterMs)} ms`, async () => {
      const { rows } = await server.app.query<{ durable: string }>(
        `select current_setting('fsync') || ' ' || current_setting('synchronous_commit') as durable`,
      );
      assert.equal(rows[0]?.durable, 'on on');
      const callers = load.run();
      await sleep(afterMs);
      await server.kill();
      await callers;
      await server.startAgain();
      await load.check(server.owner);
    });
  }
});

/** Many callers, each in its own way; it knows what each asked for and what it was answered. */
class Load {
  readonly #pool: Pool;
  readonly #poster: ReturnType<typeof createPoster>;
  #asked: Asked[] = [];
  #batches: Asked[][] = [];
  /** What every account must have, by our own sums. */
  readonly #totals: Moves = { 'provider_clearing:nordpay': 0n };

  constructor(pool: Pool) {
    this.#pool = pool;
    this.#poster = createPoster(pool);
  }

  async open(): Promise<void> {
    for (const player of [...PLAYERS, ...HOLDERS]) {
      await openPlayer(this.#pool, player, 'SEK');
      const legs = [leg('provider_clearing', 'nordpay', -START), leg('player_cash', player, START)];
      await applied(post(this.#pool, { ...aDeed('deposit'), legs }));
      this.#add(Object.fromEntries(legs.map(({ kind, owner, amount }) => [`${kind}:${owner}`, amount])));
    }
  }

  /** Until Postgres is gone. */
  async run(): Promise<void> {
    [this.#asked, this.#batches] = [[], []];
    const crowd = (count: number, work: () => Promise<void>) =>
      Array.from({ length: count }, () => untilGone(work));
    await Promise.all([
      ...crowd(60, () => this.#hear(this.#stake((posting) => this.#poster.ask(posting)))),
      ...crowd(6, () => this.#hear(this.#stake((posting) => post(this.#pool, posting)))),
      ...crowd(3, () => this.#batch()),
      ...HOLDERS.map((player) => untilGone(() => this.#holdAndEnd(player))),
    ]);
  }

  async check(owner: Pool): Promise<void> {
    await checkInvariants(owner);
    const heard = this.#asked.filter(({ answer }) => answer !== undefined);
    assert.ok(heard.length > 0, 'nothing was answered before it was killed');
    assert.ok(heard.length < this.#asked.length, 'nothing was under way when it was killed');

    const found = await movesByBusiness(owner);
    const isThere = ({ businessId }: Asked) => found.has(businessId);
    for (const asked of this.#asked)
      if (asked.answer !== undefined || isThere(asked))
        assert.deepEqual(found.get(asked.businessId) ?? {}, asked.moves);
    for (const batch of this.#batches) {
      const moving = batch.filter(({ moves }) => Object.keys(moves).length > 0);
      assert.ok(moving.every(isThere) || !moving.some(isThere), 'half of a batch is there');
    }

    await inTurns(this.#asked, async (asked) => {
      const again = await asked.ask();
      if (asked.answer !== undefined) assert.deepEqual(again, { ...asked.answer, replayed: true });
      else if (again.outcome === 'applied') assert.equal(again.replayed, isThere(asked));
      assert.equal(again.outcome === 'applied', Object.keys(asked.moves).length > 0);
      this.#add(asked.moves);
    });
    const now = await movesByBusiness(owner);
    for (const { businessId, moves } of this.#asked) assert.deepEqual(now.get(businessId) ?? {}, moves);
    assert.deepEqual(await totals(owner), this.#totals);
    await checkInvariants(owner);
  }

  #add(moves: Moves): void {
    for (const [account, amount] of Object.entries(moves))
      this.#totals[account] = (this.#totals[account] ?? 0n) + amount;
  }

  async #hear(asked: Asked): Promise<void> {
    this.#asked.push(asked);
    asked.answer = await asked.ask();
  }

  /** One in ten is more than the player has. */
  #stake(send: (posting: Posting) => Promise<Verdict>): Asked & { posting: Posting } {
    const player = PLAYERS[randomInt(PLAYERS.length)] ?? '';
    const amount = randomInt(10) === 0 ? 100n * START : BigInt(randomInt(1, 50));
    const posting = { ...someDeed('stake'), legs: stakeLegs(player, amount) };
    const moves: Moves =
      amount > START ? {} : { [`player_cash:${player}`]: -amount, 'stakes_in_play:house': amount };
    return { businessId: posting.businessId, posting, ask: () => send(posting), moves };
  }

  async #batch(): Promise<void> {
    const batch = Array.from({ length: 40 }, () => this.#stake((posting) => post(this.#pool, posting)));
    this.#asked.push(...batch);
    this.#batches.push(batch);
    const verdicts = await postAll(
      this.#pool,
      batch.map(({ posting }) => posting),
    );
    batch.forEach((asked, at) => (asked.answer = verdicts[at]));
  }

  /** A hold of 10: 4 of it are captured, then it is voided, or 3 more are captured and the rest goes back. */
  async #holdAndEnd(player: string): Promise<void> {
    const [cash, held, out] = [`player_cash:${player}`, `player_held:${player}`, 'payouts_in_flight:nordpay'];
    const placed = someDeed('withdrawal_hold');
    const hear = (deed: { businessId: string }, moves: Moves, ask: () => Promise<Verdict>) =>
      this.#hear({ businessId: deed.businessId, ask, moves });
    await hear(placed, { [cash]: -10n, [held]: 10n }, () =>
      placeHold(this.#pool, { ...placed, playerId: player, currency: 'SEK', amount: 10n }),
    );
    const part = { ...someDeed('payout_submitted'), holdId: placed.id, to: TO, amount: 4n, release: false };
    await hear(part, { [held]: -4n, [out]: 4n }, () => captureHold(this.#pool, part));
    if (randomInt(2) === 0) {
      const end = { ...someDeed('withdrawal_release'), id: placed.id };
      await hear(end, { [held]: -6n, [cash]: 6n }, () => voidHold(this.#pool, end));
    } else {
      const last = { ...someDeed('payout_submitted'), holdId: placed.id, to: TO, amount: 3n };
      await hear(last, { [held]: -6n, [cash]: 3n, [out]: 3n }, () => captureHold(this.#pool, last));
    }
  }
}

/** Of a business record of its own, by which its transfer is found again. */
const someDeed = (code: string) => ({ ...aDeed(code), businessId: `kill/${randomUUID()}` });

/** Works again and again until the connection is lost; any other error is thrown. */
async function untilGone(work: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await work();
    } catch (error) {
      const { code = '', message } = error as { code?: string; message: string };
      if (/^(ECONNRESET|ECONNREFUSED|EPIPE|57P0.)$/.test(code) || /^Connection terminated/.test(message))
        return;
      throw error;
    }
  }
}

async function inTurns<T>(list: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  for (let from = 0; from < list.length; from += 200)
    await Promise.all(list.slice(from, from + 200).map(work));
}

const NAMED = `a.kind || ':' || a.owner as account`;

async function movesByBusiness(owner: Pool): Promise<Map<string, Moves>> {
  const { rows } = await owner.query<{ business: string; account: string | null; amount: bigint }>(
    `select t.business_id as business, ${NAMED}, e.amount from ledger.transfers t
       left join ledger.entries e on e.transfer_id = t.id left join ledger.accounts a on a.id = e.account_id
      where t.business_id like 'kill/%'`,
  );
  const found = new Map<string, Moves>();
  for (const { business, account, amount } of rows) {
    const moves = found.get(business) ?? {};
    const name = account ?? 'nothing';
    found.set(business, { ...moves, [name]: (moves[name] ?? 0n) + amount });
  }
  return found;
}

async function totals(owner: Pool): Promise<Moves> {
  const { rows } = await owner.query<{ account: string; posted: bigint }>(
    `select ${NAMED}, sum(posted)::bigint as posted from ledger.accounts a
      group by kind, owner having sum(version) > 0`,
  );
  return Object.fromEntries(rows.map(({ account, posted }) => [account, posted]));
}
