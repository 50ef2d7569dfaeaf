import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPoster } from '../../ledger/index.ts';
import { Gatherer, Overloaded } from '../../ops/gather.ts';
import { aDeed, aLedger, leg, stakeLegs } from './aLedger.ts';

const never = () => false;

describe('requests that are gathered into batches', () => {
  /** Work that answers each item with itself, keeps the batches, and waits at a door if there is one. */
  function aWork() {
    const batches: string[][] = [];
    let open = (): void => undefined;
    const work = async (items: readonly string[]) => {
      batches.push([...items]);
      if (batches.length === 1) await new Promise<void>((resolve) => (open = resolve));
      if (items.includes('poison')) throw new Error('poisoned');
      return items;
    };
    return { batches, work, open: () => open() };
  }

  it('go out at once alone, and together while one is out', async () => {
    const { batches, work, open } = aWork();
    const gatherer = new Gatherer(work, { poisoned: never, inFlight: 1 });
    const answers = ['a', 'b', 'c'].map((item) => gatherer.ask(item));
    assert.deepEqual(batches, [['a']]);
    open();
    assert.deepEqual(await Promise.all(answers), ['a', 'b', 'c']);
    assert.deepEqual(batches, [['a'], ['b', 'c']]);
  });

  it('take turns by their callers, so that a busy one holds nobody else up', async () => {
    const { batches, work, open } = aWork();
    const gatherer = new Gatherer(work, { poisoned: never, inFlight: 1, batch: 4 });
    const answers = ['x', 'a1', 'a2', 'a3', 'a4', 'b1', 'c1', 'b2'].map((item) =>
      gatherer.ask(item, item[0]),
    );
    open();
    await Promise.all(answers);
    assert.deepEqual(batches, [['x'], ['a1', 'b1', 'c1', 'a2'], ['b2', 'a3', 'a4']]);
  });

  it('are refused where too many wait, and let in again when these are done', async () => {
    const { work, open } = aWork();
    const gatherer = new Gatherer(work, { poisoned: never, inFlight: 1, queue: 2 });
    const answers = ['a', 'b', 'c'].map((item) => gatherer.ask(item));
    await assert.rejects(gatherer.ask('d'), Overloaded);
    open();
    await Promise.all(answers);
    assert.equal(await gatherer.ask('d'), 'd');
  });

  it('fail alone where one of them is poisonous, and its neighbours get their answers', async () => {
    const { work, open } = aWork();
    const gatherer = new Gatherer(work, { poisoned: () => true, inFlight: 1 });
    const answers = Promise.allSettled(['a', 'b', 'poison', 'c', 'd'].map((item) => gatherer.ask(item)));
    open();
    assert.deepEqual(
      (await answers).map((settled) => (settled.status === 'fulfilled' ? settled.value : 'failed')),
      ['a', 'b', 'failed', 'c', 'd'],
    );
  });

  it('all hear of an outage at once', async () => {
    let calls = 0;
    const down = () => ((calls += 1), sleep(5).then(() => Promise.reject(new Error('away'))));
    const gatherer = new Gatherer(down, { poisoned: never, inFlight: 1 });
    const settled = await Promise.allSettled(['a', 'b', 'c'].map((item) => gatherer.ask(item)));
    assert.ok(settled.every(({ status }) => status === 'rejected'));
    assert.equal(calls, 2);
  });
});

describe('the poster of the ledger', () => {
  const ledger = aLedger({ poolSize: 1 });

  it('spends no coin twice for 300 callers at once, with a single connection', async () => {
    const player = await ledger.player(100n);
    const poster = createPoster(ledger.pool, { batch: 50 });
    const verdicts = await Promise.all(
      Array.from({ length: 300 }, () => poster.ask({ ...aDeed('stake'), legs: stakeLegs(player, 1n) })),
    );
    assert.equal(verdicts.filter(({ outcome }) => outcome === 'applied').length, 100);
    assert.equal(await ledger.cash(player), 0n);
  });

  it('answers the neighbours of a transfer whose legs do not sum to zero', async () => {
    const player = await ledger.player(100n);
    const poster = createPoster(ledger.pool);
    const ask = (legs: ReturnType<typeof stakeLegs>) => poster.ask({ ...aDeed('stake'), legs });
    const settled = await Promise.allSettled([
      ...Array.from({ length: 10 }, () => ask(stakeLegs(player, 1n))),
      ask([leg('player_cash', player, -50n)]),
      ...Array.from({ length: 10 }, () => ask(stakeLegs(player, 1n))),
    ]);
    assert.equal(settled.filter(({ status }) => status === 'rejected').length, 1);
    assert.equal(await ledger.cash(player), 80n);
  });
});
