import { spawn } from 'node:child_process';
import type { Load, Loaded } from './load.ts';
import type { Stand } from './stand.ts';

const CONNECTIONS = 64;
let phases = 0;

/** Names the ids of the next phase: no two use the same. */
export const nextPrefix = () => `b${String((phases += 1))}`;

/** Loads the API of a stand, or another address, from a process of its own. Throws where an answer is not 2xx. */
export async function phase(
  stand: Stand,
  load: Pick<Load, 'kind' | 'seconds'> & Partial<Load>,
): Promise<Loaded> {
  const whole: Load = { url: stand.api, prefix: nextPrefix(), connections: CONNECTIONS, ...load };
  const child = spawn(process.execPath, ['--import', 'tsx', 'bench/rounds/load.ts', JSON.stringify(whole)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let out = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  await new Promise((resolve) => child.once('close', resolve));
  const loaded = JSON.parse(out) as Loaded;
  const bad = Object.entries(loaded.answers).filter(([status]) => !/^2\d\d$/.test(status));
  if (bad.length > 0)
    throw new Error(`answers other than 2xx: ${JSON.stringify(loaded.answers)}. ${stand.apiLog()}`);
  return loaded;
}

export function show(name: string, { perSecond, p50, p95, p99 }: Loaded): void {
  const ms = [p50, p95, p99].map((value) => value.toFixed(1).padStart(7));
  console.log(`  ${name.padEnd(18)}${perSecond.toFixed(0).padStart(8)}${ms.join('')}`);
}

export function showHead(): void {
  const heads = ['p50 ms', 'p95', 'p99'].map((head) => head.padStart(7)).join('');
  console.log(`  ${'closed, 64 callers'.padEnd(18)}${'a second'.padStart(8)}${heads}`);
}
