import assert from 'node:assert/strict';
import { createHash, createHmac, generateKeyPairSync, sign } from 'node:crypto';
import type { OutgoingHttpHeaders } from 'node:http';
import type { Api, Reply } from '../api/apiUnderTest.ts';
import { aGameServer, type GameServer } from '../rounds/gameServer.ts';
import { fresh } from '../rounds/table.ts';

export const SECRET = 'a secret of the aggregator';

/** The clients that speak a dialect: two of `calls` that settle directly, and one by workflow. */
export type Speaker = 'calls' | 'callsError' | 'callsSaga';

const keys = () => generateKeyPairSync('rsa', { modulusLength: 2048 });
export const KEYS: Readonly<Record<Speaker, ReturnType<typeof keys>>> = {
  calls: keys(),
  callsError: keys(),
  callsSaga: keys(),
};

export const pem = (speaker: Speaker) =>
  KEYS[speaker].publicKey.export({ type: 'spki', format: 'pem' }).toString();

/** Aggregators' view: the real API over HTTP, with a worker and a Temporal server behind it. */
export class Aggregators {
  readonly server: GameServer;

  constructor(server: GameServer) {
    this.server = server;
  }

  get api(): Api {
    return this.server.api;
  }

  /** A signed call of the dialect `actions`; text goes out as it is. */
  actions(body: unknown, headers?: OutgoingHttpHeaders, clientId = 'actions'): Promise<Reply> {
    const bytes = bytesOf(body);
    const signed = { 'X-Actions-Signature': createHmac('sha256', SECRET).update(bytes).digest('hex') };
    return this.api.call({
      method: 'POST',
      path: `/dialects/actions/${clientId}`,
      body: bytes,
      headers: headers ?? signed,
    });
  }

  /** A signed call of the dialect `calls`. */
  calls(
    call: 'bet' | 'win' | 'rollback',
    body: unknown,
    speaker: Speaker = 'calls',
    headers?: OutgoingHttpHeaders,
    more: OutgoingHttpHeaders = {},
  ): Promise<Reply> {
    const bytes = bytesOf(body);
    const signed = {
      ...more,
      'X-Calls-Signature': sign('RSA-SHA256', bytes, KEYS[speaker].privateKey).toString('base64'),
    };
    const path = `/dialects/calls/${speaker}/${call}`;
    return this.api.call({ method: 'POST', path, body: bytes, headers: headers ?? signed });
  }

  async cashOf(playerId: string): Promise<number> {
    const { json } = await this.server.get(`/v1/players/${playerId}/balance`);
    return (json['balances'] as { cash: number }[])[0]!.cash;
  }

  /** What moved for a player, in order, without ids: the code of each transfer and its legs. */
  async booksOf(playerId: string): Promise<unknown[]> {
    const { rows } = await this.api.database.owner.query<{ code: string; legs: string[] }>(
      `select t.code, array_agg(a.kind || ' ' || e.amount order by a.kind, e.amount) as legs
         from ledger.transfers t join ledger.entries e on e.transfer_id = t.id join ledger.accounts a on a.id = e.account_id
        where t.id in (select e.transfer_id from ledger.entries e join ledger.accounts a on a.id = e.account_id where a.owner = $1)
           or t.business_id in (select 'settlement/' || o.client_id || '/' || o.operation_id
                                  from rounds.outcomes o join rounds.wagers w using (client_id, wager_id) where w.player_id = $1)
        group by t.id, t.code, t.written_at order by t.written_at`,
      [playerId],
    );
    return rows;
  }

  /** How many transfers and records there are in all: the same before and after means that nothing was done. */
  async counts(): Promise<unknown> {
    const { rows } = await this.api.database.owner.query(
      `select (select count(*) from ledger.transfers) as transfers, (select count(*) from ledger.outcomes) as outcomes,
              (select count(*) from rounds.wagers) as wagers, (select count(*) from rounds.rounds) as rounds,
              (select count(*) from rounds.operations) as operations, (select count(*) from rounds.rollbacks) as rollbacks`,
    );
    return rows[0];
  }
}

const bytesOf = (body: unknown) => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

export async function someAggregators(): Promise<Aggregators> {
  const server = await aGameServer();
  const hash = (text: string) => createHash('sha256').update(text).digest();
  const { owner } = server.api.database;
  await owner.query(
    `insert into access.clients (client_id, name, kind, api_key_hash, hmac_secret, signed, settlement, dialect, public_key, duplicates) values
       ('actions', 'Aggregator', 'game', $1, $2, false, 'direct', 'actions', null, 'replay'),
       ('calls', 'Aggregator', 'game', $3, null, false, 'direct', 'calls', $4, 'replay'),
       ('callsError', 'Aggregator', 'game', $5, null, false, 'direct', 'calls', $6, 'error'),
       ('callsSaga', 'Aggregator', 'game', $7, null, false, 'workflow', 'calls', $8, 'replay')`,
    [hash('1'), SECRET, hash('2'), pem('calls'), hash('3'), pem('callsError'), hash('4'), pem('callsSaga')],
  );
  return new Aggregators(server);
}

/** Sends the same at the same time; answers what came back, in any order. */
export const atOnce = (times: number, send: (at: number) => Promise<Reply>) =>
  Promise.all(Array.from({ length: times }, (_, at) => send(at)));

/** The body of an answer that must have this status. */
export function has(reply: Reply, status: number): Reply['json'] {
  assert.equal(reply.status, status, reply.text);
  return reply.json;
}

export { fresh };
