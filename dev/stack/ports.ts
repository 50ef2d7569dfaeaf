import { createServer } from 'node:net';
import { Sentence } from './sentence.ts';

/** A port nobody listens on just now. */
export async function freePort(): Promise<number> {
  const port = await tryListening(0);
  if (port === undefined) throw new Error('no free port');
  return port;
}

interface Choice {
  /** A variable that may name it; then it must be free. */
  named: { variable: string; value: string | undefined } | undefined;
  remembered: number | undefined;
  from: number;
  taken: Set<number>;
}

/** The port a variable names, or the remembered one, or the first free one of those following `from`. */
export async function choosePort({ named, remembered, from, taken }: Choice): Promise<number> {
  const value = named?.value;
  const port =
    value === undefined
      ? await nextFree(remembered, from, taken)
      : await namedPort(named?.variable ?? '', value);
  taken.add(port);
  return port;
}

async function namedPort(variable: string, value: string): Promise<number> {
  const port = /^\d{1,5}$/.test(value) ? Number(value) : 0;
  if (port < 1 || port > 65_535)
    throw new Sentence(`${variable} is "${value}", which is no port. Remedy: a number from 1 to 65535.`);
  if ((await tryListening(port)) !== undefined) return port;
  throw new Sentence(
    `Port ${value} (${variable}) is in use by another program. ` +
      `Remedy: end that, name another port, or unset ${variable} to get the next free one.`,
  );
}

async function nextFree(remembered: number | undefined, from: number, taken: Set<number>): Promise<number> {
  if (remembered !== undefined && !taken.has(remembered) && (await tryListening(remembered)) !== undefined)
    return remembered;
  for (let port = from; port < from + 1_000; port++) {
    if (!taken.has(port) && (await tryListening(port)) !== undefined) return port;
  }
  throw new Sentence(
    `None of the ports ${String(from)} to ${String(from + 999)} is free. Remedy: end what holds them.`,
  );
}

function tryListening(port: number): Promise<number | undefined> {
  const probe = createServer();
  return new Promise((resolve) => {
    probe.once('error', () => resolve(undefined));
    probe.listen(port, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}
