import { createHmac } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';

/** What `.countroom/stack.json` tells a program: docs/api.md, "The embedded stack". */
export interface Stack {
  apiUrl: string;
  temporalUiUrl: string;
  databaseUrl: string;
  providers: Record<string, string>;
  clients: Record<
    'game' | 'otherGame' | 'cashier',
    { clientId: string; apiKey: string; hmacSecret?: string }
  >;
  people: Record<'support' | 'finance' | 'finance2' | 'approver' | 'admin', string>;
}

export interface Credential {
  bearer: string;
  hmacSecret?: string;
}

/** What the story reads of the answers: members of the published contract. */
export interface Body {
  readonly status?: string;
  readonly outcome?: string;
  readonly reason?: string | null;
  readonly workflowUrl?: string | null;
  readonly attempts?: readonly unknown[];
  readonly balances?: readonly { cash: number; inPlay: number; pendingWithdrawals: number }[];
}

export interface Answer {
  status: number;
  body: Body;
}

const GIVE_UP_AFTER_MS = 120_000;

/**
 * Sends until there is a final answer, always with the same id: silence, 5xx and 202 all mean "send again". This is
 * what a game server has to do, and why a killed API or worker changes nothing about how the story ends.
 */
export async function send(
  stack: Stack,
  who: Credential,
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = {},
): Promise<Answer> {
  const until = Date.now() + GIVE_UP_AFTER_MS;
  for (let wait = 100; ; wait = Math.min(wait * 2, 2_000)) {
    const answer = await once(stack, who, method, path, body, headers).catch(() => undefined);
    if (answer !== undefined && answer.status < 500 && answer.status !== 202) return answer;
    if (Date.now() > until) throw new Error(`${method} ${path}: no final answer in two minutes`);
    await sleep(wait);
  }
}

async function once(
  stack: Stack,
  who: Credential,
  method: string,
  path: string,
  body: unknown,
  extra: Record<string, string>,
): Promise<Answer> {
  const raw = body === undefined ? '' : JSON.stringify(body);
  const headers: Record<string, string> = { authorization: `Bearer ${who.bearer}`, ...extra };
  if (raw !== '') headers['content-type'] = 'application/json';
  if (who.hmacSecret !== undefined) {
    const timestamp = String(Math.floor(Date.now() / 1000));
    const signed = createHmac('sha256', who.hmacSecret)
      .update(`${timestamp}.${method}.${path}.${raw}`)
      .digest('hex');
    headers['x-timestamp'] = timestamp;
    headers['x-signature'] = `v1=${signed}`;
  }
  const response = await fetch(stack.apiUrl + path, {
    method,
    headers,
    signal: AbortSignal.timeout(35_000),
    ...(raw === '' ? {} : { body: raw }),
  });
  return { status: response.status, body: JSON.parse(await response.text()) as Body };
}

/** The same, for a call that must succeed. */
export async function must(...call: Parameters<typeof send>): Promise<Body> {
  const { status, body } = await send(...call);
  if (status >= 300)
    throw new Error(`${call[2]} ${call[3]} answered ${String(status)}: ${JSON.stringify(body)}`);
  return body;
}
