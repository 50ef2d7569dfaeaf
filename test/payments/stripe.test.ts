import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { findStripeMock } from '../../dev/setup/stripeMock.mjs';
import { StripeProvider } from '../../payments/adapters/stripe.ts';
import { fromStripe, toStripe } from '../../payments/adapters/stripeWords.ts';
import { AStripe, SECRET } from './aStripe.ts';
import { keepsTheContract } from './keepsTheContract.ts';

const adapter = (url?: string) =>
  new StripeProvider({ name: 'stripe', url, apiKey: 'sk_test_123', webhookSecret: SECRET }, 600);

const { path, missing } = findStripeMock();
if (path === undefined) {
  it(`the adapter of Stripe, against stripe-mock (${String(missing)})`);
} else {
  let stripe: AStripe;
  keepsTheContract('Stripe', async () => {
    stripe = await new AStripe().open(path);
    return {
      provider: adapter(stripe.url),
      at: adapter,
      strike: (mode) => Promise.resolve((stripe.mode = mode)),
      sign: (body, at) => stripe.sign(body, at),
      paidWord: '"transfer.created"',
      spoilt: (raw) => raw.replace('{"id":"', '{"id":"\\u0000'),
      told: () => stripe.told,
      close: async () => {
        assert.deepEqual(stripe.misunderstood, [], 'Stripe understands every request');
        await stripe.close();
      },
    };
  });
}

describe("Stripe's events and amounts", () => {
  const provider = adapter();
  const signer = new AStripe();
  const read = (type: string, object: object) => {
    const raw = JSON.stringify({ id: 'evt_1', object: 'event', type, data: { object } });
    const event = provider.readWebhook(Buffer.from(raw), signer.sign(raw, Math.floor(Date.now() / 1_000)));
    return typeof event === 'string'
      ? event
      : [event.kind, event.reference, event.news.key, event.news.state];
  };
  const metadata = { key: 'deposit:d-1', reference: 'd-1' };
  const intent = { id: 'pi_1', amount: 500, amount_received: 0, currency: 'sek', metadata };
  const charge = { payment_intent: 'pi_1', amount: 500, currency: 'sek', metadata };

  it('are read by what they say of a payment, in whatever order they come', () => {
    const state = (type: string, status: string) => read(type, { ...intent, status });
    const of = (said: string) => ['deposit', 'd-1', 'deposit:d-1', said];
    assert.deepEqual(state('payment_intent.processing', 'processing'), of('pending'));
    assert.deepEqual(state('payment_intent.succeeded', 'succeeded'), of('captured'));
    assert.deepEqual(state('payment_intent.payment_failed', 'requires_payment_method'), of('declined'));
    assert.deepEqual(state('payment_intent.canceled', 'canceled'), of('declined'));
    assert.deepEqual(state('payment_intent.processing', 'a status of next year'), of('pending'));
    assert.deepEqual(read('charge.refunded', { ...charge, refunded: true }), of('refunded'));
    const dispute = { ...charge, metadata: {}, reason: 'fraudulent' };
    assert.deepEqual(read('charge.dispute.funds_withdrawn', dispute), ['deposit', '', '', 'charged_back']);
    const transfer = {
      id: 'tr_1',
      amount: 5,
      currency: 'sek',
      metadata: { key: 'withdrawal:w:1', reference: 'w' },
    };
    const paid = (reversed: boolean) =>
      read(reversed ? 'transfer.reversed' : 'transfer.created', { ...transfer, reversed });
    assert.deepEqual(paid(false), ['withdrawal', 'w', 'withdrawal:w:1', 'paid']);
    assert.deepEqual(paid(true), ['withdrawal', 'w', 'withdrawal:w:1', 'returned']);
  });

  it('are ignored where they change nothing here: of a part, of others, and of kinds we have no word for', () => {
    assert.equal(read('charge.refunded', { ...charge, refunded: false }), 'ignored');
    assert.equal(
      read('payment_intent.succeeded', { ...intent, status: 'succeeded', metadata: {} }),
      'ignored',
    );
    assert.equal(read('customer.created', { id: 'cus_1' }), 'ignored');
    assert.equal(read('payment_intent.succeeded', {}), 'malformed');
  });

  it('are counted in units of Stripe’s own, and never rounded', () => {
    const there = (minor: string, currency: string) => toStripe({ minor, currency })?.amount;
    assert.deepEqual(
      [
        there('1250', 'SEK'),
        there('1250', 'JPY'),
        there('12500', 'KWD'),
        there('1250', 'ISK'),
        there('5', 'UGX'),
      ],
      [1250, 1250, 12500, 125000, 500],
    );
    assert.equal(there('12345', 'KWD'), undefined, 'its last digit must be 0 there');
    assert.deepEqual(fromStripe(125000, 'isk'), { minor: '1250', currency: 'ISK' });
    assert.deepEqual(fromStripe(1250, 'jpy'), { minor: '1250', currency: 'JPY' });
  });

  it('of an amount that Stripe would round are a final no, before Stripe is asked', async () => {
    const money = { minor: '12345', currency: 'KWD' };
    const key = randomUUID();
    const destination = { type: 'bank', account: 'acct_1' };
    const answer = await provider.submitPayout({ key, reference: 'w', attempt: 1, money, destination });
    assert.deepEqual(answer, { outcome: 'refused', reason: 'amount_not_supported' });
  });
});
