import assert from 'node:assert/strict';
import type { OutgoingHttpHeaders } from 'node:http';
import { openApiDocument } from '../../api/openapi.ts';
import type { Route } from '../../api/route.ts';
import { routes } from '../../api/routes/index.ts';
import { KEYS, startApi, type Api, type Reply, type Who } from './apiUnderTest.ts';
import { FORGED, nonsenseFor, sample, spoil, TIMES, type Resolve, type Schema } from './samples.ts';

interface Operation {
  parameters?: { in: string; name: string; schema: Schema }[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

const document = openApiDocument(routes) as unknown as {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
};
const resolve: Resolve = (schema) =>
  schema.$ref === undefined
    ? schema
    : resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});

/** Who may call it, and need not sign. */
const callerOf = ({ allow }: Route): Who =>
  allow === 'anyone' ? 'admin' : allow[0] === 'game' ? 'otherGame' : (allow[0] as Who);

const HEADERS = { 'Idempotency-Key': 'press-1' };
const SQL = "'or'1'='1";
const ODD = [SQL, '2026-11-23T10:00:00+23:59'].map(encodeURIComponent);

function assertNames(reply: Reply, pointer: string, what: string): void {
  assert.equal(reply.status, 400, `${what}: ${String(reply.status)} ${reply.text}`);
  const errors = (reply.json['errors'] ?? []) as { pointer: string; detail: string }[];
  assert.ok(
    errors.some((error) => error.pointer.startsWith(pointer)),
    `${what}: ${reply.text}`,
  );
  assert.ok(
    errors.every(({ detail }) => detail.length > 5),
    reply.text,
  );
}

describe('nonsense', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    const body = { currencies: ['SEK'], jurisdiction: 'MT' };
    assert.equal(
      (await api.call({ method: 'PUT', path: '/v1/players/p-42', as: 'cashier', body })).status,
      200,
    );
    const award = { awardId: 'a-start', kind: 'promo', amount: 1_000_000, currency: 'SEK' };
    assert.equal(
      (await api.call({ method: 'POST', path: '/v1/players/p-42/awards', as: 'otherGame', body: award }))
        .status,
      201,
    );
  });
  after(() => api.stop());

  /** All the books: that nothing moved, and nothing was written. */
  const books = async () =>
    (
      await api.database.owner.query(`
        select (select json_agg(t) from ledger.trial_balance() t) as balances, (select count(*)::int from ledger.transfers) as transfers,
               (select count(*)::int from rounds.wagers) as wagers, (select count(*)::int from players.players) as players`)
    ).rows[0] as unknown;

  afterEach('the service goes on', async () => {
    assert.equal((await api.call({ path: '/readyz' })).status, 200);
  });

  for (const route of routes) {
    const operation = document.paths[route.path]?.[route.method] ?? {};
    const parameters = operation.parameters ?? [];
    const usual = Object.fromEntries(
      parameters.map(({ name, schema }) => [name, String(sample(schema, resolve))]),
    );
    const pathWith = (changed: Record<string, string> = {}) =>
      route.path.replaceAll(
        /\{(\w+)\}/g,
        (_, name: string) => changed[name] ?? encodeURIComponent(usual[name] ?? ''),
      );
    const bodySchema = operation.requestBody?.content['application/json']?.schema;
    const method = route.method.toUpperCase();
    const usualHeaders = route.csv === true ? { ...HEADERS, 'Content-Type': 'text/csv' } : HEADERS;
    const send = (path: string, body?: unknown, headers: OutgoingHttpHeaders = usualHeaders) =>
      api.call({ method, path, as: callerOf(route), body, headers });
    // Dialects are signed and answer in their own manner: test/dialects/.
    if ((route.allow === 'anyone' && route.raw !== true) || route.dialect !== undefined) continue;

    describe(`sent to ${method} ${route.path}`, () => {
      let body: unknown;
      let before_: unknown;

      before(async () => {
        if (bodySchema === undefined) return;
        // The sample must get past validation, or what follows would be refused for another reason than its nonsense.
        const samples = [sample(bodySchema, resolve), sample(bodySchema, resolve, true)];
        const replies = [];
        for (const one of samples) replies.push(await send(pathWith(), one));
        const good = replies.findIndex(({ status }) => status !== 400);
        assert.notEqual(
          good,
          -1,
          `no sample fits; give the schema examples: ${replies.map(({ text }) => text).join(' ')}`,
        );
        assert.ok(
          replies.every(({ status }) => status < 500),
          replies.map(({ text }) => text).join(' '),
        );
        body = samples[good];
      });
      beforeEach(async () => {
        before_ = await books();
      });
      afterEach('nothing moved', async () => {
        assert.deepEqual(await books(), before_);
      });

      if (route.raw === true) {
        it('without a good signature is refused', async () => {
          for (const bytes of ['', '{', '{}', 'x'.repeat(10_240), '\u0000']) {
            const reply = await api.call({ method, path: pathWith(), body: bytes });
            assert.ok(reply.status >= 400 && reply.status < 500, `${String(reply.status)} ${reply.text}`);
          }
        });
        return;
      }

      if (bodySchema !== undefined) {
        it('in any field of the body is refused by the name of the field', async () => {
          const rows = nonsenseFor(bodySchema, resolve);
          assert.ok(rows.length > 10);
          for (const row of rows)
            assertNames(
              await send(pathWith(), spoil(body, row)),
              row.pointer,
              `${row.pointer} = ${row.literal.slice(0, 60)}`,
            );
        });

        it('instead of JSON is refused', async () => {
          for (const text of ['', '{', 'null', '[]', '"x"', '5', '{"a":1,}', '\u0000', '{"a":NaN}']) {
            const reply = await send(pathWith(), text);
            assert.equal(reply.status, 400, text);
            assert.equal(reply.json['code'], 'invalid_request');
          }
          assert.equal(
            (await send(pathWith(), body, { ...HEADERS, 'Content-Type': 'application/xml' })).status,
            415,
          );
          assert.equal((await send(pathWith(), 'x'.repeat((route.bodyLimit ?? 65_536) + 1))).status, 413);
        });
      }

      if (parameters.some((parameter) => parameter.in === 'path')) {
        it('in the path is refused by the name of the parameter', async () => {
          for (const { name } of parameters.filter((parameter) => parameter.in === 'path')) {
            for (const value of [
              'x'.repeat(10_240),
              '%00',
              '%C3%BC',
              '%20',
              '%E6%97%A5',
              '%ED%A0%80',
              '%ZZ',
              encodeURIComponent("'; drop table ledger.entries; --"),
            ]) {
              assertNames(
                await send(pathWith({ [name]: value }), body),
                `/${name}`,
                `${name} = ${value.slice(0, 60)}`,
              );
            }
          }
        });
      }

      const inQuery = parameters.filter((parameter) => parameter.in === 'query');
      if (inQuery.length > 0) {
        it('in the query is refused by the name of the parameter', async () => {
          for (const { name, schema } of inQuery) {
            const isWhole = ['integer', 'number'].includes(String(resolve(schema).type));
            const values = [
              'x'.repeat(10_240),
              '%00',
              '%ED%A0%80',
              '%C3%BC%00',
              `a&${name}=b`,
              ...(isWhole ? ['-1', '1.5', 'x', '1e400', ''] : []),
              ...(resolve(schema).format === 'date-time' ? TIMES.map(encodeURIComponent) : []),
            ];
            for (const value of values)
              assertNames(
                await send(`${pathWith()}?${name}=${value}`, body),
                `/${name}`,
                `?${name} = ${value.slice(0, 60)}`,
              );
            for (const odd of ODD) assert.ok((await send(`${pathWith()}?${name}=${odd}`, body)).status < 500);
          }
          for (const key of inQuery.some(({ name }) => name === 'cursor') ? FORGED : []) {
            const reply = await send(
              `${pathWith()}?cursor=${Buffer.from(JSON.stringify(key)).toString('base64url')}`,
              body,
            );
            assert.ok(reply.status < 500, `cursor ${JSON.stringify(key)}: ${reply.text}`);
          }
          assertNames(await send(`${pathWith()}?nonsense=1`, body), '/nonsense', '?nonsense');
        });
      }

      if (route.idempotencyKey === true) {
        it('instead of an Idempotency-Key is refused', async () => {
          for (const headers of [
            {},
            { 'Idempotency-Key': '' },
            { 'Idempotency-Key': 'a b' },
            { 'Idempotency-Key': 'x'.repeat(129) },
          ]) {
            assertNames(await send(pathWith(), body, headers), '/Idempotency-Key', JSON.stringify(headers));
          }
        });
      }
    });
  }

  it('as a key finds nobody', async () => {
    for (const key of [SQL, 'x'.repeat(5_000), `${KEYS.cashier}%00`]) {
      assert.equal(
        (await api.call({ path: '/v1/ledger/liability', headers: { Authorization: `Bearer ${key}` } }))
          .status,
        401,
      );
    }
  });
});
