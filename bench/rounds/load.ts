import { createHmac } from 'node:crypto';
import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { KEY, PLAYERS, SECRET } from './stand.ts';

/** One phase of load, as its own process gets it on the command line; it prints what came of it as JSON. */
export interface Load {
  readonly url: string;
  readonly kind: 'wager' | 'play' | 'settlement';
  /** Names the ids of this phase; of settlements, the wagers that were placed for it. */
  readonly prefix: string;
  readonly seconds: number;
  readonly connections: number;
  /** Requests a second, sent at their time whatever the answers: latency counts from then. Without it, as fast as answers come. */
  readonly rate?: number;
  /** Only this player. */
  readonly player?: string;
  readonly most?: number;
}

export interface Loaded {
  readonly perSecond: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly answers: Readonly<Record<string, number>>;
}

const load = JSON.parse(process.argv[2] ?? '{}') as Load;
const agent = new Agent({ keepAlive: true, maxSockets: load.connections });
const latencies: number[] = [];
const answers: Record<string, number> = {};
let sent = 0;

function content(n: number): { path: string; body: string } {
  const id = `${load.prefix}-${String(n)}`;
  const playerId = load.player ?? `p-${String(Math.floor(Math.random() * PLAYERS))}`;
  const stake = { wagerId: id, playerId, gameId: 'slots', amount: 100, currency: 'SEK' };
  const round = `/v1/rounds/${load.prefix}-r-${String(n)}`;
  switch (load.kind) {
    case 'wager':
      return { path: `${round}/wagers`, body: JSON.stringify(stake) };
    case 'play':
      return {
        path: `${round}/play`,
        body: JSON.stringify({ ...stake, settlementId: `s-${id}`, payout: 50 }),
      };
    case 'settlement': {
      const outcomes = [{ wagerId: id, payout: 50 }];
      return { path: `${round}/settlement`, body: JSON.stringify({ settlementId: `s-${id}`, outcomes }) };
    }
  }
}

function ask(dueAt: number): Promise<void> {
  const { path, body } = content(sent);
  sent += 1;
  const at = String(Math.floor(Date.now() / 1_000));
  const signature = createHmac('sha256', SECRET).update(`${at}.POST.${path}.${body}`).digest('hex');
  return new Promise((resolve) => {
    const done = (answer: string) => {
      answers[answer] = (answers[answer] ?? 0) + 1;
      latencies.push(performance.now() - dueAt);
      resolve();
    };
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      authorization: `Bearer ${KEY}`,
      'x-timestamp': at,
      'x-signature': `v1=${signature}`,
    };
    request(load.url + path, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.once('end', () => {
        done(String(response.statusCode));
      });
    })
      .once('error', ({ message }) => {
        done(message);
      })
      .end(body);
  });
}

async function run(): Promise<Loaded> {
  const started = performance.now();
  const until = started + load.seconds * 1_000;
  const goesOn = () => performance.now() < until && sent < (load.most ?? Infinity);
  if (load.rate === undefined) {
    const one = async () => {
      while (goesOn()) await ask(performance.now());
    };
    await Promise.all(Array.from({ length: load.connections }, one));
  } else {
    const pending: Promise<void>[] = [];
    while (goesOn()) {
      const due = started + (sent / load.rate) * 1_000;
      if (due > performance.now()) await sleep(1);
      else pending.push(ask(due));
    }
    await Promise.all(pending);
  }
  const seconds = (performance.now() - started) / 1_000;
  latencies.sort((a, b) => a - b);
  const percentile = (p: number) => latencies[Math.floor((latencies.length - 1) * p)] ?? 0;
  agent.destroy();
  return {
    perSecond: latencies.length / seconds,
    p50: percentile(0.5),
    p95: percentile(0.95),
    p99: percentile(0.99),
    answers,
  };
}

console.log(JSON.stringify(await run()));
