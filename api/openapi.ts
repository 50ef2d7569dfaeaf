import {
  createDocument,
  type oas31,
  type ZodOpenApiOperationObject,
  type ZodOpenApiPathsObject,
  type ZodOpenApiResponsesObject,
} from 'zod-openapi';
import { z } from 'zod';
import { PROBLEMS, type ProblemCode } from '../contract/codes.ts';
import { withExamples } from './examples.ts';
import { problemDocument } from './schemas.ts';
import type { Route } from './route.ts';

/** The OpenAPI 3.1 document, written from the very schemas that validate the requests. */
export function openApiDocument(routes: readonly Route[]) {
  const paths: ZodOpenApiPathsObject = {};
  for (const route of routes) paths[route.path] = { ...paths[route.path], [route.method]: operation(route) };
  const document = createDocument(
    {
      openapi: '3.1.0',
      info: {
        title: 'Countroom',
        version: '1',
        license: { name: 'MIT', identifier: 'MIT' },
        description: INTRODUCTION,
      },
      servers: [{ url: '/' }],
      tags: [...new Set(routes.map(({ tag }) => tag))].map((name) => ({ name })),
      security: [{ bearer: [] }],
      components: {
        securitySchemes: {
          bearer: {
            type: 'http',
            scheme: 'bearer',
            description: "A client's API key, or a person's access token.",
          },
        },
      },
      paths,
    },
    {
      // Fields may be added to answers, so a client must not refuse those it does not know.
      override({ jsonSchema, io }) {
        if (io === 'output' && jsonSchema.additionalProperties === false)
          delete jsonSchema.additionalProperties;
      },
    },
  );
  return withExamples(document);
}

function operation(route: Route): ZodOpenApiOperationObject {
  const headers = requestHeaders(route);
  const people = route.allow === 'anyone' ? 'anyone, without credentials' : route.allow.join(', ');
  return {
    operationId: `${route.method}${route.path
      .replace('/v1', '')
      .replaceAll(/[^A-Za-z]+(\w)/g, (_, letter: string) => letter.toUpperCase())
      .replaceAll(/\W/g, '')}`,
    tags: [route.tag],
    summary: route.summary,
    description: [route.description, `For: ${people}.`].filter(Boolean).join('\n\n'),
    ...(route.allow === 'anyone' || route.dialect !== undefined ? { security: [] } : {}),
    requestParams: {
      ...(route.params === undefined ? {} : { path: route.params as z.ZodObject }),
      ...(route.query === undefined ? {} : { query: route.query as z.ZodObject }),
      ...(Object.keys(headers).length === 0 ? {} : { header: z.object(headers) }),
    },
    ...(route.body === undefined
      ? {}
      : { requestBody: { required: true, content: { 'application/json': { schema: route.body } } } }),
    ...(route.csv === true && {
      requestBody: { required: true, content: { 'text/csv': { schema: z.string() } } },
    }),
    responses: { ...answers(route), ...problems(route) },
  };
}

function requestHeaders(route: Route): Record<string, z.ZodType> {
  if (route.dialect !== undefined) {
    const { header, description } = route.dialect.signature;
    return { [header]: z.string().meta({ description }) };
  }
  const mayBeSigned = route.allow !== 'anyone' && route.allow.includes('game');
  return {
    ...(route.idempotencyKey === true && {
      'Idempotency-Key': z
        .string()
        .meta({ description: 'Your choice; the same key acts once', example: 'press-1' }),
    }),
    ...(route.waits === true && {
      Prefer: z.string().optional().meta({
        description: '`wait=N` seconds for the outcome (default 5, at most 30), or `respond-async`',
        example: 'wait=5',
      }),
    }),
    ...(mayBeSigned && {
      'X-Timestamp': z
        .string()
        .optional()
        .meta({ description: 'Seconds since 1970, for clients that sign', example: '1790000000' }),
      'X-Signature': z.string().optional().meta({
        description:
          '`v1=` and the HMAC-SHA256 in hex of `<timestamp>.<METHOD>.<path with query>.<raw body>`, for clients that sign',
      }),
    }),
  };
}

const traceId: oas31.HeadersObject = {
  'X-Trace-Id': {
    description: 'The trace id of your `traceparent`, or a new one',
    required: true,
    schema: { type: 'string' },
  },
};
const replayed: oas31.HeadersObject = {
  'Idempotency-Replayed': {
    description: '`true`: the answer of the first time again',
    schema: { type: 'string', enum: ['true'] },
  },
};
const location: oas31.HeadersObject = {
  Location: { description: 'Where the outcome will be', schema: { type: 'string' } },
};
const retryAfter: oas31.HeadersObject = {
  'Retry-After': { description: 'Seconds to wait', schema: { type: 'string' } },
};

function answers(route: Route): ZodOpenApiResponsesObject {
  const entries = Object.entries(route.answers).map(([status, schema]) => [
    status,
    {
      description: DESCRIPTIONS[status] ?? 'Done',
      headers: { ...traceId, ...(route.method !== 'get' && replayed), ...(status === '202' && location) },
      content: { [schema instanceof z.ZodString ? 'text/plain' : 'application/json']: { schema } },
    },
  ]);
  return Object.fromEntries(entries) as ZodOpenApiResponsesObject;
}

const DESCRIPTIONS: Readonly<Record<string, string>> = {
  201: 'Made',
  202: 'Under way: look again at `Location`, or send the same again',
  503: 'Not ready',
};

/** Every status a call may refuse with, and its codes. */
function problems(route: Route): ZodOpenApiResponsesObject {
  if (route.dialect !== undefined) return {}; // told in its own words, which are among its answers
  const codes = (Object.keys(PROBLEMS) as ProblemCode[]).filter((code) =>
    isPossible(route, PROBLEMS[code][0]),
  );
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code][0]))].filter(
    (status) => !(status in route.answers),
  );
  return Object.fromEntries(
    statuses.map((status) => {
      const those = codes.filter((code) => PROBLEMS[code][0] === status);
      const response = {
        description: those.map((code) => `\`${code}\``).join(', '),
        headers: {
          ...traceId,
          ...([409, 422].includes(status) && replayed),
          ...([429, 503].includes(status) && retryAfter),
        },
        content: {
          'application/problem+json': {
            schema: problemDocument,
            example: exampleOf(those[0] as ProblemCode),
          },
        },
      };
      return [String(status), response];
    }),
  );
}

function isPossible({ allow, method, body, csv, raw }: Route, status: number): boolean {
  if (status === 500 || status === 503) return true;
  if (allow === 'anyone') return raw === true && [400, 401, 404, 413].includes(status);
  if (status === 405) return false;
  if (method === 'get') return [400, 401, 403, 404, 409, 429].includes(status);
  return status !== 415 || body !== undefined || csv === true;
}

function exampleOf(code: ProblemCode) {
  const [status, title] = PROBLEMS[code];
  const errors =
    code === 'invalid_request' ? { errors: [{ pointer: '/amount', detail: 'must be more than 0' }] } : {};
  return {
    type: `urn:countroom:problem:${code}`,
    title,
    status,
    detail: `${title}.`,
    code,
    ...errors,
    traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
  };
}

const INTRODUCTION = `The transaction core of a gaming operator: stakes, settlements, deposits and withdrawals over a double-entry ledger.

**Ids are idempotency keys.** The same id with the same content answers the same as the first time, with \`Idempotency-Replayed: true\`; with other content, 409 \`idempotency_conflict\`.

**What you may conclude.** 2xx: done, or under way. 4xx: final, do not send again; but 401, 404, 429, \`player_unknown\` and \`wager_unknown\`, 5xx and silence mean: send again with the same id.

**Amounts** are whole numbers of the currency's minor unit: \`{"amount": 1250, "currency": "SEK"}\` is 12.50 SEK.

**Problems** are \`application/problem+json\` (RFC 9457): branch on \`code\`, show \`detail\` to people, quote \`traceId\` to us.`;
