import { createPool } from '../../ops/postgres.ts';
import { ways } from './contenders.ts';
import { turn } from './turns.ts';

/** What a writing process is asked to do; it answers `ready`, waits for `go`, and answers its turn. */
export interface Order {
  readonly url: string;
  readonly way: 'single' | 'batch';
  readonly callers: number;
  readonly seconds: number;
}

const send = (message: unknown) => process.send?.(message);
let go: () => void = () => undefined;

process.on('message', (message: Order | 'go') => {
  if (message === 'go') go();
  else void obey(message);
});
process.on('disconnect', () => process.exit());
process.on('SIGINT', () => undefined); // Ctrl-C comes to all of us: the one who started us says when to end

async function obey({ url, way, callers, seconds }: Order): Promise<void> {
  const pool = createPool(url, { max: callers, onIdleError: () => undefined });
  const work = ways(pool)[way];
  await turn(() => work('hot'), callers, 0.3); // until plans are kept
  const started = new Promise<void>((resolve) => (go = resolve));
  send('ready');
  await started;
  const mine = await turn(() => work('hot'), callers, seconds);
  await pool.end();
  send(mine);
}
