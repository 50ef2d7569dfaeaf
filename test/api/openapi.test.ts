import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { routes } from '../../api/routes/index.ts';
import { startApi, type Api } from './apiUnderTest.ts';

type Json = Record<string, unknown>;

interface Operation {
  operationId: string;
  tags: string[];
  summary: string;
  description: string;
  security?: unknown[];
  parameters?: { in: string; name: string; required?: boolean; schema: Json }[];
  requestBody?: { content: Json };
  responses: Record<
    string,
    { description: string; headers: Json; content: Record<string, { schema: Json }> }
  >;
}

describe('the OpenAPI document', () => {
  let api: Api;
  let document: {
    openapi: string;
    paths: Record<string, Record<string, Operation>>;
    components: { schemas: Record<string, Json>; securitySchemes: Json };
  };
  before(async () => {
    api = await startApi();
    document = (await api.call({ path: '/openapi.json' })).json as unknown as typeof document;
  });
  after(() => api.stop());

  const operations = () =>
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ path, method, operation })),
    );

  it('names every call the server routes, and no other', () => {
    assert.equal(document.openapi, '3.1.0');
    const documented = operations().map(({ path, method }) => `${method} ${path}`);
    assert.deepEqual(documented.sort(), routes.map(({ method, path }) => `${method} ${path}`).sort());
  });

  it('names each operation once, with who may call it and what it may answer', () => {
    const ids = operations().map(({ operation }) => operation.operationId);
    assert.equal(new Set(ids).size, ids.length);
    for (const { path, operation } of operations()) {
      assert.ok(operation.summary.length > 5, path);
      assert.match(operation.description, /For: /, path);
      const statuses = Object.keys(operation.responses);
      assert.ok(
        statuses.some((status) => status.startsWith('2')),
        path,
      );
      if (!path.startsWith('/dialects/'))
        // which may tell all in a 200
        assert.ok(statuses.includes('500') && statuses.includes('503'), path);
      if (path.startsWith('/v1') && operation.security === undefined)
        assert.ok(
          ['401', '403', '404'].every((status) => statuses.includes(status)),
          path,
        );
      for (const { headers } of Object.values(operation.responses)) assert.ok('X-Trace-Id' in headers);
    }
  });

  it('declares every parameter of a path, and no other', () => {
    for (const { path, operation } of operations()) {
      const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      const declared = (operation.parameters ?? []).filter((parameter) => parameter.in === 'path');
      assert.deepEqual(
        declared.map(({ name }) => name),
        inPath,
        path,
      );
      assert.ok(
        declared.every(({ required }) => required === true),
        path,
      );
    }
  });

  it('holds schemas that are valid JSON Schema, refer to nothing missing, and fit their own examples', () => {
    const ajv = new Ajv2020({ strict: false, allErrors: true });
    formats.default(ajv);
    ajv.addSchema({ $id: 'doc', components: document.components });
    let seen = 0;
    const check = (schema: Json) => {
      const local = JSON.parse(
        JSON.stringify(schema).replaceAll('"#/components', '"doc#/components'),
      ) as Json;
      const validate = ajv.compile(local);
      if (local['example'] !== undefined)
        assert.ok(validate(local['example']), JSON.stringify({ local, errors: validate.errors }));
      for (const inner of Object.values((local['properties'] ?? {}) as Record<string, Json>)) check(inner);
      seen += 1;
    };
    for (const { operation } of operations()) {
      for (const { schema } of operation.parameters ?? []) check(schema);
      for (const { schema } of Object.values(
        (operation.requestBody?.content ?? {}) as Record<string, { schema: Json }>,
      ))
        check(schema);
      for (const { content } of Object.values(operation.responses))
        for (const { schema } of Object.values(content)) check(schema);
    }
    assert.ok(seen > 200);
  });

  it('describes the answers as they are', async () => {
    const ajv = new Ajv2020({ strict: false });
    const fits = (path: string, method: string, status: number, body: Json) => {
      const content = document.paths[path]?.[method]?.responses[String(status)]?.content ?? {};
      const [media] = Object.values(content);
      const text = JSON.stringify({ ...media?.schema, components: document.components });
      const validate = ajv.compile(JSON.parse(text) as Json);
      assert.ok(validate(body), JSON.stringify({ path, body, errors: validate.errors }));
    };
    const player = { currencies: ['SEK'], jurisdiction: 'MT' };
    fits(
      '/v1/players/{playerId}',
      'put',
      200,
      (await api.call({ method: 'PUT', path: '/v1/players/p-1', as: 'cashier', body: player })).json,
    );
    fits(
      '/v1/players/{playerId}/balance',
      'get',
      200,
      (await api.call({ path: '/v1/players/p-1/balance', as: 'game' })).json,
    );
    fits(
      '/v1/players/{playerId}',
      'get',
      404,
      (await api.call({ path: '/v1/players/nobody', as: 'cashier' })).json,
    );
    fits(
      '/v1/players/{playerId}',
      'put',
      400,
      (await api.call({ method: 'PUT', path: '/v1/players/p-1', as: 'cashier', body: {} })).json,
    );
    fits(
      '/v1/ledger/accounts',
      'get',
      200,
      (await api.call({ path: '/v1/ledger/accounts', as: 'support' })).json,
    );
    fits('/readyz', 'get', 200, (await api.call({ path: '/readyz' })).json);
  });
});

describe('the docs page', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  it('loads every file from this server, and may load from no other', async () => {
    const page = await api.call({ path: '/docs' });
    assert.equal(page.status, 200);
    assert.match(String(page.headers['content-security-policy']), /default-src 'self'/);
    const files = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => String(file));
    assert.ok(files.length >= 3);
    for (const path of files) {
      assert.ok(path.startsWith('/docs/'), path);
      const file = await api.call({ path });
      assert.equal(file.status, 200, path);
      assert.ok(file.text.length > 500, path);
      assert.doesNotMatch(file.text, /@import\s|url\(["']?https?:/, `${path} loads from elsewhere`);
    }
    assert.doesNotMatch(page.text, /https?:\/\//);
  });
});

describe('the state of the process', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
  });
  after(() => api.stop());

  it('is told without credentials, and says which part is down', async () => {
    assert.deepEqual((await api.call({ path: '/healthz' })).json, { status: 'up' });
    assert.deepEqual((await api.call({ path: '/readyz' })).json, {
      status: 'ready',
      parts: { database: 'reachable', temporal: 'reachable' },
    });
    api.engine.up = false;
    const reply = await api.call({ path: '/readyz' });
    assert.equal(reply.status, 503);
    assert.deepEqual(reply.json, {
      status: 'not ready',
      parts: { database: 'reachable', temporal: 'unreachable' },
    });
    assert.equal((await api.call({ path: '/healthz' })).status, 200);
  });

  it('is measured by route, not by address', async () => {
    await api.call({ path: '/v1/players/p-measured', as: 'cashier' });
    const { text, headers } = await api.call({ path: '/metrics' });
    assert.match(String(headers['content-type']), /^text\/plain/);
    assert.match(
      text,
      /http_requests_total\{method="GET",route="\/v1\/players\/\{playerId\}",status="404"\} \d/,
    );
    assert.match(text, /http_request_duration_seconds_bucket/);
    assert.doesNotMatch(text, /p-measured/);
  });
});
