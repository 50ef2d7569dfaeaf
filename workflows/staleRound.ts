import {
  condition,
  defineUpdate,
  executeChild,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { ApplicationFailure, WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { RoundsActivities } from '../activities/index.ts';
import { SEARCH, workflowIds } from '../contract/names.ts';
import { OPERATION_WORKFLOWS, STALE_DECISION, type StaleRoundInput } from '../contract/rounds.ts';
import { OWN_BOOKS } from './timeouts.ts';

const books = (summary: string) => proxyLocalActivities<RoundsActivities>({ ...OWN_BOOKS, summary });
const { requestStaleEnd } = books('take down what ends the round');
const { isOpen } = books('see whether the round has ended');

type Decision = 'lost' | 'void';
const decide = defineUpdate<string, [Decision]>(STALE_DECISION);

const FIRST_LOOK_MS = 3_600_000;
const LONGEST_LOOK_MS = 24 * FIRST_LOOK_MS;

/** Ends a round of which nothing was heard for too long, as its client's policy or a person says. */
export async function staleRound(round: StaleRoundInput): Promise<string> {
  let decision: Decision | undefined = round.policy === 'park' ? undefined : round.policy;
  setHandler(
    decide,
    (decided) => {
      decision = decided;
      return `the round is ended as ${decided}`;
    },
    {
      validator: (decided: unknown) => {
        if (decided !== 'lost' && decided !== 'void')
          throw ApplicationFailure.nonRetryable('a round is ended as "lost" or as "void"', 'invalid_request');
        if (decision !== undefined)
          throw ApplicationFailure.nonRetryable(`the round is ended as ${decision} already`, 'invalid_state');
      },
    },
  );
  for (;;) {
    const decided = decision ?? (await aPersonsDecision(round, () => decision));
    if (decided === undefined) return ended(`Round ${round.roundId} was ended by its game server.`);
    await end(round, decided === 'void' ? 'void' : 'settlement');
    if (!(await isOpen(round)))
      return ended(
        `Nothing was heard of round ${round.roundId} for too long: what was open of it is ${decided}.`,
      );
    // It was refused: a stake, say, found no room in its player's account any more.
    decision = undefined;
  }
}

/** Shows that a person must decide, until one has; undefined where the round has ended meanwhile. */
async function aPersonsDecision(
  round: StaleRoundInput,
  decision: () => Decision | undefined,
): Promise<Decision | undefined> {
  attention(true);
  setCurrentDetails(
    `Nothing was heard of round ${round.roundId} for too long. Its game server may still end it; or send the update \`${STALE_DECISION}\` with \`"lost"\` or \`"void"\`, for what is still open of it.`,
  );
  let look = FIRST_LOOK_MS;
  while ((await isOpen(round)) && !(await condition(() => decision() !== undefined, look)))
    look = Math.min(look * 2, LONGEST_LOOK_MS);
  attention(false);
  return decision();
}

async function end(round: StaleRoundInput, kind: 'settlement' | 'void'): Promise<void> {
  const operation = await requestStaleEnd(round, kind);
  if (operation === null) return;
  try {
    await executeChild(OPERATION_WORKFLOWS[kind], {
      workflowId: workflowIds[kind](operation.clientId, operation.operationId),
      args: [operation],
      parentClosePolicy: 'ABANDON',
      typedSearchAttributes: workflowInfo().typedSearchAttributes,
    });
  } catch (error) {
    // Our own operation, from a run before this one.
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
}

const attention = (value: boolean) => {
  upsertSearchAttributes([
    { key: SEARCH.needsAttention, value },
    { key: SEARCH.reason, value: 'stale_round' },
  ]);
};

function ended(story: string): string {
  setCurrentDetails(story);
  return story;
}
