import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { WithStartWorkflowOperation, WorkflowNotFoundError, type WorkflowHandle } from '@temporalio/client';
import { TypedSearchAttributes } from '@temporalio/common';
import type { TestWorkflowEnvironment } from '@temporalio/testing';
import { createRoundsActivities, type RoundsActivities } from '../../activities/index.ts';
import { SEARCH, workflowIds } from '../../contract/names.ts';
import {
  OPERATION_ANSWER,
  OPERATION_WORKFLOWS,
  type OperationInput,
  type OperationRef,
} from '../../contract/rounds.ts';
import { claimRound, findOperation, type Operation } from '../../rounds/index.ts';
import { aTable, CLIENT, fresh, type Table } from '../rounds/table.ts';
import { temporal, testWorker, uniqueTaskQueue } from '../support/temporal.ts';

type Step = keyof RoundsActivities;
type Kind = keyof typeof OPERATION_WORKFLOWS;
/** What a test does around a step of one operation; `run` is the step itself, and may be called or not. */
export type Meddle = (step: Step, attempt: number, run: () => Promise<unknown>) => Promise<unknown>;

/** A table with a worker: operations run as the real workflows, whose steps a test may meddle with. */
export class Floor {
  readonly table: Table;
  readonly env: TestWorkflowEnvironment;
  readonly queue = uniqueTaskQueue();
  readonly #meddling = new Map<string, Meddle>();
  readonly #attempts = new Map<string, number>();
  #stop: () => Promise<void> = () => Promise.resolve();

  constructor(table: Table, env: TestWorkflowEnvironment) {
    this.table = table;
    this.env = env;
  }

  async open(stepByStep: boolean): Promise<this> {
    const { pool } = this.table;
    const activities = {
      ...createRoundsActivities({ pool }),
      // As of an operation of several batches, however few players it has.
      ...(stepByStep && { claimRound: (ref: OperationRef) => claimRound(pool, ref, 0) }),
    };
    const meddled = Object.entries(activities).map(([name, step]) => [
      name,
      (ref: OperationRef, ...rest: never[]) =>
        this.#perform(name as Step, ref, () =>
          (step as (...args: unknown[]) => Promise<unknown>)(ref, ...rest),
        ),
    ]);
    const worker = await testWorker(this.env, Object.fromEntries(meddled) as object, this.queue);
    const running = worker.run();
    this.#stop = async () => {
      worker.shutdown();
      await running;
    };
    return this;
  }

  async close(): Promise<void> {
    await this.#stop();
    await this.table.leave();
  }

  meddle(operationId: string, meddle: Meddle): void {
    this.#meddling.set(operationId, meddle);
  }

  async #perform(step: Step, { operationId }: OperationRef, run: () => Promise<unknown>): Promise<unknown> {
    const key = `${operationId} ${step}`;
    const attempt = (this.#attempts.get(key) ?? 0) + 1;
    this.#attempts.set(key, attempt);
    const meddle = this.#meddling.get(operationId);
    return await (meddle === undefined ? run() : meddle(step, attempt, run));
  }

  /** Takes the operation down and starts its workflow, as the API does. */
  async start(kind: Kind, operationId: string, roundId: string, content: object): Promise<Started> {
    const requested = await this.table.request(kind, operationId, roundId, content);
    assert.ok('operation' in requested, JSON.stringify(requested));
    const ref = { clientId: CLIENT, kind, operationId };
    const workflowId = workflowIds[kind](fresh('client'), operationId);
    const startWorkflowOperation = new WithStartWorkflowOperation<(input: OperationInput) => Promise<void>>(
      OPERATION_WORKFLOWS[kind],
      {
        workflowId,
        taskQueue: this.queue,
        args: [{ ...ref, roundId }],
        workflowIdReusePolicy: 'REJECT_DUPLICATE',
        workflowIdConflictPolicy: 'USE_EXISTING',
        typedSearchAttributes: new TypedSearchAttributes([{ key: SEARCH.roundId, value: roundId }]),
      },
    );
    const answered = this.env.client.workflow.executeUpdateWithStart(OPERATION_ANSWER, {
      startWorkflowOperation,
      updateId: OPERATION_ANSWER,
    });
    // Its own handle comes only with the answer, and a test wants to look before.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    return { handle: this.env.client.workflow.getHandle(workflowId), answered, read: () => this.#read(ref) };
  }

  /** The operation as our books have it once its workflow has answered. */
  async operate(kind: Kind, operationId: string, roundId: string, content: object): Promise<Operation> {
    const { answered, read } = await this.start(kind, operationId, roundId, content);
    await answered;
    return await read();
  }

  /** A round of two players, the first of whom is to win 300. */
  async aRound() {
    const { table } = this;
    const [winner, loser, round] = [await table.player(1_000), await table.player(1_000), fresh('r')];
    const won = await table.wager({ round, player: winner });
    const lost = await table.wager({ round, player: loser });
    return { winner, loser, round, wagers: [won, lost] as const, content: settling({ [won]: 300 }) };
  }

  async #read(ref: OperationRef): Promise<Operation> {
    const operation = await findOperation(this.table.pool, ref);
    assert.ok(operation !== undefined);
    return operation;
  }
}

export interface Started {
  handle: WorkflowHandle<(input: OperationInput) => Promise<void>>;
  answered: Promise<unknown>;
  read: () => Promise<Operation>;
}

/** `stepByStep`: the steps of a large operation also for a small one, which would be done at once. */
export const aFloor = async ({ stepByStep = true } = {}) =>
  await new Floor(await aTable(), await temporal()).open(stepByStep);

export const settling = (outcomes: Readonly<Record<string, number>>, closeRound = true) => ({
  outcomes: Object.entries(outcomes).map(([wagerId, payout]) => ({ wagerId, payout })),
  closeRound,
});

/** The start of a workflow, and what it shows of itself, follow a little later. */
export async function untilAttention(handle: Started['handle'], wanted: boolean): Promise<void> {
  for (;;) {
    const seen = await handle.describe().catch((error: unknown) => {
      if (!(error instanceof WorkflowNotFoundError)) throw error;
    });
    if (seen?.typedSearchAttributes.get(SEARCH.needsAttention) === wanted) return;
    await sleep(200);
  }
}
