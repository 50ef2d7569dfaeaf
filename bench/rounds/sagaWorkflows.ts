import {
  allHandlersFinished,
  condition,
  defineUpdate,
  proxyLocalActivities,
  setHandler,
} from '@temporalio/workflow';
import { OPERATION_ANSWER } from '../../contract/rounds.ts';

export * from '../../workflows/index.ts';

const { nothing } = proxyLocalActivities<{ nothing: () => Promise<void> }>({ startToCloseTimeout: '10s' });
const answer = defineUpdate(OPERATION_ANSWER);

/** The least that a saga which answers early can be: one local activity, which does nothing. */
export async function noop(): Promise<void> {
  let done = false;
  setHandler(answer, () => condition(() => done));
  await nothing();
  done = true;
  await condition(allHandlersFinished);
}
