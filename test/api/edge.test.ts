import assert from 'node:assert/strict';
import net from 'node:net';
import { routes as allRoutes } from '../../api/routes/index.ts';
import { KEYS, startApi, type Api } from './apiUnderTest.ts';
import { TROUBLE, troublesome } from './troublesome.ts';

const codeOf = ({ json }: { json: Record<string, unknown> }) => json['code'];

describe('the edge of the API', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ routes: [...troublesome, ...allRoutes] });
  });
  after(() => api.stop());

  const post = (body: unknown, headers = {}, path = TROUBLE) =>
    api.call({ method: 'POST', path, as: 'game', body, headers });

  describe('the order of the codes', () => {
    it('is size, signature, media type, JSON, schema', async () => {
      const wrongSignature = { 'X-Signature': `v1=${'0'.repeat(64)}` };
      const plain = { 'Content-Type': 'text/plain' };
      assert.equal(
        codeOf(await post('x'.repeat(1_001), { ...wrongSignature, ...plain })),
        'payload_too_large',
      );
      assert.equal(codeOf(await post('{', { ...wrongSignature, ...plain })), 'unauthenticated');
      assert.equal(codeOf(await post('{', plain)), 'unsupported_media_type');
      assert.equal(codeOf(await post('{')), 'invalid_request');
      assert.equal(codeOf(await post({ throws: 'nothing' })), 'invalid_request');
    });

    it('looks at role and signature before it tells of a broken percent-encoding', async () => {
      for (const path of ['/v1/trouble/%ZZ', '/v1/trouble/%ff', '/v1/trouble/%']) {
        assert.equal((await api.call({ method: 'POST', path, as: 'support' })).status, 403);
        assert.equal((await post({ throws: 'bug' }, { 'X-Signature': 'v1=' }, path)).status, 401);
        const reply = await post({ throws: 'bug' }, {}, path);
        assert.equal(reply.status, 400);
        assert.deepEqual(reply.json['errors'], [{ pointer: '/id', detail: 'must be percent-encoded UTF-8' }]);
      }
    });

    it('answers 405 with the methods an address takes', async () => {
      const reply = await api.call({ method: 'DELETE', path: '/v1/players/p-1', as: 'cashier' });
      assert.equal(reply.status, 405);
      assert.equal(codeOf(reply), 'method_not_allowed');
      assert.equal(reply.headers.allow, 'PUT, GET');
    });
  });

  describe('bodies', () => {
    it('takes 64 KiB where a call says nothing else, and lets the caller read the 413 of a larger one', async () => {
      const put = (size: number, headers = {}) =>
        api.call({
          method: 'PUT',
          path: '/v1/players/p-1',
          as: 'cashier',
          body: `"${'x'.repeat(size - 2)}"`,
          headers,
        });
      assert.equal(codeOf(await put(65_536)), 'invalid_request');
      assert.equal(codeOf(await put(65_537)), 'payload_too_large');
      assert.equal(codeOf(await put(5_000_000, { 'Transfer-Encoding': 'chunked' })), 'payload_too_large');
    });

    it('refuses bytes that are not UTF-8', async () => {
      const reply = await post(Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]));
      assert.equal(reply.status, 400);
    });

    it('names an unknown member, __proto__ too, a missing one, and one that came twice', async () => {
      const pointers = async (body: string) =>
        ((await post(body)).json['errors'] as { pointer: string }[]).map(({ pointer }) => pointer);
      assert.deepEqual(await pointers('{"throws":"bug","a/b":1}'), ['/a~1b']);
      assert.deepEqual(await pointers('{"throws":"bug","__proto__":{}}'), ['/__proto__']);
      assert.deepEqual(await pointers('{}'), ['/throws']);
      assert.deepEqual(await pointers('{"throws":"bug","throws" :"sql"}'), ['/throws']);
    });

    it('survives 64 KiB of brackets', async () => {
      const reply = await api.call({
        method: 'PUT',
        path: '/v1/players/p-1',
        as: 'cashier',
        body: `{"currencies":${'['.repeat(30_000)}${']'.repeat(30_000)},"x":1.5}`,
      });
      assert.equal(reply.status, 400);
    });
  });

  describe('what breaks', () => {
    it('answers a bug with 500 and neither its words nor a stack', async () => {
      for (const throws of ['bug', 'sql']) {
        const reply = await post({ throws });
        assert.equal(reply.status, 500);
        assert.equal(codeOf(reply), 'internal');
        assert.doesNotMatch(reply.text, /secret|select|nowhere|at .*\.ts/);
      }
    });

    it('answers an outage of the database with 503 and when to come again', async () => {
      for (const throws of ['shutdown', 'deadlock']) {
        const reply = await post({ throws });
        assert.equal(reply.status, 503);
        assert.equal(codeOf(reply), 'unavailable');
        assert.equal(reply.headers['retry-after'], '2');
      }
    });

    it('goes on after a caller hung up in the middle of a body', async () => {
      const { port } = new URL(api.url);
      const socket = net.connect(Number(port), '127.0.0.1');
      socket.write(
        `PUT /v1/players/p-1 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${KEYS.cashier}\r\nContent-Length: 100\r\n\r\n{"cur`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
      socket.destroy();
      assert.equal((await api.call({ path: '/healthz' })).status, 200);
    });

    it('answers what is not HTTP, and headers without end, with a problem as well', async () => {
      const { port } = new URL(api.url);
      for (const bytes of ['nonsense\r\n\r\n', `GET /${'x'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`]) {
        const socket = net.connect(Number(port), '127.0.0.1');
        socket.write(bytes);
        let text = '';
        for await (const chunk of socket) text += String(chunk);
        assert.match(
          text,
          /^HTTP\/1.1 400 .*application\/problem\+json.*X-Trace-Id: [0-9a-f]{32}.*"code":"invalid_request"/s,
        );
      }
    });
  });

  it('takes a wager of a known client in one database round trip', async () => {
    const { pool } = api.services;
    await api.call({
      method: 'PUT',
      path: '/v1/players/p-1',
      as: 'cashier',
      body: { currencies: ['SEK'], jurisdiction: 'MT' },
    });
    const body = { wagerId: 'w-1', playerId: 'p-1', gameId: 'g', amount: 0, currency: 'SEK' };
    const wager = (wagerId: string) =>
      api.call({ method: 'POST', path: '/v1/rounds/r-1/wagers', as: 'game', body: { ...body, wagerId } });
    await wager('w-0');
    // eslint-disable-next-line @typescript-eslint/unbound-method -- only put back where it was
    const { query } = pool;
    let queries = 0;
    pool.query = new Proxy(query, {
      apply(target, receiver, args): unknown {
        queries += 1;
        return Reflect.apply(target, receiver, args);
      },
    });
    try {
      assert.equal((await wager('w-1')).status, 201);
    } finally {
      pool.query = query;
    }
    assert.equal(queries, 1);
  });

  describe('every answer', () => {
    it('is a whole problem document when it is a problem', async () => {
      const reply = await post({ throws: 'bug' });
      assert.match(reply.headers['content-type'] ?? '', /^application\/problem\+json/);
      assert.deepEqual(Object.keys(reply.json).sort(), [
        'code',
        'detail',
        'status',
        'title',
        'traceId',
        'type',
      ]);
      assert.equal(reply.json['traceId'], reply.headers['x-trace-id']);
      assert.equal(reply.headers['x-powered-by'], undefined);
      assert.equal(reply.headers.etag, undefined);
    });

    it('says when to come again where too many wait already', async () => {
      const { status, json, headers } = await post({ throws: 'overload' });
      assert.deepEqual([status, json['code'], headers['retry-after']], [503, 'unavailable', '1']);
    });

    it("carries the caller's trace id, or one of its own where the caller's is none", async () => {
      const mine = '4bf92f3577b34da6a3ce929d0e0e4736';
      const ask = async (traceparent?: string) =>
        (
          await api.call({
            path: '/v1/echo',
            as: 'cashier',
            headers: traceparent === undefined ? {} : { traceparent },
          })
        ).headers['x-trace-id'];
      assert.equal(await ask(`00-${mine}-00f067aa0ba902b7-01`), mine);
      for (const bad of [
        undefined,
        'nonsense',
        `00-${'0'.repeat(32)}-00f067aa0ba902b7-01`,
        `ff-${mine}-00f067aa0ba902b7-01`,
      ]) {
        const own = await ask(bad);
        assert.match(String(own), /^[0-9a-f]{32}$/);
        assert.notEqual(own, mine);
      }
    });

    it('says when it is the answer of the first time again', async () => {
      assert.equal(
        (await api.call({ path: '/v1/echo', as: 'cashier' })).headers['idempotency-replayed'],
        'true',
      );
    });

    it('waits as long as the caller prefers: 5 seconds by default, 30 at most', async () => {
      const wait = async (prefer?: string) =>
        (
          await api.call({
            path: '/v1/echo',
            as: 'cashier',
            headers: prefer === undefined ? {} : { Prefer: prefer },
          })
        ).json['wait'];
      assert.deepEqual(await wait(), { mode: 'wait', seconds: 5 });
      assert.deepEqual(await wait('wait=12'), { mode: 'wait', seconds: 12 });
      assert.deepEqual(await wait('handling=lenient, WAIT=99'), { mode: 'wait', seconds: 30 });
      assert.deepEqual(await wait('respond-async, wait=3'), { mode: 'async' });
      assert.deepEqual(await wait('wait=soon'), { mode: 'wait', seconds: 5 });
    });
  });
});
