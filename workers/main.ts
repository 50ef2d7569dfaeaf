import { setTimeout as sleep } from 'node:timers/promises';
import { NativeConnection, Runtime, Worker, type WorkerOptions } from '@temporalio/worker';
import {
  createBulkActivities,
  createLedgerActivities,
  createPaymentsActivities,
  createProtectionActivities,
  createReconciliationActivities,
  createRoundsActivities,
  createStaleRoundsActivities,
} from '../activities/index.ts';
import { ConfigError, loadConfig, type Config } from '../config/index.ts';
import { TASK_QUEUES, type TaskQueue } from '../contract/names.ts';
import { createLog, type Log } from '../ops/log.ts';
import { createPool, type Pool } from '../ops/postgres.ts';
import { workflowBundle } from './bundle.ts';
import { ensureSchedules } from './schedules.ts';
import { startWebhookDispatcher } from './webhookDispatcher.ts';

const usage = `usage: workers/main [${TASK_QUEUES.join('|')}]...   serves the task queues named, all of them without a name`;

/** One worker process: `workers/main rounds` serves the task queue `rounds`. */
async function main(): Promise<void> {
  const queues = process.argv.length > 2 ? process.argv.slice(2) : [...TASK_QUEUES];
  if (!queues.every(isTaskQueue)) throw new ConfigError([usage]);
  const config = loadConfig(process.env);
  const log = createLog(`worker:${queues.join('+')}`, config.logLevel);
  if (config.metricsPort !== undefined) {
    const bindAddress = `${config.host}:${String(config.metricsPort)}`;
    Runtime.install({ telemetryOptions: { metrics: { prometheus: { bindAddress } } } });
  }
  const pool = createPool(config.databaseUrl, {
    max: config.poolSize,
    onIdleError: (error) => log.warn({ err: error.message }, 'database connection lost'),
  });
  const connection = await connect(config, log);
  const bundle = await workflowBundle();
  const workers = await Promise.all(
    queues.map((taskQueue) =>
      Worker.create({
        connection,
        namespace: config.temporal.namespace,
        taskQueue,
        workflowBundle: bundle,
        activities: activitiesOf(taskQueue, config, pool, log),
        // A deploy must not cut a provider's call: it gets the time-out of one, and some.
        shutdownGraceTime: '8s',
        maxCachedWorkflows: 500,
      }),
    ),
  );
  const running = Promise.all(workers.map((worker) => worker.run()));
  const { namespace } = config.temporal;
  const stopDispatcher = queues.includes('payments')
    ? startWebhookDispatcher({ pool, connection, namespace, log })
    : undefined;
  if (queues.includes('ops')) await ensureSchedules({ connection, namespace });
  log.info({ queues }, 'worker ready');
  await running;
  await stopDispatcher?.();
  await connection.close();
  await pool.end();
}

const isTaskQueue = (name: string): name is TaskQueue => (TASK_QUEUES as readonly string[]).includes(name);

function activitiesOf(
  queue: TaskQueue,
  config: Config,
  pool: Pool,
  log: Log,
): NonNullable<WorkerOptions['activities']> {
  switch (queue) {
    case 'rounds':
      return createRoundsActivities({ pool });
    case 'payments':
      return {
        ...createPaymentsActivities({ pool, config: config.payments, log }),
        ...createBulkActivities({ pool, config: config.payments }),
      };
    case 'ops':
      return {
        ...createLedgerActivities({ pool, log }),
        ...createProtectionActivities({ pool }),
        ...createStaleRoundsActivities({ pool }),
        ...createReconciliationActivities({ pool, config: config.payments, log }),
      };
  }
}

/** Temporal may come up after us, or be away for a while: that is no reason to die. */
async function connect(config: Config, log: Log): Promise<NativeConnection> {
  for (;;) {
    try {
      return await NativeConnection.connect({ address: config.temporal.address });
    } catch (error) {
      log.warn({ address: config.temporal.address, err: String(error) }, 'temporal unreachable');
      await sleep(1_000);
    }
  }
}

try {
  await main();
} catch (error) {
  console.error(error instanceof ConfigError ? error.message : error);
  process.exit(1);
}
