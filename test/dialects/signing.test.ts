import assert from 'node:assert/strict';
import { createHmac, sign } from 'node:crypto';
import { routes } from '../../api/routes/index.ts';
import { openApiDocument } from '../../api/openapi.ts';
import type { Reply } from '../api/apiUnderTest.ts';
import { nonsenseFor, sample, spoil, type Resolve, type Schema } from '../api/samples.ts';
import { fresh, has, KEYS, SECRET, someAggregators, type Aggregators } from './aggregators.ts';

const document = openApiDocument(routes) as unknown as {
  paths: Record<string, { post?: { requestBody?: { content: Record<string, { schema: Schema }> } } }>;
  components: { schemas: Record<string, Schema> };
};
const resolve: Resolve = (schema) =>
  schema.$ref === undefined
    ? schema
    : resolve(document.components.schemas[schema.$ref.split('/').at(-1) ?? ''] ?? {});

describe('the signature of an aggregator', () => {
  let they: Aggregators;
  before(async function () {
    this.timeout(60_000);
    they = await someAggregators();
  });
  after(() => they.server.stop());

  const hmac = (body: string, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex');
  const rsa = (body: string, speaker: keyof typeof KEYS = 'calls') =>
    sign('RSA-SHA256', Buffer.from(body), KEYS[speaker].privateKey).toString('base64');

  it('covers every byte of the body: another byte, secret, key or form of it is refused, and nothing is done', async () => {
    const playerId = await they.server.aPlayer();
    const bet = {
      betId: fresh('b'),
      playerId,
      gameId: 'g',
      roundId: fresh('r'),
      amount: 100_000,
      currency: 'SEK',
    };
    const call = {
      callId: fresh('c'),
      playerId,
      gameId: 'g',
      roundId: fresh('r'),
      currency: 'SEK',
      actions: [],
    };
    const before_ = await they.counts();
    const text = JSON.stringify(call);
    const ofActions = [
      undefined,
      '',
      hmac(`${text} `),
      hmac(text, 'another'),
      hmac(text).toUpperCase(),
      hmac(text).slice(2),
      `v1=${hmac(text)}`,
    ];
    for (const signature of ofActions) {
      const headers = signature === undefined ? {} : { 'X-Actions-Signature': signature };
      assert.equal(has(await they.actions(text, headers), 401)['error'], 'BAD_SIGNATURE', signature);
    }
    const body = JSON.stringify(bet);
    const ofCalls = [
      undefined,
      '',
      rsa(`${body} `),
      rsa(body, 'callsError'),
      rsa(body).slice(4),
      'a'.repeat(344),
      hmac(body),
    ];
    for (const signature of ofCalls) {
      const headers = signature === undefined ? {} : { 'X-Calls-Signature': signature };
      const reply = await they.calls('bet', body, 'calls', headers);
      assert.equal(has(reply, 200)['status'], 'ERROR_SIGNATURE', signature);
    }
    assert.deepEqual(await they.counts(), before_);
  });

  it('is of the client the address names: of no client, of one of another dialect or of none it is refused alike', async () => {
    const text = JSON.stringify({ callId: 'c' });
    const wrong = has(await they.actions(text, {}), 401);
    for (const clientId of ['nobody', 'calls', 'game', '%00', '%ZZ', 'x'.repeat(5_000), `'%20or%201=1`])
      assert.deepEqual(has(await they.actions(text, undefined, clientId), 401), wrong, clientId);
  });

  it('does not open the rest of the API, nor does an API key open a dialect', async () => {
    const text = JSON.stringify({ callId: 'c' });
    const headers = { Authorization: 'Bearer key-of-the-other-game' };
    has(await they.actions(text, headers), 401);
    has(await they.actions(text, headers, 'otherGame'), 401);
    const signed = { 'X-Actions-Signature': hmac('{}') };
    const elsewhere = { method: 'POST', path: '/v1/rounds/r/wagers', body: '{}', headers: signed };
    has(await they.api.call(elsewhere), 401);
  });

  it('of one call fits no other: a signed win does not roll back, a signed bet is no win', async () => {
    const playerId = await they.server.aPlayer();
    const bet = {
      betId: fresh('b'),
      playerId,
      gameId: 'g',
      roundId: fresh('r'),
      amount: 100_000,
      currency: 'SEK',
    };
    const win = { ...bet, winId: fresh('w') };
    has(await they.calls('bet', bet), 200);
    for (const [call, body] of [
      ['rollback', bet],
      ['rollback', win],
      ['win', bet],
      ['win', { rollbackId: 'rb', betId: bet.betId }],
      ['bet', { rollbackId: 'rb', betId: fresh('b') }],
    ] as const)
      assert.equal(has(await they.calls(call, body), 200)['status'], 'ERROR_REQUEST');
    assert.equal(await they.cashOf(playerId), 900);
  });

  /** What both dialects say of a body that does not fit: where it does not. */
  const refusedAs = (reply: Reply, isCalls: boolean) => {
    const told = has(reply, isCalls ? 200 : 400);
    assert.equal(
      isCalls ? told['status'] : told['error'],
      isCalls ? 'ERROR_REQUEST' : 'BAD_REQUEST',
      reply.text,
    );
    return ((told['errors'] ?? []) as { pointer: string }[]).map(({ pointer }) => pointer);
  };

  for (const [path, { post }] of Object.entries(document.paths).filter(([each]) =>
    each.startsWith('/dialects/'),
  )) {
    it(`does not help nonsense: ${path} names each bad field, in its own words`, async function () {
      this.timeout(30_000);
      const schema = post!.requestBody!.content['application/json']!.schema;
      const isCalls = path.includes('calls');
      const send = (body: unknown) =>
        isCalls ? they.calls(path.split('/').at(-1) as 'bet', body) : they.actions(body);
      const good = sample(schema, resolve);
      const rows = nonsenseFor(schema, resolve).filter(({ pointer }) => !pointer.endsWith('/unknown'));
      assert.ok(rows.length > 20);
      for (const row of rows.filter(({ pointer }) => !pointer.endsWith('/__proto__'))) {
        const pointers = refusedAs(await send(spoil(good, row)), isCalls);
        assert.ok(
          pointers.some((pointer) => pointer.startsWith(row.pointer)),
          `${row.pointer} = ${row.literal.slice(0, 60)}: ${pointers.join(' ')}`,
        );
      }
      for (const text of ['', '{', 'null', '[]', '{"a":1,"a":2}', '\u0000'])
        refusedAs(await send(text), isCalls);
      const large = has(await send(`{"a":"${'x'.repeat(70_000)}"}`), isCalls ? 200 : 413);
      assert.match(JSON.stringify(large), /REQUEST/);
    });
  }
});
