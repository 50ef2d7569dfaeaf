import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, NativeConnection, Runtime, DefaultLogger, Worker } from '@temporalio/worker';
import { createRoundsActivities } from '../../activities/index.ts';
import { createPool } from '../../ops/postgres.ts';

// sagaWorker <temporal address> <database url>: the worker of bench/rounds/sagas.ts; it says `ready` when it is.
const [address, databaseUrl] = process.argv.slice(2);
if (address === undefined || databaseUrl === undefined)
  throw new Error('usage: sagaWorker <temporal> <database>');
Runtime.install({ logger: new DefaultLogger('ERROR') });
const pool = createPool(databaseUrl, { max: 10, onIdleError: () => undefined });
const worker = await Worker.create({
  connection: await NativeConnection.connect({ address }),
  namespace: 'default',
  taskQueue: 'rounds',
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('sagaWorkflows.ts', import.meta.url)),
    logger: new DefaultLogger('ERROR'),
  }),
  activities: { ...createRoundsActivities({ pool }), nothing: () => Promise.resolve() },
  maxCachedWorkflows: 500,
});
console.log('ready');
await worker.run();
await pool.end();
