import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import express, { type ErrorRequestHandler, type RequestHandler, type Response } from 'express';
import { PROBLEMS } from '../contract/codes.ts';
import { observeRequest } from '../ops/metrics.ts';
import { Authenticator, originOf, verifyDialect, verifySignature, whoIs, type Caller } from './auth.ts';
import type { Dialect } from './dialects/dialect.ts';
import { docs } from './docs.ts';
import { asProblem } from './failure.ts';
import { parseJson } from './json.ts';
import { Problem, type FieldError } from './problem.ts';
import {
  brokenParameters,
  readBody,
  readIdempotencyKey,
  readPrefer,
  readTraceId,
  refuseMisfits,
  requireCsv,
  requireJson,
  routable,
  streamBody,
  validate,
} from './request.ts';
import type { Answer, Route, Services } from './route.ts';

const DEFAULT_BODY_LIMIT = 64 * 1024;
const NOTHING = Buffer.alloc(0);

/** The HTTP application: every route of the table, the docs of the same table, then problems for what is left. */
export function createApp(services: Services, routes: readonly Route[]): express.Express {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.set('query parser', 'simple');
  app.use(trace(services));
  app.use((request, _response, next) => {
    if (request.url.includes('%')) request.url = routable(request.url);
    next();
  });
  const authenticator = new Authenticator(services.pool);
  for (const route of routes) app[route.method](pathOf(route), serve(route, services, authenticator));
  app.use(docs(routes));
  // Who may not call at all is not told what there is.
  app.use('/v1', async (request, _response, next) => {
    await authenticator.authenticate(request.headers);
    next();
  });
  app.use(methodNotAllowed(routes));
  app.use(() => {
    throw new Problem('not_found', 'There is nothing at this address. The calls are listed at /docs.');
  });
  app.use(answerProblem(services));
  return app;
}

/** What the steps of one request leave for each other. */
interface Locals {
  traceId: string;
  route?: string;
  caller?: Caller;
  dialect?: Dialect;
}

const localsOf = (response: Response) => response.locals as Locals;

const pathOf = ({ path }: Route) => path.replaceAll(/\{(\w+)\}/g, ':$1');

let random = Buffer.alloc(0);
let used = 0;

/** Random bytes are had for many at once: a call for each is 3 % of a wager. */
function freshTraceId(): string {
  if (used === random.length) [random, used] = [randomBytes(16 * 256), 0];
  return random.toString('hex', used, (used += 16));
}

function trace({ log }: Services): RequestHandler {
  return (request, response, next) => {
    const startedAt = process.hrtime.bigint();
    const traceId = readTraceId(request.headers['traceparent'], freshTraceId);
    const locals = localsOf(response);
    locals.traceId = traceId;
    response.setHeader('X-Trace-Id', traceId);
    response.once('finish', () => {
      const seconds = Number(process.hrtime.bigint() - startedAt) / 1e9;
      observeRequest(request.method, locals.route ?? 'none', response.statusCode, seconds);
      log.debug(
        { traceId, method: request.method, url: request.originalUrl, status: response.statusCode, seconds },
        'request',
      );
    });
    next();
  };
}

/** The steps of a call, in the order of the codes' precedence: who calls, role, size, signature, media type, JSON, schema. */
function serve(route: Route, services: Services, authenticator: Authenticator): RequestHandler {
  return async (request, response) => {
    const locals = localsOf(response);
    locals.route = route.path;
    const { dialect } = route;
    if (dialect !== undefined) {
      locals.dialect = dialect;
      locals.caller = await authenticator.clientOf(dialect, String(request.params['clientId']));
    } else if (route.allow !== 'anyone') {
      locals.caller = await authenticator.authenticate(request.headers);
    }
    const { caller } = locals;
    if (route.allow !== 'anyone') requireRole(route.allow, caller);
    const bodyLimit = route.bodyLimit ?? DEFAULT_BODY_LIMIT;
    if (route.csv === true) requireCsv(request.headers['content-type']);
    const rawBody = route.csv === true ? NOTHING : await readBody(request, bodyLimit);
    if (caller?.kind === 'client') {
      if (dialect !== undefined) verifyDialect(dialect, caller, request.headers, rawBody);
      else verifySignature(caller, request.headers, request.method, request.originalUrl, rawBody);
    }
    if (route.body !== undefined) requireJson(request.headers['content-type']);
    const errors: FieldError[] = brokenParameters(route.path, request.originalUrl);
    const params = validate(route.params, request.params, errors);
    const query = validate(route.query, request.query, errors);
    const body = route.body === undefined ? undefined : validate(route.body, parseJson(rawBody), errors);
    refuseMisfits(errors);
    const answer = await route.handle({
      caller,
      params,
      query,
      body,
      rawBody,
      ...(route.csv === true && { upload: Readable.from(streamBody(request, bodyLimit)) }),
      headers: request.headers,
      wait: readPrefer(request.headers['prefer']),
      idempotencyKey:
        route.idempotencyKey === true ? readIdempotencyKey(request.headers['idempotency-key']) : '',
      traceId: locals.traceId,
      ...(caller === undefined ? {} : { origin: originOf(caller, request.ip ?? '', locals.traceId) }),
      services,
    } as never);
    send(response, answer);
  };
}

function requireRole(allow: readonly string[], caller: Caller | undefined): void {
  if (caller !== undefined && allow.includes(whoIs(caller))) return;
  throw new Problem('forbidden', `This call is for ${allow.join(', ')}.`);
}

/** By itself: Express looks for settings, types and tags in each answer, which is 5 % of a wager. */
function send(response: Response, { status, body, headers, replayed }: Answer): void {
  response.statusCode = status;
  if (replayed === true) response.setHeader('Idempotency-Replayed', 'true');
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  if (typeof body !== 'string') response.setHeader('Content-Type', 'application/json; charset=utf-8');
  for (const [name, value] of Object.entries(headers ?? {})) response.setHeader(name, value);
  response.setHeader('Content-Length', Buffer.byteLength(text));
  response.end(text);
}

function methodNotAllowed(routes: readonly Route[]): RequestHandler {
  const table = routes.map((route) => ({
    method: route.method.toUpperCase(),
    pattern: new RegExp(`^${route.path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`),
  }));
  return (request, _response, next) => {
    const methods = table.filter(({ pattern }) => pattern.test(request.path)).map(({ method }) => method);
    if (methods.length === 0) {
      next();
      return;
    }
    const allowed = [...new Set(methods)].join(', ');
    throw new Problem('method_not_allowed', `This address takes ${allowed}.`, {
      headers: { Allow: allowed },
    });
  };
}

function answerProblem({ log }: Services): ErrorRequestHandler {
  return (error: unknown, request, response, _next) => {
    const { traceId, dialect } = localsOf(response);
    const facts = { traceId, method: request.method, url: request.originalUrl };
    if (response.destroyed || (request.destroyed && !request.complete)) {
      log.debug(facts, 'caller hung up');
      return;
    }
    const problem = asProblem(error);
    const [status] = PROBLEMS[problem.code];
    if (status >= 500) log.warn({ ...facts, err: error }, 'request failed');
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (problem.extra.replayed === true) response.setHeader('Idempotency-Replayed', 'true');
    for (const [name, value] of Object.entries(problem.extra.headers ?? {})) response.setHeader(name, value);
    if (dialect !== undefined) {
      send(response, dialect.tell(problem));
      return;
    }
    response
      .status(status)
      .type('application/problem+json')
      .send(JSON.stringify(problem.document(traceId)));
  };
}
