import { createHash, createHmac } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { createReader } from '../../api/reader.ts';
import type { Route, Services } from '../../api/route.ts';
import { routes as allRoutes } from '../../api/routes/index.ts';
import { close, listen } from '../../api/server.ts';
import type { TemporalGateway } from '../../api/temporal.ts';
import { loadConfig } from '../../config/index.ts';
import { createLog } from '../../ops/log.ts';
import { createGameDesk } from '../../rounds/index.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  text: string;
  /** The body, parsed; {} where it is not JSON. */
  json: Record<string, unknown>;
}

export interface Call {
  method?: string;
  /** As it stands in the request line: nothing encodes or normalises it. */
  path: string;
  as?: Who;
  /** Text goes out as it is, anything else as JSON. */
  body?: unknown;
  headers?: http.OutgoingHttpHeaders;
}

export const SECRET = 'a secret of the game';
export const KEYS = {
  game: 'key-of-the-game',
  otherGame: 'key-of-the-other-game',
  cashier: 'key-of-the-cashier',
  support: 'token-of-support',
  finance: 'token-of-finance',
  'finance-approver': 'token-of-the-approver',
  admin: 'token-of-the-admin',
} as const;
export type Who = keyof typeof KEYS;

export interface Api {
  url: string;
  database: TestDatabase;
  services: Services;
  /** Whether the workflow engine, which is a stand-in here, can be reached. */
  engine: { up: boolean };
  call: (call: Call) => Promise<Reply>;
  stop: () => Promise<void>;
}

/** The real application over real HTTP and a real Postgres. Only the workflow engine is a stand-in: sagas never end. */
export async function startApi({ routes = allRoutes }: { routes?: readonly Route[] } = {}): Promise<Api> {
  const database = await testDatabase();
  await seed(database);
  const config = loadConfig({ DATABASE_URL: database.appUrl });
  const engine = { up: true };
  const services: Services = {
    pool: database.pool,
    games: createGameDesk(database.pool),
    read: createReader(database.appUrl, { max: 2 }),
    temporal: standIn(engine),
    config,
    log: createLog('api', 'silent'),
  };
  const server = await listen(services, routes, { host: '127.0.0.1', port: 0 });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${String(port)}`,
    database,
    services,
    engine,
    call: (call) => send(port, call),
    stop: async () => {
      await close(server, 2_000);
      await services.read.destroy();
      await database.drop();
    },
  };
}

/** Headers of a call signed now, or at another time. */
export function sign(
  method: string,
  path: string,
  body: Buffer,
  at = Date.now(),
  secret = SECRET,
): http.OutgoingHttpHeaders {
  const timestamp = String(Math.floor(at / 1000));
  const signature = createHmac('sha256', secret)
    .update(`${timestamp}.${method}.${path}.`)
    .update(body)
    .digest('hex');
  return { 'X-Timestamp': timestamp, 'X-Signature': `v1=${signature}` };
}

function standIn(engine: { up: boolean }): TemporalGateway {
  const gateway: Pick<TemporalGateway, keyof TemporalGateway> = {
    startAndWait: () => Promise.resolve({ outcome: 'running' }),
    update: () => Promise.resolve({ outcome: 'gone' }),
    updateAnew: () => Promise.resolve({ outcome: 'gone' }),
    reachable: () => Promise.resolve(engine.up),
    uiLink: (workflowId) => (workflowId === null ? null : `http://ui.test/${encodeURIComponent(workflowId)}`),
    close: () => Promise.resolve(),
  };
  return gateway as TemporalGateway;
}

async function seed({ owner }: TestDatabase): Promise<void> {
  const hash = (who: Who) => createHash('sha256').update(KEYS[who]).digest();
  await owner.query(
    `insert into access.clients (client_id, name, kind, api_key_hash, hmac_secret, signed, settlement) values
       ('game', 'Game', 'game', $1, $2, true, 'workflow'), ('otherGame', 'Other game', 'game', $3, null, false, 'direct'),
       ('cashier', 'Cashier', 'cashier', $4, null, false, 'workflow')`,
    [hash('game'), SECRET, hash('otherGame'), hash('cashier')],
  );
  for (const role of ['support', 'finance', 'finance-approver', 'admin'] as const) {
    await owner.query(
      'insert into access.people (person_id, name, role, token_hash) values ($1, $1, $1, $2)',
      [role, hash(role)],
    );
  }
}

function send(port: number, { method = 'GET', path, as, body, headers = {} }: Call): Promise<Reply> {
  const bytes =
    body === undefined
      ? undefined
      : Buffer.isBuffer(body)
        ? body
        : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  const sent: http.OutgoingHttpHeaders = {
    ...(as === undefined ? {} : { Authorization: `Bearer ${KEYS[as]}` }),
    ...(as === 'game' ? sign(method, path, bytes ?? Buffer.alloc(0)) : {}),
    ...(bytes === undefined ? {} : { 'Content-Type': 'application/json' }),
    ...headers,
  };
  return new Promise((resolve, reject) => {
    const request = http.request(
      { host: '127.0.0.1', port, method, path, headers: sent, agent: false },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.once('error', reject);
        response.once('end', () => {
          const text = Buffer.concat(chunks).toString();
          const isJson = /json/.test(response.headers['content-type'] ?? '') && text !== '';
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            text,
            json: isJson ? (JSON.parse(text) as Record<string, unknown>) : {},
          });
        });
      },
    );
    request.once('error', reject);
    request.end(bytes);
  });
}
