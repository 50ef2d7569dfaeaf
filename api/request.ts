import type { IncomingMessage } from 'node:http';
import type { z } from 'zod';
import { escapePointer } from './json.ts';
import { Problem, type FieldError } from './problem.ts';
import type { Wait } from './temporal.ts';

/** Reads the body as it came, refusing more than `limit` bytes: signatures cover these very bytes. */
export async function readBody(request: IncomingMessage, limit: number): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > limit) throw tooLarge(limit);
  return await new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let size = 0;
    // What is too much flows by and is dropped: hanging up now would keep the caller from reading the answer.
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= limit) chunks.push(chunk);
      else reject(tooLarge(limit));
    });
    request.once('end', () => resolve(Buffer.concat(chunks)));
    request.once('error', reject);
  });
}

/** The body as it comes, refusing more than `limit` bytes. Whoever reads it may stop: the connection stays, for the answer. */
export async function* streamBody(request: IncomingMessage, limit: number): AsyncGenerator<Buffer> {
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    yield chunk;
  }
}

const tooLarge = (limit: number) =>
  new Problem('payload_too_large', `A body here has at most ${String(limit)} bytes.`);

/** `Prefer: wait=N` (default 5, at most 30 seconds) or `Prefer: respond-async`: RFC 7240. */
export function readPrefer(header: string | string[] | undefined): Wait {
  const preferences = String(header ?? '').toLowerCase();
  if (/(^|[,;\s])respond-async($|[,;\s])/.test(preferences)) return { mode: 'async' };
  const seconds = /(?:^|[,;\s])wait\s*=\s*(\d{1,6})/.exec(preferences)?.[1];
  return { mode: 'wait', seconds: seconds === undefined ? 5 : Math.min(30, Math.max(1, Number(seconds))) };
}

/** The trace of the caller's `traceparent`, or a new one: W3C Trace Context. */
export function readTraceId(header: string | string[] | undefined, fresh: () => string): string {
  const traceId =
    typeof header === 'string'
      ? /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}/.exec(header)?.[1]
      : undefined;
  return traceId === undefined || /^0+$/.test(traceId) ? fresh() : traceId;
}

export function requireCsv(contentType: string | undefined): void {
  if (/^text\/csv\s*(;|$)/i.test(contentType ?? '')) return;
  throw new Problem('unsupported_media_type', 'Send the file as `Content-Type: text/csv`.');
}

export function requireJson(contentType: string | undefined): void {
  if (/^application\/json\s*(;|$)/i.test(contentType ?? '')) return;
  throw new Problem('unsupported_media_type', 'Send the body as `Content-Type: application/json`.');
}

export function readIdempotencyKey(header: string | string[] | undefined): string {
  if (typeof header === 'string' && /^[\x21-\x7e]{1,128}$/.test(header)) return header;
  throw new Problem(
    'invalid_request',
    'Send an `Idempotency-Key` of your choice: pressing twice must not act twice.',
    {
      errors: [
        { pointer: '/Idempotency-Key', detail: 'must be a header of 1 to 128 visible ASCII characters' },
      ],
    },
  );
}

const MOST_ERRORS = 100;

/** Validates one part of a request; a misfit adds each bad field to `errors`, with a pointer and the remedy. */
export function validate(schema: z.ZodType | undefined, value: unknown, errors: FieldError[]): unknown {
  if (schema === undefined) return undefined;
  const parsed = schema.safeParse(value, { reportInput: true });
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) errors.push(...describe(issue));
  return undefined;
}

export function refuseMisfits(errors: readonly FieldError[]): void {
  if (errors.length === 0) return;
  throw new Problem('invalid_request', 'The request does not fit; `errors` names each bad field.', {
    errors: errors.slice(0, MOST_ERRORS),
  });
}

const pointer = (path: readonly PropertyKey[]) => path.map((part) => `/${escapePointer(part)}`).join('');

function describe(issue: z.core.$ZodIssue): FieldError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => ({
      pointer: pointer([...issue.path, key]),
      detail: 'is not a member of this call; remove it',
    }));
  }
  const missing = issue.code === 'invalid_type' && issue.input === undefined;
  return [{ pointer: pointer(issue.path), detail: missing ? 'is required' : issue.message }];
}

const isBroken = (part: string) => {
  try {
    decodeURIComponent(part);
    return false;
  } catch {
    return true;
  }
};

/** Makes an address routable whose percent-encoding is broken, so that role and signature are looked at before that is told. */
export function routable(url: string): string {
  const [path = '', ...query] = url.split('?');
  const segments = path
    .split('/')
    .map((segment) => (isBroken(segment) ? encodeURIComponent(segment) : segment));
  return [segments.join('/'), ...query].join('?');
}

/** Names the path and query parameters whose percent-encoding is broken. */
export function brokenParameters(template: string, url: string): FieldError[] {
  if (!url.includes('%')) return [];
  const [path = '', query = ''] = url.split('?', 2);
  const names = template.split('/');
  const inPath = path
    .split('/')
    .flatMap((segment, index) => (isBroken(segment) ? [names[index]?.replaceAll(/[{}]/g, '') ?? ''] : []));
  const inQuery = query.split('&').flatMap((pair) => (isBroken(pair) ? [pair.split('=')[0] ?? ''] : []));
  return [...inPath, ...inQuery].map((name) => ({
    pointer: `/${name}`,
    detail: 'must be percent-encoded UTF-8',
  }));
}
