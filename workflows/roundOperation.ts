import {
  allHandlersFinished,
  CancellationScope,
  condition,
  defineUpdate,
  proxyLocalActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  TemporalFailure,
  upsertSearchAttributes,
} from '@temporalio/workflow';
import type { RoundsActivities } from '../activities/index.ts';
import { SEARCH } from '../contract/names.ts';
import {
  MOVES_PER_BATCH,
  OPERATION_ANSWER,
  OPERATION_WORDS,
  type Claim,
  type OperationInput,
  type OperationProblem,
  type OperationRef,
} from '../contract/rounds.ts';
import { Saga } from './saga.ts';
import { OWN_BOOKS } from './timeouts.ts';

/** After 16 s without our books people are told, and it is tried on without end: see `persist`. */
const RETRY = { ...OWN_BOOKS.retry, maximumAttempts: 8 };
/** A step's summary is what support reads beside it in the timeline of the Web UI. */
const books = (summary: string) =>
  proxyLocalActivities<RoundsActivities>({ ...OWN_BOOKS, retry: RETRY, summary });

const { claimRound } = books('claim the round, check every outcome, plan; post what is one batch');
const { postMoves } = books(`post up to ${String(MOVES_PER_BATCH)} players`);
const { closeOperation } = books('free the round and write down the totals');
const { undoMoves } = books(`give back what up to ${String(MOVES_PER_BATCH)} players got`);
const { undoClaim } = books('give the round back as it was');
const { parkOperation } = books('put it before a person');

/** Answered when the operation is done, refused or parked; which it is, our own books tell. */
const answer = defineUpdate(OPERATION_ANSWER);

const FIRST_TURN_MS = 50;
/** Only an operation of several batches keeps others waiting; a try costs 10 ms of CPU, and hundreds may wait. */
const LONGEST_TURN_MS = 5_000;
const FIRST_RETRY_MS = 10_000;
const LONGEST_RETRY_MS = 3_600_000;

/** The operation, and the words in which the support desk reads of it. */
interface Work {
  readonly ref: OperationRef;
  readonly say: (what: string) => void;
}

/**
 * Settlement, resettlement and void: claim the round and plan, post the moves in batches, close. What the ledger refuses on the way
 * is undone as a whole. The usual path is one local activity, for what is one batch is posted with the claim: 8 history events.
 *
 * A person who cancels it in the Web UI changes nothing: half a settlement is none. It is corrected by a void.
 */
export async function roundOperation(input: OperationInput): Promise<void> {
  let answered = false;
  setHandler(answer, () => CancellationScope.nonCancellable(() => condition(() => answered)));
  await CancellationScope.nonCancellable(async () => {
    await operate(input, () => (answered = true));
    answered = true;
    await condition(allHandlersFinished);
  });
}

async function operate({ roundId, ...ref }: OperationInput, onParked: () => void): Promise<void> {
  const words = `${OPERATION_WORDS[ref.kind]} ${ref.operationId} of round ${roundId}`;
  const work: Work = { ref, say: (what) => setCurrentDetails(`${words}: ${what}.`) };
  const saga = new Saga();
  let problem: OperationProblem | null = null;
  const undoOfClaim = () => persist(work, () => undoClaim(ref, problem ?? { code: 'internal' }));
  const claim = await saga.step('claim', () => takeTurn(work), undoOfClaim);
  if (claim !== 'claimed') {
    work.say(claim === 'done' ? 'done' : 'refused as a whole');
    return;
  }
  problem = await saga.step(
    'post',
    () => postAll(work),
    () => takeAllBack(work, onParked),
  );
  if (problem === null) {
    await persist(work, () => closeOperation(ref));
    work.say('done');
    return;
  }
  work.say(`refused (${problem.code}), giving back what was posted`);
  await saga.compensate();
  work.say(`refused (${problem.code}), all that was posted is given back`);
  upsertSearchAttributes([
    { key: SEARCH.stage, value: 'refused' },
    { key: SEARCH.reason, value: problem.code },
  ]);
}

/** Operations on one round take turns: a busy round is tried again, and nobody is refused for that. */
async function takeTurn(work: Work): Promise<Exclude<Claim, 'busy'>> {
  for (let wait = FIRST_TURN_MS; ; wait = Math.min(wait * 2, LONGEST_TURN_MS)) {
    const claim = await persist(work, () => claimRound(work.ref));
    if (claim !== 'busy') return claim;
    work.say('waiting for its turn, another operation works on the round');
    await sleep(wait, { summary: 'the round is busy' });
  }
}

async function postAll(work: Work): Promise<OperationProblem | null> {
  for (;;) {
    const { done, of, problem } = await persist(work, () => postMoves(work.ref));
    if (problem !== null || done >= of) return problem;
    work.say(`${String(done)} of ${String(of)} players posted`);
  }
}

/** Where the ledger refuses even this, it waits for a person, who makes room; then it goes on by itself. */
async function takeAllBack(work: Work, onParked: () => void): Promise<void> {
  for (let wait = FIRST_RETRY_MS; ;) {
    const { remaining, problem } = await persist(work, () => undoMoves(work.ref));
    if (problem !== null) {
      await persist(work, () => parkOperation(work.ref, problem));
      onParked();
      const what = `cannot give back what was posted (${problem.code}): needs a person`;
      wait = await callForHelp(work, problem.code, what, wait);
    } else if (remaining === 0) {
      endHelp(wait);
      return;
    }
  }
}

/** Repeats a step on our own books until it is done. A failure here is a bug or an outage, never a refusal. */
async function persist<T>(work: Work, step: () => Promise<T>): Promise<T> {
  for (let wait = FIRST_RETRY_MS; ;) {
    try {
      const done = await step();
      endHelp(wait);
      return done;
    } catch (error) {
      if (!(error instanceof TemporalFailure)) throw error;
      const why = error.cause?.message ?? error.message;
      wait = await callForHelp(work, 'step_fails', `a step fails again and again (${why})`, wait);
    }
  }
}

/** Shows in the Web UI, and to whoever searches for `NeedsAttention`, that it is stuck; then waits, longer each time. */
async function callForHelp({ say }: Work, reason: string, what: string, waitMs: number): Promise<number> {
  upsertSearchAttributes([
    { key: SEARCH.needsAttention, value: true },
    { key: SEARCH.reason, value: reason },
  ]);
  say(what);
  await sleep(waitMs, { summary: 'before the next try' });
  return Math.min(waitMs * 2, LONGEST_RETRY_MS);
}

/** On the usual path nobody was called, and no history event is spent on saying so. */
function endHelp(waitMs: number): void {
  if (waitMs > FIRST_RETRY_MS) upsertSearchAttributes([{ key: SEARCH.needsAttention, value: false }]);
}
