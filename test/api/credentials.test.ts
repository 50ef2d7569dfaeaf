import assert from 'node:assert/strict';
import { routes as allRoutes } from '../../api/routes/index.ts';
import { KEYS, sign, startApi, type Api } from './apiUnderTest.ts';
import { TROUBLE, troublesome } from './troublesome.ts';

const codeOf = ({ json }: { json: Record<string, unknown> }) => json['code'];

describe('callers of the API', () => {
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
});
