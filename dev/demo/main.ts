import { readFile } from 'node:fs/promises';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { compareBooks } from './books.ts';
import type { Stack } from './client.ts';
import { Story } from './story.ts';
import { bold, dim, green, red, say } from './terminal.ts';

const dataDir = process.env['COUNTROOM_DATA'] ?? '.countroom';

/** `npm run demo`: plays the whole story against the running stack, or one it starts and stops again. */
async function main(): Promise<number> {
  const running = await runningStack();
  const started = running === undefined ? await startStack() : undefined;
  const stack = running ?? (await runningStack());
  if (stack === undefined) throw new Error(`the stack wrote no ${dataDir}/stack.json`);
  try {
    say(bold(`\nA day at the count room`) + dim(`   ${stack.apiUrl}, workflows at ${stack.temporalUiUrl}`));
    const story = new Story(stack);
    await story.registerPlayers();
    await story.deposit();
    await story.playRounds();
    await story.withdraw();
    const problems = await compareBooks(stack, story);
    for (const problem of problems) say(red(`  ${problem}`));
    say(problems.length === 0 ? green(bold('\nEverything adds up')) : red(bold('\nIt does not add up')));
    return problems.length === 0 ? 0 : 1;
  } finally {
    await started?.stop();
  }
}

async function runningStack(): Promise<Stack | undefined> {
  const text = await readFile(`${dataDir}/stack.json`, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const stack = JSON.parse(text) as Stack;
  const answer = await fetch(`${stack.apiUrl}/readyz`).catch(() => undefined);
  return answer?.ok === true ? stack : undefined;
}

/** Starts the stack as a process of its own, and waits for its ready line. */
async function startStack(): Promise<{ stop: () => Promise<void> }> {
  say('No stack is running here: starting one.');
  const script = fileURLToPath(new URL('../start.mjs', import.meta.url));
  const child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'], detached: true });
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    say(dim('Stopping the stack.'));
    child.kill('SIGTERM');
    await exited;
  };
  process.once('SIGINT', () => child.kill('SIGTERM'));
  for await (const line of createInterface({ input: child.stdout })) {
    say(dim(`  ${line}`));
    if (line.startsWith('Countroom is ready')) {
      child.stdout.resume();
      return { stop };
    }
  }
  throw new Error('the stack did not come up; its own words are above');
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error(red(error instanceof Error ? error.message : String(error)));
  process.exitCode = 1;
}
