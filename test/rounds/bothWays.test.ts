import assert from 'node:assert/strict';
import type { Reply } from '../api/apiUnderTest.ts';
import { aGameServer, type GameServer } from './gameServer.ts';

/** `game` settles by workflow, `otherGame` directly. */
type Way = 'game' | 'otherGame';

/** What a game server sends, in short: each is a call of the API on one round of one player, who has 1,000. */
type Step =
  | readonly ['wager', id: string, amount?: number, round?: string]
  | readonly ['rollback', wager: string]
  | readonly [
      'settle',
      id: string,
      payouts: Readonly<Record<string, number>>,
      then?: 'leave open' | 'close',
      round?: string,
    ]
  | readonly ['void', ...wagers: string[]]
  | readonly ['award', amount: number];

const MOST = Number.MAX_SAFE_INTEGER;
const CASES: Readonly<Record<string, readonly Step[]>> = {
  'a win': [
    ['wager', 'w'],
    ['settle', 's', { w: 250 }],
  ],
  'a loss': [
    ['wager', 'w'],
    ['settle', 's', { w: 0 }],
  ],
  'a win, a loss, and one not named': [
    ['wager', 'w1'],
    ['wager', 'w2', 200],
    ['wager', 'w3', 50],
    ['settle', 's', { w1: 500, w2: 0 }],
  ],
  'several partial wins': [
    ['wager', 'w1'],
    ['wager', 'w2'],
    ['settle', 's1', { w1: 30 }, 'leave open'],
    ['settle', 's2', { w1: 20 }, 'leave open'],
    ['settle', 's3', { w1: 5, w2: 0 }],
  ],
  'a free round that wins': [
    ['wager', 'w', 0],
    ['settle', 's', { w: 70 }],
  ],
  'a free round that loses': [
    ['wager', 'w', 0],
    ['settle', 's', {}],
  ],
  'a round whose only wager was rolled back': [
    ['wager', 'w'],
    ['rollback', 'w'],
    ['settle', 's', {}],
  ],
  'twenty wagers': [
    ...Array.from({ length: 20 }, (_, at) => ['wager', `w${String(at)}`, 10] as const),
    ['settle', 's', Object.fromEntries(Array.from({ length: 20 }, (_, at) => [`w${String(at)}`, at]))],
  ],
  'the same again, after other money came, and with other content': [
    ['wager', 'w'],
    ['settle', 's', { w: 250 }],
    ['award', 5],
    ['settle', 's', { w: 250 }],
    ['settle', 's', { w: 251 }],
    ['settle', 's', { w: 250 }, 'leave open'],
  ],
  'a round that is closed': [
    ['wager', 'w'],
    ['settle', 's1', { w: 250 }],
    ['settle', 's2', { w: 1 }],
    ['settle', 's2', { w: 1 }],
    ['wager', 'late'],
    ['rollback', 'w'],
  ],
  'a round that is voided': [['wager', 'w'], ['void'], ['settle', 's', { w: 250 }], ['settle', 's2', {}]],
  'each kind of bad outcome beside a good one': [
    ['wager', 'good'],
    ['wager', 'back'],
    ['wager', 'voided'],
    ['wager', 'poor', 100_000],
    ['wager', 'foreign', 10, 'elsewhere'],
    ['rollback', 'back'],
    ['void', 'voided'],
    ['settle', 's', { good: 5, back: 5, voided: 5, poor: 5, foreign: 5 }],
    ['settle', 's', { good: 5, back: 5, voided: 5, poor: 5, foreign: 5 }],
    ['settle', 's2', { good: 5 }],
  ],
  'what is not there yet, and then is': [
    ['settle', 's', { w: 250 }],
    ['wager', 'other', 10],
    ['settle', 's', { w: 250 }],
    ['wager', 'w'],
    ['settle', 's', { w: 250 }],
  ],
  'more than a balance may hold': [
    ['wager', 'w1'],
    ['wager', 'w2'],
    ['settle', 's1', { w1: MOST, w2: 1 }],
    ['settle', 's1', { w1: MOST, w2: 1 }],
    ['settle', 's2', { w1: 7 }],
  ],
  'a player who owes': [
    ['wager', 'won', 100, 'won'],
    ['settle', 's1', { won: 500 }, 'close', 'won'],
    ['wager', 'spent', 1_400, 'spent'],
    ['settle', 's2', { spent: 0 }, 'close', 'spent'],
    ['wager', 'free', 0],
    ['void', 'won'],
    ['settle', 's3', { free: 450 }],
  ],
};

describe('a settlement by workflow and one directly', () => {
  let server: GameServer;
  before(async function () {
    this.timeout(60_000);
    server = await aGameServer();
  });
  after(() => server.stop());

  for (const [what, steps] of Object.entries(CASES)) {
    it(`end the same for ${what}: the same answers, records and books`, async () => {
      const [byWorkflow, directly] = [await play('game', what, steps), await play('otherGame', what, steps)];
      assert.deepEqual(directly, byWorkflow);
      assert.ok(byWorkflow.books.length > 0);
    });
  }

  /** Plays the steps, and answers all there is to compare: ids are of the client, so they are the same; the player is not. */
  async function play(as: Way, what: string, steps: readonly Step[]) {
    const [playerId] = await server.players(1);
    const id = (name: string) => `${name} of ${what}`.replaceAll(/[^a-z0-9]/gi, '-');
    const alike = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value)
          .replaceAll(playerId!, 'the player')
          .replaceAll(`/${as}/`, '/the client/')
          .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}|[0-9a-f]{32}/g, 'an id'),
        // Whether there is a workflow is the one difference.
        (key, member: unknown) => (['workflowId', 'workflowUrl'].includes(key) ? null : member),
      ) as unknown;
    const replies: Reply[] = [];
    for (const step of steps) replies.push(await send(as, playerId!, id, step));
    const { owner } = server.api.database;
    const rows = async (sql: string) => (await owner.query(sql, [playerId, as])).rows as unknown[];
    return {
      answers: replies.map(({ status, headers, json }) =>
        alike([status, headers['idempotency-replayed'], json]),
      ),
      wagers: alike(
        await rows(
          'select wager_id, round_id, status, code, payout::text, cardinality(transfer_ids) as transfers from rounds.wagers where player_id = $1 and client_id = $2 order by 1',
        ),
      ),
      operations: alike(
        await rows(
          `select kind, operation_id, status, outcome, problem, round_was, round_status, settled, totals, balances,
                  (select json_agg(json_build_object('wager', x.wager_id, 'payout', x.payout::text, 'was', x.was_status, 'wasPayout', x.was_payout::text) order by x.wager_id)
                     from rounds.outcomes x where (x.client_id, x.kind, x.operation_id) = (o.client_id, o.kind, o.operation_id)) as outcomes,
                  (select json_agg(json_build_object('seq', m.seq, 'player', m.player_id, 'net', m.net::text, 'stakes', m.from_stakes::text, 'posted', m.posted, 'owed', m.owed::text, 'balance', m.balance::text) order by m.seq)
                     from rounds.moves m where (m.client_id, m.kind, m.operation_id) = (o.client_id, o.kind, o.operation_id)) as moves
             from rounds.operations o where client_id = $2 and round_id in (select round_id from rounds.wagers where player_id = $1 and client_id = $2) order by 1, 2`,
        ),
      ),
      rounds: alike(
        await rows(
          'select round_id, status, claim_id, closed_at is null as open from rounds.rounds where client_id = $2 and round_id in (select round_id from rounds.wagers where player_id = $1 and client_id = $2) order by 1',
        ),
      ),
      books: alike(await server.booksOf(playerId!, as)) as unknown[],
    };
  }

  function send(as: Way, playerId: string, id: (name: string) => string, step: Step): Promise<Reply> {
    const at = (round: string, call: string) => `/v1/rounds/${id(round)}/${call}`;
    switch (step[0]) {
      case 'wager': {
        const [, wager, amount = 100, round = 'round'] = step;
        return server.post(
          at(round, 'wagers'),
          { wagerId: id(wager), playerId, gameId: 'roulette', amount, currency: 'SEK' },
          as,
        );
      }
      case 'rollback':
        return server.post(`/v1/wagers/${id(step[1])}/rollback`, { rollbackId: id(step[1]) }, as);
      case 'settle': {
        const [, settlement, payouts, then = 'close', round = 'round'] = step;
        const outcomes = Object.entries(payouts).map(([wager, payout]) => ({ wagerId: id(wager), payout }));
        return server.post(
          at(round, 'settlement'),
          { settlementId: id(settlement), outcomes, closeRound: then === 'close' },
          as,
        );
      }
      case 'void': {
        const [, ...wagers] = step;
        const whole = wagers.length === 0;
        return server.post(
          at(wagers[0] === 'won' ? 'won' : 'round', 'void'),
          {
            voidId: id(`void ${wagers.join(' ')}`),
            reason: 'a test',
            ...(whole ? {} : { wagerIds: wagers.map(id) }),
          },
          as,
        );
      }
      case 'award': {
        const body = { awardId: id('award'), kind: 'promo', amount: step[1], currency: 'SEK' };
        return server.post(`/v1/players/${playerId}/awards`, body, as);
      }
    }
  }
});
