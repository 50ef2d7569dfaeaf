import { spawn, type ChildProcess } from 'node:child_process';
import { closeSync, openSync, readFileSync, statSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { Sentence } from './sentence.ts';

export interface Command {
  file: string;
  args: readonly string[];
  env?: NodeJS.ProcessEnv;
  uid?: number;
  gid?: number;
  cwd?: string;
}

/** A process of its own, writing to its log file rather than to a pipe, so that it survives the death of its parent. */
export function spawnPart({ file, args, ...options }: Command, logFile: string): ChildProcess {
  const log = openSync(logFile, 'a', 0o600);
  try {
    return spawn(file, args, {
      ...options,
      // A terminal sends Ctrl-C to its whole process group; a group of its own leaves the order to the supervisor.
      detached: true,
      stdio: ['ignore', log, log],
    });
  } finally {
    closeSync(log);
  }
}

export const hasEnded = (child: ChildProcess) =>
  child.exitCode !== null || child.signalCode !== null || child.pid === undefined;

/** Resolves when `answers` no longer throws; throws with the end of the log once the process has ended. */
export async function untilItAnswers(
  child: ChildProcess,
  {
    name,
    logFile,
    logFrom = 0,
    patienceMs = 60_000,
  }: { name: string; logFile: string; logFrom?: number; patienceMs?: number },
  answers: () => Promise<void>,
): Promise<void> {
  let failedToSpawn: Error | undefined;
  child.once('error', (error) => (failedToSpawn = error));
  const until = Date.now() + patienceMs;
  for (;;) {
    const failed = await answers().then(() => undefined, String);
    if (failed === undefined) return;
    if (failedToSpawn !== undefined)
      throw new Sentence(`${name} could not be started: ${failedToSpawn.message}`);
    if (hasEnded(child))
      throw new Sentence(
        `${name} ended while starting (${howItEnded(child)}). ${endOfLog(logFile, logFrom)}`,
      );
    if (Date.now() > until)
      throw new Sentence(
        `${name} did not come up in ${String(patienceMs / 1000)} s (${failed}). ${endOfLog(logFile, logFrom)}`,
      );
    await sleep(50);
  }
}

export const howItEnded = ({ exitCode, signalCode }: ChildProcess) =>
  signalCode ?? `exit code ${String(exitCode)}`;

/** Asks politely, then insists. Resolves when the process is gone, and whatever it started in its group with it. */
export async function stopPart(
  child: ChildProcess,
  signal: NodeJS.Signals,
  patienceMs: number,
): Promise<void> {
  if (hasEnded(child)) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill(signal);
  const inTime = await Promise.race([ended.then(() => true), sleep(patienceMs, false, { ref: false })]);
  if (inTime) return;
  killGroup(child.pid ?? 0);
  await ended;
}

export function killGroup(pid: number): void {
  try {
    if (pid > 1) process.kill(-pid, 'SIGKILL');
  } catch {
    // gone between the look and the signal
  }
}

/** @param from where the present run's part of the log begins */
export function endOfLog(logFile: string, from: number): string {
  const lines = readFileSync(logFile).subarray(from).toString('utf8').trimEnd().split('\n').slice(-8);
  return `The end of its log, ${logFile}:\n${lines.map((line) => `    ${line.slice(0, 300)}`).join('\n')}`;
}

export const sizeOf = (logFile: string) => statSync(logFile, { throwIfNoEntry: false })?.size ?? 0;
