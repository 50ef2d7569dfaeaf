import {
  isGrpcServiceError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';

/** `gone`: no such workflow runs. `rejected`: its validator or handler said no, with a type of its own. */
export type Updated<R> =
  | { readonly outcome: 'answered'; readonly result: R }
  | { readonly outcome: 'running' }
  | { readonly outcome: 'gone' }
  | { readonly outcome: 'rejected'; readonly type: string; readonly details: readonly unknown[] };

/** What an update's error says of the saga; nothing where it says nothing of it, but of the way there. */
export function rejectedOrGone(
  error: unknown,
): Extract<Updated<never>, { outcome: 'gone' | 'rejected' }> | undefined {
  if (
    error instanceof WorkflowNotFoundError ||
    error instanceof WorkflowExecutionAlreadyStartedError ||
    endedMeanwhile(error)
  )
    return { outcome: 'gone' };
  if (!(error instanceof WorkflowUpdateFailedError) || !(error.cause instanceof ApplicationFailure))
    return undefined;
  const { type, details } = error.cause;
  return { outcome: 'rejected', type: type ?? 'internal', details: details ?? [] };
}

/**
 * The server dropped the update, for the workflow's task it was in came to nothing: its worker died, or a signal came
 * while the workflow ended; or ten others are under way, and it takes no more at once. Nothing of it is in the history,
 * and it may be sent again.
 */
export function wasDropped(error: unknown): boolean {
  const cause = causeOf(error);
  return (
    isGrpcServiceError(cause) && /unexpected workflow task failure|in-flight updates/.test(cause.details)
  );
}

export const causeOf = (error: unknown) =>
  error instanceof Error && error.cause !== undefined ? error.cause : error;

/** The update was on its way when the workflow ended: its outcome is in our own records. */
export const endedMeanwhile = (error: unknown) =>
  error instanceof WorkflowUpdateFailedError &&
  error.cause instanceof ApplicationFailure &&
  error.cause.type === 'AcceptedUpdateCompletedWorkflow';
