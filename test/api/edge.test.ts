import assert from 'node:assert/strict';
import net from 'node:net';
import { z } from 'zod';
import { route, type Route } from '../../api/route.ts';
import { routes as allRoutes } from '../../api/routes/index.ts';
import { callerId } from '../../api/schemas.ts';
import { KEYS, sign, startApi, type Api } from './apiUnderTest.ts';

/** Calls that do what a handler may do wrong. */
const troublesome: Route[] = [
  route({
    method: 'post',
    path: '/v1/trouble/{id}',
    tag: 'Test',
    summary: 'Throws what it is told',
    allow: ['game', 'cashier'],
    params: z.strictObject({ id: callerId }),
    body: z.strictObject({ throws: z.enum(['bug', 'sql', 'shutdown', 'deadlock']) }),
    bodyLimit: 1_000,
    answers: { 200: z.object({}) },
    async handle({ body, services }) {
      if (body.throws === 'bug') throw new Error('secret words about select * from ledger.accounts');
      if (body.throws === 'sql') await services.pool.query('select from nowhere');
      if (body.throws === 'deadlock') throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      throw Object.assign(new Error('terminating connection due to administrator command'), {
        code: '57P01',
      });
    },
  }),
  route({
    method: 'get',
    path: '/v1/echo',
    tag: 'Test',
    summary: 'Says what it understood',
    allow: ['cashier'],
    waits: true,
    answers: { 200: z.object({}) },
    handle: ({ wait, traceId }) => Promise.resolve({ status: 200, body: { wait, traceId }, replayed: true }),
  }),
];

const TROUBLE = '/v1/trouble/t-1';
const codeOf = ({ json }: { json: Record<string, unknown> }) => json['code'];

describe('the edge of the API', () => {
  let api: Api;
  before(async () => {
    api = await startApi({ routes: [...troublesome, ...allRoutes] });
  });
  after(() => api.stop());

  const post = (body: unknown, headers = {}, path = TROUBLE) =>
    api.call({ method: 'POST', path, as: 'game', body, headers });

  describe('credentials', () => {
    it('refuses a call without credentials, with an unknown key and with half a header', async () => {
      for (const headers of [
        {},
        { Authorization: 'Bearer nobody-has-this' },
        { Authorization: 'Bearer' },
        { Authorization: KEYS.cashier },
      ]) {
        const reply = await api.call({ path: '/v1/players/p-1', headers });
        assert.equal(reply.status, 401);
        assert.equal(codeOf(reply), 'unauthenticated');
        assert.equal(reply.headers['www-authenticate'], 'Bearer');
      }
    });

    it('tells strangers nothing about which addresses exist', async () => {
      assert.equal((await api.call({ path: '/v1/no-such-thing' })).status, 401);
      assert.equal((await api.call({ path: '/v1/no-such-thing', as: 'cashier' })).status, 404);
    });

    it('refuses a role that may not, before it looks at the body', async () => {
      const reply = await api.call({ method: 'POST', path: TROUBLE, as: 'support', body: '{' });
      assert.equal(reply.status, 403);
      assert.equal(codeOf(reply), 'forbidden');
    });

    it('forgets a revoked key within ten seconds', async () => {
      await api.database.owner.query(
        `insert into access.people (person_id, name, role, token_hash) values ('leaver', 'L', 'support', sha256('token-of-a-leaver'))`,
      );
      const headers = { Authorization: 'Bearer token-of-a-leaver' };
      assert.equal((await api.call({ path: '/v1/ledger/liability', headers })).status, 200);
      await api.database.owner.query(`delete from access.people where person_id = 'leaver'`);
      const realNow = Date.now;
      try {
        Date.now = () => realNow() + 10_001;
        assert.equal((await api.call({ path: '/v1/ledger/liability', headers })).status, 401);
      } finally {
        Date.now = realNow;
      }
    });
  });

  describe('signatures', () => {
    const body = Buffer.from('{"throws":"bug"}');
    const signed = (headers: object) => ({
      method: 'POST',
      path: TROUBLE,
      body,
      headers: { Authorization: `Bearer ${KEYS.game}`, ...headers },
    });

    it('takes the right one: the call then fails for its own reason', async () => {
      assert.equal((await api.call(signed(sign('POST', TROUBLE, body)))).status, 500);
    });

    it('refuses a missing, malformed or wrong one, one of another address, method, body or secret', async () => {
      const wrong = [
        {},
        { 'X-Timestamp': String(Math.floor(Date.now() / 1000)) },
        { ...sign('POST', TROUBLE, body), 'X-Signature': 'v1=zz' },
        { ...sign('POST', TROUBLE, body), 'X-Timestamp': 'yesterday' },
        sign('POST', '/v1/trouble/t-2', body),
        sign('PUT', TROUBLE, body),
        sign('POST', TROUBLE, Buffer.from('{"throws": "bug"}')),
        sign('POST', TROUBLE, body, Date.now(), 'another secret'),
      ];
      for (const headers of wrong)
        assert.equal(codeOf(await api.call(signed(headers))), 'unauthenticated', JSON.stringify(headers));
    });

    it('refuses one that is more than 300 seconds off, before or after', async () => {
      for (const seconds of [-302, 302])
        assert.equal(
          (await api.call(signed(sign('POST', TROUBLE, body, Date.now() + seconds * 1000)))).status,
          401,
        );
      for (const seconds of [-295, 295])
        assert.equal(
          (await api.call(signed(sign('POST', TROUBLE, body, Date.now() + seconds * 1000)))).status,
          500,
        );
    });

    it('covers the path with its query as it stands in the request line', async () => {
      const path = '/v1/wagers/w%2F1?clientId=game';
      assert.equal((await api.call({ path, as: 'game' })).status, 404);
      const headers = {
        Authorization: `Bearer ${KEYS.game}`,
        ...sign('GET', '/v1/wagers/w%2F1', Buffer.alloc(0)),
      };
      assert.equal((await api.call({ path, headers })).status, 401);
    });

    it('answers 400 to a valid signature over malformed JSON', async () => {
      const reply = await post('{"throws":');
      assert.equal(reply.status, 400);
      assert.equal(codeOf(reply), 'invalid_request');
    });
  });

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
