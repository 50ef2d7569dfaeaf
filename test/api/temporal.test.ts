import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { bundleWorkflowCode, Worker } from '@temporalio/worker';
import { Problem } from '../../api/problem.ts';
import { TemporalGateway, type SagaStart } from '../../api/temporal.ts';
import { SEARCH, type TaskQueue } from '../../contract/names.ts';
import { freePort } from '../../dev/stack/ports.ts';
import { temporal, uniqueTaskQueue } from '../support/temporal.ts';
import type { Manner } from './sampleWorkflow.ts';

const nothing = () => undefined;
const silent = { log: nothing, trace: nothing, debug: nothing, info: nothing, warn: nothing, error: nothing };
const wait = (seconds: number) => ({ mode: 'wait', seconds }) as const;

describe('the way to Temporal', () => {
  const taskQueue = uniqueTaskQueue() as TaskQueue;
  let gateway: TemporalGateway;
  let stopWorker: () => Promise<void>;

  before(async function () {
    this.timeout(60_000);
    const env = await temporal();
    gateway = gatewayTo(env.address);
    const worker = await Worker.create({
      connection: env.nativeConnection,
      namespace: 'default',
      taskQueue,
      workflowBundle: await bundleWorkflowCode({
        workflowsPath: fileURLToPath(new URL('./sampleWorkflow.ts', import.meta.url)),
        logger: silent,
      }),
    });
    const running = worker.run();
    stopWorker = async () => {
      worker.shutdown();
      await running;
    };
  });
  after(async () => {
    await stopWorker();
    await gateway.close();
  });

  const gatewayTo = (address: string) =>
    new TemporalGateway({ temporal: { address, namespace: 'default', uiUrl: 'http://ui.test/' } });

  const start = (manner: Manner, workflowId = `sample/${randomUUID()}`, queue = taskQueue): SagaStart => ({
    workflow: 'sampleWorkflow',
    workflowId,
    taskQueue: queue,
    args: [manner],
    update: 'answer',
    searchAttributes: [{ key: SEARCH.playerId, value: 'p-1' }],
    summary: 'A sample',
    details: 'Of nothing in particular',
  });

  it('starts a saga and answers early, and the same again for the same id, even after it ended', async () => {
    const saga = start('at once');
    const answered = { outcome: 'answered', result: 'answered at once' };
    assert.deepEqual(await gateway.startAndWait(saga, wait(10)), answered);
    assert.deepEqual(await gateway.startAndWait(saga, wait(10)), answered);
    await gateway.update(saga.workflowId, 'finish', 'f-1', 'well', wait(10));
    await (await temporal()).client.workflow.getHandle(saga.workflowId).result();
    assert.deepEqual(await gateway.startAndWait(saga, wait(10)), answered);
  });

  it('says that a saga is running where it did not answer in time, and tells the outcome to who asks later', async () => {
    const saga = start('when told');
    assert.deepEqual(await gateway.startAndWait(saga, wait(1)), { outcome: 'running' });
    assert.deepEqual(await gateway.startAndWait(saga, wait(1)), { outcome: 'running' });
    await gateway.update(saga.workflowId, 'finish', 'f-1', 'well', wait(10));
    assert.deepEqual(await gateway.startAndWait(saga, wait(10)), {
      outcome: 'answered',
      result: 'answered when told',
    });
  });

  it('only starts where the caller does not want to wait, and never a second time', async () => {
    const saga = start('at once');
    assert.deepEqual(await gateway.startAndWait(saga, { mode: 'async' }), { outcome: 'running' });
    assert.deepEqual(await gateway.startAndWait(saga, { mode: 'async' }), { outcome: 'running' });
    await gateway.update(saga.workflowId, 'finish', 'f-1', 'well', wait(10));
    await (await temporal()).client.workflow.getHandle(saga.workflowId).result();
    assert.deepEqual(await gateway.startAndWait(saga, { mode: 'async' }), { outcome: 'closed' });
    // It ended before anybody asked: its answer is in our own records, not there.
    assert.deepEqual(await gateway.startAndWait(saga, wait(10)), { outcome: 'closed' });
  });

  it('says that a saga is running where no worker takes it up', async () => {
    const saga = start('at once', undefined, uniqueTaskQueue() as TaskQueue);
    assert.deepEqual(await gateway.startAndWait(saga, wait(1)), { outcome: 'running' });
  });

  it('hands on the words of a validator and of a handler that refuse', async () => {
    const saga = start('at once');
    await gateway.startAndWait(saga, wait(10));
    assert.deepEqual(await gateway.update(saga.workflowId, 'finish', 'f-1', '', wait(10)), {
      outcome: 'rejected',
      type: 'invalid_state',
      details: [{ state: 'open' }],
    });
    assert.deepEqual(await gateway.update(saga.workflowId, 'finish', 'f-2', 'no', wait(10)), {
      outcome: 'rejected',
      type: 'not_now',
      details: [{ why: 'it is too early' }],
    });
    assert.deepEqual(await gateway.update(saga.workflowId, 'finish', 'f-3', 'well', wait(10)), {
      outcome: 'answered',
      result: 'finished well',
    });
    assert.deepEqual(await gateway.update(saga.workflowId, 'finish', 'f-3', 'well', wait(10)), {
      outcome: 'answered',
      result: 'finished well',
    });
  });

  it('says that a saga is gone where none of that name runs', async () => {
    assert.deepEqual(await gateway.update('sample/never-was', 'finish', 'f-1', 'well', wait(5)), {
      outcome: 'gone',
    });
    const saga = start('at once');
    await gateway.startAndWait(saga, wait(10));
    await gateway.update(saga.workflowId, 'finish', 'f-1', 'well', wait(10));
    await (await temporal()).client.workflow.getHandle(saga.workflowId).result();
    assert.deepEqual(await gateway.update(saga.workflowId, 'finish', 'f-2', 'well', wait(5)), {
      outcome: 'gone',
    });
  });

  it('is unavailable where nobody can tell whether anything runs', async () => {
    const lost = gatewayTo(`127.0.0.1:${String(await freePort())}`);
    try {
      const calls = [
        lost.startAndWait(start('at once'), wait(1)),
        lost.update('sample/x', 'finish', 'f-1', 'well', wait(1)),
      ];
      const isUnavailable = (error: unknown) =>
        error instanceof Problem &&
        error.code === 'unavailable' &&
        error.extra.headers?.['Retry-After'] === '2';
      await Promise.all(calls.map((call) => assert.rejects(call, isUnavailable)));
      assert.equal(await lost.reachable(), false);
    } finally {
      await lost.close();
    }
    assert.equal(await gateway.reachable(), true);
  });

  it('links a workflow to its page, and nothing to none', () => {
    assert.equal(
      gateway.uiLink('deposit/cashier/d 1'),
      'http://ui.test/namespaces/default/workflows/deposit%2Fcashier%2Fd%201',
    );
    assert.equal(gateway.uiLink(null), null);
  });
});
