import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  defineUpdate,
  setHandler,
} from '@temporalio/workflow';

/** What the test tells the workflow to do with its first answer. */
export type Manner = 'at once' | 'when told' | 'never';

const answer = defineUpdate<string>('answer');
const finish = defineUpdate<string, [string]>('finish');

/** Answers early in the manner asked for, and ends when an update finishes it. */
export async function sampleWorkflow(manner: Manner): Promise<void> {
  let finished: string | undefined;
  setHandler(answer, async () => {
    await condition(() => manner === 'at once' || (manner === 'when told' && finished !== undefined));
    return `answered ${manner}`;
  });
  setHandler(
    finish,
    (word) => {
      if (word === 'no')
        throw ApplicationFailure.create({
          type: 'not_now',
          details: [{ why: 'it is too early' }],
          nonRetryable: true,
        });
      finished = word;
      return `finished ${word}`;
    },
    {
      validator(word) {
        if (word === '')
          throw ApplicationFailure.create({ type: 'invalid_state', details: [{ state: 'open' }] });
      },
    },
  );
  await condition(() => finished !== undefined);
  await condition(allHandlersFinished, '1s');
}
