import assert from 'node:assert/strict';
import fc from 'fast-check';
import { checkInvariants } from '../support/invariants.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { history, PLAYERS, START, type Wave } from './arbitraries.ts';
import { step } from './ledgerModel.ts';
import { balance, aModel, type Model } from './model.ts';
import type { Answer, Operation } from './operation.ts';
import { World } from './world.ts';

/** All invariants are looked at after each history, over all that is in the database. */
const HISTORIES_A_DATABASE = 25;
/** A history that fails is made smaller for so long. */
const SHRINK_FOR_MS = 30_000;

export interface Asked {
  readonly seed: number;
  /** At least so many; the history that reaches it is played to its end. */
  readonly operations: number;
  /** One history of the seed, as a failure named it. */
  readonly path?: string | undefined;
  readonly onProgress?: (operations: number) => void;
}

/**
 * Plays random histories against the ledger, and answers how many there were.
 *
 * @throws where a ledger without concurrency could not have answered so, or where an invariant is broken: with the seed
 *   and the smallest history that it has found
 */
export async function playHistories({ seed, operations, path, onProgress }: Asked): Promise<number> {
  let database: TestDatabase | undefined;
  let histories = 0;
  let done = 0;
  let failedAt: number | undefined;
  const leave = async () => {
    const left = database;
    database = undefined;
    await left?.drop();
  };
  const property = fc.asyncProperty(history, async (waves) => {
    const enough = failedAt === undefined ? done >= operations : Date.now() > failedAt + SHRINK_FOR_MS;
    if (enough) return;
    if (histories % HISTORIES_A_DATABASE === 0) await leave();
    database ??= await testDatabase({ poolSize: 8 });
    const world = new World(database, (histories += 1));
    try {
      await play(world, waves);
      await checkInvariants(database.owner);
    } catch (error) {
      failedAt ??= Date.now();
      await leave(); // what is wrong in it would be held against the next
      throw error;
    }
    done += world.asked;
    onProgress?.(done);
  });
  try {
    const numRuns = 10 + Math.ceil(operations / 50); // five times what is needed: the rest ends at once
    const outcome = await fc.check(property, {
      seed,
      numRuns,
      ...(path === undefined ? {} : { path, endOnFailure: true }),
    });
    if (!outcome.failed) return histories;
    const again = `npm run property -- --seed ${String(seed)} --path ${outcome.counterexamplePath ?? ''}`;
    const report = (await fc.asyncDefaultReportMessage(outcome)) ?? '';
    throw new Error(
      `A history of seed ${String(seed)} fails. Once more: ${again}\n${String(outcome.errorInstance)}\n${report}`,
    );
  } finally {
    await leave();
  }
}

async function play(world: World, waves: readonly Wave[]): Promise<void> {
  const opened = PLAYERS.slice(0, -1);
  await world.open(opened, START);
  let models: readonly Model[] = [aModel(opened, START)];
  for (const wave of waves) {
    const answers = await world.askAtOnce(wave);
    models = distinct(models.flatMap((model) => explanations(model, wave.operations, answers)));
    assert.ok(models.length > 0, `no order of these explains the answers: ${answers.join(' | ')}`);
  }
  const balances = Object.entries(await world.balances());
  assert.ok(
    models.some((model) => balances.every(([account, posted]) => balance(model, account) === posted)),
    'the answers were right, the balances are not',
  );
}

/** The models that come of the orders in which one after the other would have been answered like this. */
function explanations(model: Model, wave: readonly Operation[], answers: readonly Answer[]): Model[] {
  if (wave.length === 0) return [model];
  return wave.flatMap((asked, first) => {
    // Of two that asked the same and were answered the same, one may go first as well as the other.
    if (wave.findIndex((other, at) => other === asked && answers[at] === answers[first]) < first) return [];
    const [answer, after] = step(model, asked);
    const others = <T>(list: readonly T[]) => list.filter((_, index) => index !== first);
    return answer === answers[first] ? explanations(after, others(wave), others(answers)) : [];
  });
}

function distinct(models: readonly Model[]): readonly Model[] {
  if (models.length < 2) return models;
  const sorted = (_: string, value: unknown): unknown => {
    if (typeof value === 'bigint') return value.toString();
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  };
  return [...new Map(models.map((model) => [JSON.stringify(model, sorted), model])).values()];
}
