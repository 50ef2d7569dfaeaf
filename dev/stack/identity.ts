import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** A process number and when that process started: numbers are given out again, and a stranger must not be killed. */
export interface Identity {
  pid: number;
  start: string;
}

export function identityOf(pid: number | undefined): Identity | undefined {
  const start = pid === undefined ? undefined : startOf(pid);
  return pid === undefined || start === undefined ? undefined : { pid, start };
}

export const isAlive = ({ pid, start }: Identity) => startOf(pid) === start;

function startOf(pid: number): string | undefined {
  try {
    if (process.platform !== 'linux') {
      return (
        execFileSync('ps', ['-o', 'lstart=', '-p', String(pid)], {
          encoding: 'utf8',
          stdio: 'pipe',
        }).trim() || undefined
      );
    }
    // After the name, which may hold anything and ends with the last bracket: state is field 3, start time field 22.
    const stat = readFileSync(`/proc/${String(pid)}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    if (fields[0] === 'Z') return undefined;
    return `${readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()} ${fields[19] ?? ''}`;
  } catch {
    return undefined;
  }
}
