import assert from 'node:assert/strict';
import { ConfigError, loadConfig } from '../../config/index.ts';
import { routeOf } from '../../payments/index.ts';
import { register } from '../../players/index.ts';
import { testDatabase, type TestDatabase } from '../support/postgres.ts';
import { aCashier } from '../workflows/aCashier.ts';

const secrets = { apiKey: 'sk_test_123', webhookSecret: 'whsec_123' };
const url = 'http://127.0.0.1:1';

const configured = (...providers: object[]) =>
  loadConfig({
    DATABASE_URL: 'postgres://app@127.0.0.1/none',
    COUNTROOM_PROVIDERS: JSON.stringify(providers.map((provider) => ({ ...secrets, ...provider }))),
  }).payments;

describe('the route of a payment', () => {
  let db: TestDatabase;
  before(async () => {
    db = await testDatabase();
    await register(db.pool, { playerId: 'p-mt', jurisdiction: 'MT', currencies: ['SEK', 'EUR'] });
    await register(db.pool, { playerId: 'p-gb', jurisdiction: 'GB', currencies: ['SEK'] });
  });
  after(() => db.drop());

  it('goes by kind, currency, method, amount and jurisdiction, in the configured order, and past what is off', async () => {
    const config = configured(
      { name: 'gone', url, off: true },
      { name: 'cards', url, methods: ['card'], kinds: ['deposit'] },
      { name: 'euros', adapter: 'stripe', currencies: ['EUR'] },
      { name: 'small', url, maxMajor: 100 },
      { name: 'british', url, jurisdictions: ['GB'], minMajor: 50 },
    );
    const route = (more: object = {}) => {
      const usual = {
        kind: 'deposit',
        playerId: 'p-mt',
        money: { minor: '10000', currency: 'SEK' },
        method: 'card',
      } as const;
      return routeOf(db.pool, config, { ...usual, ...more });
    };
    assert.deepEqual(await route(), ['cards', 'small']);
    assert.deepEqual(await route({ method: 'bank' }), ['small']);
    assert.deepEqual(await route({ kind: 'withdrawal' }), ['small']);
    assert.deepEqual(await route({ money: { minor: '10001', currency: 'EUR' } }), ['cards', 'euros']);
    assert.deepEqual(await route({ playerId: 'p-gb' }), ['cards', 'small', 'british']);
    assert.deepEqual(await route({ playerId: 'p-gb', money: { minor: '4999', currency: 'SEK' } }), [
      'cards',
      'small',
    ]);
    assert.equal(await route({ playerId: 'p-nobody' }), undefined);
  });

  it('that is configured wrongly is refused at start-up', () => {
    assert.throws(() => configured({ name: 'x', url, adapter: 'paypal' }), ConfigError);
    assert.throws(() => configured({ name: 'x' }), ConfigError, 'a simulator has an address');
    assert.throws(() => configured({ name: 'x', url, currency: ['SEK'] }), ConfigError);
  });
});

describe('a retry elsewhere', () => {
  it('goes to a provider that takes the payout; where another is named, it is refused with those that do', async function () {
    this.timeout(60_000);
    const desk = await aCashier({ providers: { eastpay: { maxMajor: 100 } } });
    try {
      const player = await desk.player({ cash: 30_000 });
      const [small, large] = ['wd-small', 'wd-large'];
      await desk.withdraw(player, 'SIM-REFUSED', { withdrawalId: small, amount: 10_000 });
      await desk.withdraw(player, 'SIM-REFUSED', { withdrawalId: large, amount: 10_001 });
      for (const id of [small, large]) await desk.until('withdrawals', id, 'needs_attention');
      const press = { action: 'retry', provider: 'eastpay', reason: 'nordpay refuses' };
      const dry = await desk.call('POST', '/v1/withdrawals/bulk', {
        as: 'finance',
        body: { ...press, ids: [small, large], dryRun: true },
        headers: { 'idempotency-key': 'dry' },
      });
      const items = dry.body['items'] as { code: string | null }[];
      assert.deepEqual(
        items.map(({ code }) => code),
        [null, 'no_provider'],
      );
      const refused = await desk.act(large, 'retry', 'finance', { provider: 'eastpay' });
      assert.deepEqual(
        [refused.status, refused.body.code, refused.body['providers']],
        [422, 'no_provider', ['nordpay']],
      );
      assert.equal((await desk.act(small, 'retry', 'finance', { provider: 'eastpay' })).status, 200);
    } finally {
      await desk.close();
    }
  });
});

describe('a payment that no provider takes', () => {
  it('is refused, and the refusal is answered again', async function () {
    this.timeout(60_000);
    const desk = await aCashier({
      settings: {
        COUNTROOM_PROVIDERS: JSON.stringify([{ name: 'nordpay', url, ...secrets, currencies: ['EUR'] }]),
      },
    });
    try {
      const player = await desk.player({ cash: 50_000 });
      const refused = await desk.withdraw(player, 'SIM-PAID', { withdrawalId: 'wd-none' });
      assert.deepEqual([refused.status, refused.body.code], [422, 'no_provider']);
      const again = await desk.withdraw(player, 'SIM-PAID', { withdrawalId: 'wd-none' });
      assert.deepEqual([again.status, again.replayed, again.body.code], [422, true, 'no_provider']);
      const deposit = await desk.deposit(player, 'sim_captured', { depositId: 'd-none' });
      assert.deepEqual([deposit.status, deposit.body.code], [422, 'no_provider']);
      assert.deepEqual(await desk.cash(player), { cash: 50_000, pendingWithdrawals: 0, owed: 0 });
    } finally {
      await desk.close();
    }
  });
});
