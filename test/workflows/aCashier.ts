import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createReader } from '../../api/reader.ts';
import type { Services } from '../../api/route.ts';
import { routes } from '../../api/routes/index.ts';
import { close, listen } from '../../api/server.ts';
import { TemporalGateway } from '../../api/temporal.ts';
import { loadConfig } from '../../config/index.ts';
import { startProvider } from '../../dev/simulator/provider.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { createLog } from '../../ops/log.ts';
import { startWebhookDispatcher } from '../../workers/webhookDispatcher.ts';
import { createGameDesk } from '../../rounds/index.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { temporal, testWorker } from '../support/temporal.ts';
import { Cashier, keyOf, PROVIDERS } from './cashier.ts';

const ROLES = {
  finance: 'finance',
  finance2: 'finance',
  approver: 'finance-approver',
  admin: 'admin',
} as const;
const hash = (text: string) => createHash('sha256').update(text).digest();

interface Options {
  readonly settings?: Record<string, string>;
  /** What more is configured of a provider, by its name. */
  readonly providers?: Readonly<Record<string, object>>;
  readonly env?: TestWorkflowEnvironment;
  readonly address?: string;
}

/** Opens the desk. Times are short, so that a test of silence takes a second and not a minute. */
export async function aCashier({ settings = {}, providers: more = {}, env }: Options = {}): Promise<Cashier> {
  const db = await testDatabase();
  await seed(db);
  const engine = env ?? (await temporal());
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const dataDir = mkdtempSync(join(tmpdir(), 'countroom-providers-'));
  const secrets = { apiKey: 'provider-key', webhookSecret: 'provider-secret' };
  const providers = await Promise.all(
    PROVIDERS.map((name) =>
      startProvider({ name, port: 0, ...secrets, dataDir, webhookBaseUrl: url, timeScale: 2 }),
    ),
  );
  const urls = Object.fromEntries(PROVIDERS.map((name, index) => [name, providers[index]?.url ?? '']));
  const config = loadConfig({
    DATABASE_URL: db.appUrl,
    PORT: String(port),
    TEMPORAL_ADDRESS: engine.address,
    COUNTROOM_PROVIDERS: JSON.stringify(
      PROVIDERS.map((name) => ({ name, url: urls[name], ...secrets, ...more[name] })),
    ),
    COUNTROOM_PROVIDER_TIMEOUT_MS: '500',
    COUNTROOM_ASK_FIRST_AFTER_MS: '600',
    COUNTROOM_ASK_AT_MOST_EVERY_MS: '1000',
    COUNTROOM_OVERDUE_AFTER_MS: '1500',
    ...settings,
  });
  const log = createLog('test', 'silent');
  const services: Services = {
    pool: db.pool,
    games: createGameDesk(db.pool),
    read: createReader(db.appUrl, { max: 2 }),
    temporal: new TemporalGateway(config),
    config,
    log,
  };
  const server = await listen(services, routes, config);
  const cashier = new Cashier(db, engine, url, urls);
  const worker = await testWorker(engine, cashier.activities(config, log), 'payments');
  const running = worker.run();
  const stopDispatcher = startWebhookDispatcher({
    pool: db.pool,
    connection: engine.nativeConnection,
    namespace: 'default',
    log,
  });
  cashier.onClose(async () => {
    await Promise.all(providers.map((provider) => provider.close()));
    rmSync(dataDir, { recursive: true, force: true });
  });
  cashier.onClose(async () => {
    await close(server, 1_000);
    await services.read.destroy();
  });
  cashier.onClose(async () => {
    await stopDispatcher();
    worker.shutdown();
    await running;
  });
  return cashier;
}

/** A desk for the suite it is called in, which `take` is handed before the first test. */
export function aDesk(take: (desk: Cashier) => void, options: Options = {}): void {
  let desk: Cashier;
  before(async function () {
    this.timeout(60_000);
    desk = await aCashier(options);
    take(desk);
  });
  after(async function () {
    this.timeout(30_000);
    await desk.close();
  });
}

async function seed({ owner }: TestDatabase): Promise<void> {
  await owner.query(
    `insert into access.clients (client_id, name, kind, api_key_hash, signed) values ('cashier', 'cashier', 'cashier', $1, false)`,
    [hash(keyOf('cashier'))],
  );
  for (const [person, role] of Object.entries(ROLES)) {
    await owner.query(
      'insert into access.people (person_id, name, role, token_hash) values ($1, $1, $2, $3)',
      [person, role, hash(keyOf(person))],
    );
  }
}
