import { setTimeout as sleep } from 'node:timers/promises';
import {
  Client,
  Connection,
  defaultGrpcRetryOptions,
  isGrpcServiceError,
  makeGrpcRetryInterceptor,
  WithStartWorkflowOperation,
  WorkflowExecutionAlreadyStartedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { TypedSearchAttributes, type SearchAttributePair } from '@temporalio/common';
import type { Config } from '../config/index.ts';
import type { TaskQueue } from '../contract/names.ts';
import { causeOf, endedMeanwhile, rejectedOrGone, wasDropped, type Updated } from '../ops/updates.ts';
import { Problem } from './problem.ts';

/** How long a caller is willing to wait for a workflow: the header `Prefer`. */
export type Wait = { readonly mode: 'wait'; readonly seconds: number } | { readonly mode: 'async' };

export interface SagaStart {
  readonly workflow: string;
  readonly workflowId: string;
  readonly taskQueue: TaskQueue;
  readonly args: readonly unknown[];
  /** The update whose outcome is the early answer. */
  readonly update: string;
  readonly searchAttributes: readonly SearchAttributePair[];
  /** One line for the support person who opens the Web UI. */
  readonly summary: string;
  /** Some lines of Markdown for the same person. */
  readonly details?: string;
  /** Our books alone decide, so that one that was ended by hand may be started again. */
  readonly again?: true;
}

/** What came of a saga within the time the caller gave it. `closed`: it ended before, our own records have the outcome. */
export type Early<R> =
  | { readonly outcome: 'answered'; readonly result: R }
  | { readonly outcome: 'running' }
  | { readonly outcome: 'closed' };

/** To start or to ask a workflow that is up takes milliseconds; this long, and Temporal is away. */
const QUICK_SECONDS = 5;
const PAUSE_MS = 50;

/** The API's only way to Temporal. */
export class TemporalGateway {
  readonly #connection: Connection;
  readonly #client: Client;
  readonly #uiUrl: string;
  readonly #namespace: string;

  /** Connects on first use: the API starts, and serves what needs no workflow, while Temporal is away. */
  constructor({ temporal }: Pick<Config, 'temporal'>) {
    // The usual pause between attempts grows to 5 s (its option `maxIntervalMs` does nothing), and a deadline is noticed
    // after it only: a caller who waits one second would hear of an outage after three.
    const usual = defaultGrpcRetryOptions();
    const retry = makeGrpcRetryInterceptor({
      ...usual,
      delayFunction: (...attempt) => Math.min(500, usual.delayFunction(...attempt)),
    });
    this.#connection = Connection.lazy({ address: temporal.address, interceptors: [retry] });
    this.#client = new Client({ connection: this.#connection, namespace: temporal.namespace });
    this.#uiUrl = temporal.uiUrl.replace(/\/$/, '');
    this.#namespace = temporal.namespace;
  }

  /**
   * Update-with-Start: starts the saga unless it was started before, and answers early with its update. The same
   * workflow id gives the same outcome, so the caller may send again.
   *
   * @throws Problem `unavailable` where Temporal cannot be reached: nothing was started, or it is safe to send again
   */
  async startAndWait<R>(saga: SagaStart, wait: Wait): Promise<Early<R>> {
    const start = startOptions(saga);
    try {
      if (wait.mode === 'async') {
        await this.#within(QUICK_SECONDS, () => this.#client.workflow.start(saga.workflow, start));
        return { outcome: 'running' };
      }
      const result = await this.#within(wait.seconds, () => this.#updateWithStart(saga, saga.update, []));
      return { outcome: 'answered', result: result as R };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError || endedMeanwhile(error))
        return { outcome: 'closed' };
      return await this.#notKnownYet(error, saga.workflowId);
    }
  }

  /** An update of a saga that runs, idempotent by its id. */
  async update<R>(
    workflowId: string,
    update: string,
    updateId: string,
    input: unknown,
    wait: Wait,
  ): Promise<Updated<R>> {
    try {
      const seconds = wait.mode === 'async' ? QUICK_SECONDS : wait.seconds;
      const result: unknown = await this.#within(seconds, () =>
        this.#client.workflow.getHandle(workflowId).executeUpdate(update, { updateId, args: [input] }),
      );
      return { outcome: 'answered', result: result as R };
    } catch (error) {
      return rejectedOrGone(error) ?? (await this.#notKnownYet(error, workflowId));
    }
  }

  /** The same of a saga that had ended: it is taken up by one that is started with the update. */
  async updateAnew<R>(saga: SagaStart, updateId: string, input: unknown, wait: Wait): Promise<Updated<R>> {
    try {
      const seconds = wait.mode === 'async' ? QUICK_SECONDS : wait.seconds;
      const result = await this.#within(seconds, () => this.#updateWithStart(saga, updateId, [input]));
      return { outcome: 'answered', result: result as R };
    } catch (error) {
      return rejectedOrGone(error) ?? (await this.#notKnownYet(error, saga.workflowId));
    }
  }

  async #updateWithStart(saga: SagaStart, updateId: string, args: [] | [unknown]): Promise<unknown> {
    const startWorkflowOperation = new WithStartWorkflowOperation(saga.workflow, startOptions(saga));
    // Rejected along with the call itself, which is the one we listen to.
    startWorkflowOperation.workflowHandle().catch(() => undefined);
    return await this.#client.workflow.executeUpdateWithStart(saga.update, {
      startWorkflowOperation,
      updateId,
      args,
    });
  }

  async reachable(): Promise<boolean> {
    return await this.#within(2, () =>
      this.#connection.workflowService.describeNamespace({ namespace: this.#namespace }),
    ).then(
      () => true,
      () => false,
    );
  }

  /** The page of a workflow in the Temporal Web UI. */
  uiLink(workflowId: string | null): string | null {
    return workflowId === null
      ? null
      : `${this.#uiUrl}/namespaces/${this.#namespace}/workflows/${encodeURIComponent(workflowId)}`;
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  async #within<T>(seconds: number, call: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + seconds * 1_000;
    return await this.#connection.withDeadline(deadline, async () => {
      for (;;) {
        try {
          return await call();
        } catch (error) {
          if (!wasDropped(error) || Date.now() > deadline - PAUSE_MS) throw error;
          await sleep(PAUSE_MS);
        }
      }
    });
  }

  /**
   * Time ran out, or the call broke off. "Under way" may be said of a workflow that is there; of one that is not,
   * or that nobody can tell us of, `unavailable`: nothing runs then that would ever end.
   */
  async #notKnownYet(error: unknown, workflowId: string): Promise<{ outcome: 'running' }> {
    if (!(error instanceof WorkflowUpdateRPCTimeoutOrCancelledError) && !isGrpcServiceError(causeOf(error)))
      throw error;
    const isThere = await this.#within(1, () => this.#client.workflow.getHandle(workflowId).describe()).then(
      () => true,
      () => false,
    );
    if (isThere) return { outcome: 'running' };
    throw new Problem(
      'unavailable',
      'The workflow engine cannot be reached. Send the same again, with the same id.',
      {
        headers: { 'Retry-After': '2' },
      },
    );
  }
}

const startOptions = (saga: SagaStart) =>
  ({
    workflowId: saga.workflowId,
    taskQueue: saga.taskQueue,
    args: [...saga.args],
    // A finished saga must never be started again by a late duplicate.
    workflowIdReusePolicy: saga.again === true ? 'ALLOW_DUPLICATE' : 'REJECT_DUPLICATE',
    workflowIdConflictPolicy: 'USE_EXISTING',
    typedSearchAttributes: new TypedSearchAttributes([...saga.searchAttributes]),
    staticSummary: saga.summary,
    ...(saga.details === undefined ? {} : { staticDetails: saga.details }),
  }) as const;
