import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, type WorkflowBundleOption } from '@temporalio/worker';

/** The bundle `npm run build` leaves beside the compiled workers. */
export const builtBundle = fileURLToPath(new URL('../workflows/bundle.cjs', import.meta.url));

/** The workflow code as one script: the built one in production, made on the spot from the sources otherwise. */
export async function workflowBundle(): Promise<WorkflowBundleOption> {
  if (existsSync(builtBundle)) return { codePath: builtBundle };
  return await bundleWorkflows();
}

export const bundleWorkflows = () =>
  bundleWorkflowCode({
    workflowsPath: fileURLToPath(new URL('../workflows/index.ts', import.meta.url)),
    logger: silent,
  });

const nothing = () => undefined;
/** webpack's progress is noise on a terminal; its errors are thrown. */
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
