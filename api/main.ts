import { ConfigError, loadConfig } from '../config/index.ts';
import { createLog } from '../ops/log.ts';
import { createPool } from '../ops/postgres.ts';
import { createGameDesk } from '../rounds/index.ts';
import { createReader } from './reader.ts';
import type { Services } from './route.ts';
import { routes } from './routes/index.ts';
import { close, listen } from './server.ts';
import { TemporalGateway } from './temporal.ts';

const SHUTDOWN_MS = 8_000;
const READER_CONNECTIONS = 4;

async function main(): Promise<void> {
  const config = loadConfig(process.env);
  const log = createLog('api', config.logLevel);
  const pool = createPool(config.databaseUrl, {
    max: config.poolSize,
    onIdleError: (error) => log.warn({ err: error.message }, 'database connection lost'),
  });
  const services: Services = {
    pool,
    games: createGameDesk(pool),
    read: createReader(config.databaseUrl, { max: READER_CONNECTIONS }),
    temporal: new TemporalGateway(config),
    config,
    log,
  };
  const server = await listen(services, routes, config);
  log.info({ url: `http://${config.host}:${String(config.port)}` }, 'api ready');

  const stop = async (signal: string) => {
    log.info({ signal }, 'api stopping');
    await close(server, SHUTDOWN_MS);
    await Promise.all([pool.end(), services.read.destroy()]);
    log.info('api stopped');
    // Temporal's connection ends with the process: closed sooner, an attempt it makes again later would throw.
    process.exit(0);
  };
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => void stop(signal));
}

/** A sentence for the person at the terminal, where the error has one. */
function explain(error: unknown): unknown {
  if (error instanceof ConfigError) return error.message;
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `${message}. Remedy: stop what uses the port, or set PORT to another one.`;
  if (code === 'EACCES') return `${message}. Remedy: set PORT to 1024 or higher.`;
  return error;
}

try {
  await main();
} catch (error) {
  console.error(explain(error));
  process.exit(1);
}
