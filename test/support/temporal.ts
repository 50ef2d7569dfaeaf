import { randomBytes } from 'node:crypto';
import { TestWorkflowEnvironment } from '@temporalio/testing';
import { DefaultLogger, Runtime, Worker, type WorkflowBundleWithSourceMap } from '@temporalio/worker';
import { findTemporal, findTestServer } from '../../dev/setup/temporal.mjs';
import { registerSearchAttributes, serverArguments } from '../../dev/stack/temporalServer.ts';
import { bundleWorkflows } from '../../workers/bundle.ts';

let local: Promise<TestWorkflowEnvironment> | undefined;
let skipping: Promise<TestWorkflowEnvironment> | undefined;
let bundle: Promise<WorkflowBundleWithSourceMap> | undefined;
let quiet = false;

const silently = () => undefined;

/** The real development server, one for the whole run. */
export function temporal(): Promise<TestWorkflowEnvironment> {
  local ??= startLocal();
  return local;
}

/** The time-skipping server: one clock for all, so only one test at a time, and only for timers of hours and days. */
export function timeSkipping(): Promise<TestWorkflowEnvironment> {
  skipping ??= startTimeSkipping();
  return skipping;
}

/** The workflow code, bundled once for the run. */
export function workflowBundle(): Promise<WorkflowBundleWithSourceMap> {
  bundle ??= bundleWorkflows();
  return bundle;
}

/** A task queue nobody else uses. */
export const uniqueTaskQueue = () => `test-${randomBytes(4).toString('hex')}`;

/** A worker on the shared bundle, for a task queue of its own unless one is named. */
export async function testWorker(
  env: TestWorkflowEnvironment,
  activities: object,
  taskQueue = uniqueTaskQueue(),
): Promise<Worker> {
  return await Worker.create({
    connection: env.nativeConnection,
    namespace: 'default',
    taskQueue,
    workflowBundle: await workflowBundle(),
    activities,
  });
}

export async function stopTemporal(): Promise<void> {
  // One that did not start has failed its test already.
  for (const env of await Promise.allSettled([local, skipping])) {
    if (env.status === 'fulfilled') await env.value?.teardown();
  }
}

async function startLocal(): Promise<TestWorkflowEnvironment> {
  logErrorsAlone();
  const path = await findTemporal(silently);
  return await TestWorkflowEnvironment.createLocal({
    server: {
      executable: { type: 'existing-path', path },
      extraArgs: serverArguments,
      log: { format: 'pretty', level: 'error' },
    },
  });
}

async function startTimeSkipping(): Promise<TestWorkflowEnvironment> {
  logErrorsAlone();
  const path = await findTestServer(silently);
  const env = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path } },
  });
  // It takes no flags for them, and refuses a start that carries one it does not know.
  await registerSearchAttributes(env.connection, 'default');
  return env;
}

/** The SDK's runtime is one for the process, and may be installed only once. */
function logErrorsAlone(): void {
  if (!quiet) Runtime.install({ logger: new DefaultLogger('ERROR') });
  quiet = true;
}
