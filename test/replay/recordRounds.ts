import { existsSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js';
import { stopTestServer } from '../support/postgres.ts';
import { stopTemporal } from '../support/temporal.ts';
import { aFloor, settling, type Floor, type Started } from '../workflows/floor.ts';

// Run by hand, `node --import tsx test/replay/recordRounds.ts`, when a new way through the workflow is worth keeping.
// A history that is there stays as earlier code has written it: workflows that run must be able to go on.

async function aRound({ table }: Floor, name: string) {
  const [first, second] = [await table.player(1_000), await table.player(1_000)];
  const wagers = [
    await table.wager({ round: name, player: first }),
    await table.wager({ round: name, player: second }),
  ] as const;
  return { first, second, content: settling({ [wagers[0]]: 300, [wagers[1]]: 300 }) };
}

const SCENARIOS: Readonly<Record<string, (floor: Floor, atOnce: Floor) => Promise<Started>>> = {
  async settlementAtOnce(_floor, atOnce) {
    const { content } = await aRound(atOnce, 'r-at-once');
    return await atOnce.start('settlement', 's-at-once', 'r-at-once', content);
  },
  async settlement(floor) {
    const { content } = await aRound(floor, 'r-done');
    return await floor.start('settlement', 's-done', 'r-done', content);
  },
  async settlementUndone(floor) {
    const { first, second, content } = await aRound(floor, 'r-undone');
    floor.meddle('s-undone', async (step, _attempt, run) => {
      const result = await run();
      if (step === 'claimRound')
        await floor.table.give(second > first ? second : first, Number.MAX_SAFE_INTEGER - 1_000);
      return result;
    });
    return await floor.start('settlement', 's-undone', 'r-undone', content);
  },
  async settlementWithAFailingStep(floor) {
    const { content } = await aRound(floor, 'r-failing');
    floor.meddle('s-failing', (step, attempt, run) =>
      step === 'postMoves' && attempt <= 8 ? Promise.reject(new Error('the connection broke')) : run(),
    );
    return await floor.start('settlement', 's-failing', 'r-failing', content);
  },
  async voidThatWaitedForItsTurn(floor) {
    const { content } = await aRound(floor, 'r-busy');
    floor.meddle('s-first', async (step, _attempt, run) => {
      if (step === 'postMoves') await new Promise((resolve) => setTimeout(resolve, 1_000));
      return await run();
    });
    await floor.start('settlement', 's-first', 'r-busy', content);
    await new Promise((resolve) => setTimeout(resolve, 300));
    return await floor.start('void', 'v-waited', 'r-busy', { reason: 'a recording', wagerIds: null });
  },
};

/** Where the recording was made, and by which process, is nobody's business. */
const here = fileURLToPath(new URL('../../', import.meta.url));
const [floor, atOnce] = [await aFloor(), await aFloor({ stepByStep: false })];
for (const [name, scenario] of Object.entries(SCENARIOS)) {
  const file = new URL(`./histories/${name}.json`, import.meta.url);
  if (existsSync(file)) continue;
  const { handle, answered } = await scenario(floor, atOnce);
  await answered;
  await handle.result();
  const history = historyToJSON(await handle.fetchHistory())
    .replaceAll(here, '')
    .replaceAll(/\d+@[\w.-]+/g, 'worker');
  writeFileSync(file, `${history}\n`);
  console.log(`recorded ${name}`);
}
await floor.close();
await atOnce.close();
await stopTemporal();
await stopTestServer();
