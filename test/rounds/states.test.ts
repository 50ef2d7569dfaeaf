import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { PROBLEMS, type ProblemCode } from '../../contract/codes.ts';
import { ROUND, WAGER, type RoundStatus, type Step, type WagerStatus } from '../../contract/states/round.ts';
import { aTable, fateOf, fresh, type Table } from './table.ts';

const EVENTS = ['stake', 'rollback', 'outcome', 'closing outcome', 'resettlement', 'void'] as const;
type Event = (typeof EVENTS)[number];
const [CASH, STAKE, PAYOUT, CORRECTED] = [1_000, 100, 150, 40];
/** What of a round's table an event is. */
const OF_ROUND = {
  outcome: 'settlement',
  'closing outcome': 'closing settlement',
  resettlement: 'resettlement',
  void: 'void',
} as const;

/** What the tables of contract/states/ say a wager and its round come to. */
interface Model {
  wager: WagerStatus | undefined;
  round: RoundStatus | undefined;
  payout: number;
}

const codeOf = (step: Step<unknown> | undefined): ProblemCode | undefined =>
  step !== undefined && 'refused' in step ? step.refused : undefined;
const nextOf = <S>(step: Step<S>): S => {
  assert.ok('to' in step);
  return step.to;
};

/** Of several codes the first in the contract's order. */
const worst = (codes: readonly (ProblemCode | undefined)[]) =>
  (Object.keys(PROBLEMS) as ProblemCode[]).find((code) => codes.includes(code));

/** Applies one event, and answers its fate: a code, or what it did. */
function predict(model: Model, event: Event): string {
  if (event === 'stake') return predictStake(model);
  if (event === 'rollback') {
    if (model.wager === undefined) return (model.wager = 'tombstoned');
    const step = WAGER[model.wager].rollback;
    const noop = 'to' in step && step.to === model.wager;
    if ('to' in step) model.wager = step.to;
    return codeOf(step) ?? (noop ? 'noop' : 'applied');
  }
  if (model.round === undefined) return 'not_found';
  const ofRound = ROUND[model.round][OF_ROUND[event]];
  if (event === 'void') {
    const noop = model.round === 'voided';
    model.round = nextOf(ROUND[nextOf(ofRound)].done);
    if (model.wager === 'open' || model.wager === 'settled')
      Object.assign(model, { wager: nextOf(WAGER[model.wager].void), payout: 0 });
    return noop ? 'noop' : 'applied';
  }
  if (model.wager === undefined) return 'wager_unknown';
  const step = WAGER[model.wager][event === 'resettlement' ? event : 'outcome'];
  const code = worst([codeOf(ofRound), codeOf(step)]);
  if (code !== undefined) return code;
  model.wager = nextOf(step);
  model.payout = event === 'resettlement' ? CORRECTED : model.payout + PAYOUT;
  model.round = nextOf(ROUND[nextOf(ofRound)].done);
  return 'applied';
}

function predictStake(model: Model): string {
  // A known id is answered as the first time, before any rule is looked at.
  const first = model.wager;
  const code = model.round === undefined ? undefined : codeOf(ROUND[model.round].wager);
  model.round ??= 'open';
  if (first === 'tombstoned') return 'noop';
  if (first !== undefined) return first === 'refused' ? 'known refusal' : 'applied';
  model.wager = code === undefined ? 'open' : 'refused';
  return code ?? 'applied';
}

describe('the tables of a round and its wagers', () => {
  let table: Table;
  before(async () => {
    table = await aTable();
  });
  after(() => table.leave());

  it('are what the database admits', async () => {
    const { rows } = await table.db.owner.query<{ name: string; rule: string }>(
      `select conname as name, pg_get_constraintdef(oid) as rule from pg_constraint where conname in ('rounds_status_known', 'wagers_status_known')`,
    );
    const admitted = Object.fromEntries(
      rows.map(({ name, rule }) => [name, [...rule.matchAll(/'(\w+)'/g)].map(([, status]) => status).sort()]),
    );
    assert.deepEqual(admitted, {
      rounds_status_known: Object.keys(ROUND).sort(),
      wagers_status_known: Object.keys(WAGER).sort(),
    });
  });

  it('and the order of the codes are the same in the database', async () => {
    const { rows } = await table.db.owner.query<{ prosrc: string }>(
      `select pg_get_functiondef('rounds.worst'::regproc) as prosrc`,
    );
    const listed = [...rows[0]!.prosrc.matchAll(/'(\w+)'/g)]
      .map(([, code]) => code ?? '')
      .filter((code) => code in PROBLEMS);
    assert.deepEqual(
      listed,
      Object.keys(PROBLEMS).filter((code) => listed.includes(code)),
    );
    for (const code of [...Object.values(WAGER), ...Object.values(ROUND)]
      .flatMap((row) => Object.values(row) as Step<unknown>[])
      .map(codeOf)) {
      assert.ok(code === undefined || code === 'internal' || listed.includes(code), code);
    }
  });

  it('hold for every order of events up to four: no path pays twice, none loses a stake', async function () {
    this.timeout(240_000);
    const paths = EVENTS.flatMap((a) =>
      EVENTS.flatMap((b) => EVENTS.flatMap((c) => EVENTS.map((d) => [a, b, c, d]))),
    );
    for (let from = 0; from < paths.length; from += 25) {
      await Promise.all(paths.slice(from, from + 25).map((path) => walk(table, path)));
    }
  });

  it('are the pictures in docs/rounds.md', () => {
    const docs = readFileSync(new URL('../../docs/rounds.md', import.meta.url), 'utf8');
    const drawn = [...docs.matchAll(/```mermaid\nstateDiagram-v2\n([\s\S]*?)```/g)].map(([, body]) =>
      (body ?? '')
        .trim()
        .split('\n')
        .map((line) => line.trim()),
    );
    assert.deepEqual(drawn, [
      picture(ROUND, ['[*] --> open: wager']),
      picture(WAGER, ['[*] --> open: wager', '[*] --> refused: wager', '[*] --> tombstoned: rollback']),
    ]);
  });
});

/** Only what changes the status is drawn. */
function picture<S extends string>(
  states: Readonly<Record<S, Readonly<Record<string, Step<S>>>>>,
  begin: string[],
): string[] {
  const moves = (Object.entries(states) as [S, Readonly<Record<string, Step<S>>>][]).flatMap(
    ([from, steps]) =>
      Object.entries(steps).flatMap(([event, step]) =>
        'to' in step && step.to !== from ? [`${from} --> ${step.to}: ${event}`] : [],
      ),
  );
  return [...begin, ...moves];
}

async function walk(table: Table, path: readonly Event[]): Promise<void> {
  const [player, round, wager] = [await table.player(CASH), fresh('r'), fresh('w')];
  const model: Model = { wager: undefined, round: undefined, payout: 0 };
  let refusal = '';
  for (const [at, event] of path.entries()) {
    const walked = path.slice(0, at + 1).join(', ');
    const predicted = predict(model, event);
    const fate = await perform(table, event, { player, round, wager });
    if (event === 'stake' && model.wager === 'refused') refusal ||= fate;
    assert.equal(fate, predicted === 'known refusal' ? refusal : predicted, walked);
    assert.equal((await table.wagerStatus(wager))?.status, model.wager, walked);
    assert.equal(await table.roundStatus(round), model.round, walked);
    const inPlay = model.wager === 'open' ? STAKE : 0;
    const cash = CASH - inPlay + (model.wager === 'settled' ? model.payout - STAKE : 0);
    assert.deepEqual(await table.has(player), { cash, owed: 0, inPlay }, walked);
  }
}

async function perform(
  table: Table,
  event: Event,
  { player, round, wager }: Record<'player' | 'round' | 'wager', string>,
): Promise<string> {
  if (event === 'stake') return fateOf(await table.stake({ round, wager, player, amount: STAKE }));
  if (event === 'rollback') return fateOf(await table.rollBack(wager));
  const outcomes = (payout: number) => [{ wagerId: wager, payout }];
  const [kind, content] =
    event === 'void'
      ? (['void', { reason: 'a walk', wagerIds: null }] as const)
      : event === 'resettlement'
        ? (['resettlement', { outcomes: outcomes(CORRECTED) }] as const)
        : (['settlement', { outcomes: outcomes(PAYOUT), closeRound: event === 'closing outcome' }] as const);
  const id = fresh('o');
  const requested = await table.request(kind, id, round, content);
  if ('refusal' in requested) return requested.refusal.code;
  const { status, outcome, problem } = await table.run(kind, id);
  return status === 'refused' ? String(problem?.code) : outcome;
}
