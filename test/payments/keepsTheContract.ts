import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { PaymentProvider, PaymentRequest, PayoutRequest } from '../../payments/index.ts';
import { soon } from '../simulator/parties.ts';

/** What a provider's adapter is tried with. */
export interface Bench {
  readonly provider: PaymentProvider;
  /** The same adapter, talking to something else. */
  readonly at: (url: string) => PaymentProvider;
  /** Its provider takes no calls for a while: it answers 503, or not in time. */
  readonly strike: (mode: 'down' | 'slow') => Promise<unknown>;
  readonly sign: (body: string, at: number) => Record<string, string>;
  /** What marks a webhook of a payout that was paid. */
  readonly paidWord: string;
  /** A webhook with a NUL in the event's id. */
  readonly spoilt: (raw: string) => string;
  /** The webhooks as it sent them. */
  readonly told: () => { readonly raw: string; readonly headers: Record<string, unknown> }[];
  readonly close: () => Promise<void>;
}

const money = { minor: '12500', currency: 'SEK' };
const payment = (token: string, key = randomUUID()): PaymentRequest => ({
  key,
  reference: `d-${key}`,
  money,
  method: { type: 'card', token },
  returnUrl: 'https://casino.example',
  expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
});
const payout = (account: string, key = randomUUID(), attempt = 1): PayoutRequest => ({
  key,
  reference: `wd-${key}`,
  attempt,
  money,
  destination: { type: 'bank', account },
});

/** What every adapter must do, whatever its provider: tokens and accounts are those of a test environment. */
export function keepsTheContract(name: string, open: () => Promise<Bench>) {
  describe(`the adapter of ${name}`, () => {
    let bench: Bench;
    let provider: PaymentProvider;
    before(async () => {
      bench = await open();
      ({ provider } = bench);
    });
    after(() => bench.close());

    const stateOf = async (kind: 'deposit' | 'withdrawal', key: string) => {
      const asked = await provider.ask(kind, key);
      return asked.outcome === 'known' ? asked.news.state : asked.outcome;
    };

    it('has a payment accepted, and asks for it by its key until it is captured', async () => {
      const request = payment('sim_captured');
      const answer = await provider.createPayment(request);
      assert.equal(answer.outcome, 'accepted');
      await soon(async () => (await stateOf('deposit', request.key)) === 'captured');
      const asked = await provider.ask('deposit', request.key);
      assert(asked.outcome === 'known');
      const { key, money: told, via } = asked.news;
      assert.deepEqual({ key, told, via }, { key: request.key, told: money, via: 'asked' });
    });

    it('finds by its reference what was asked for with a key, and nothing of another key', async () => {
      const [paid, sent] = [payment('sim_captured'), payout('SIM-PAID')];
      await Promise.all([provider.createPayment(paid), provider.submitPayout(sent)]);
      const ask = async (
        kind: 'deposit' | 'withdrawal',
        { reference }: PaymentRequest | PayoutRequest,
        key: string,
      ) => {
        const asked = await provider.askByReference(kind, reference, key);
        return asked.outcome === 'known' ? asked.news.key : asked.outcome;
      };
      assert.equal(await ask('deposit', paid, paid.key), paid.key);
      assert.equal(await ask('withdrawal', sent, sent.key), sent.key);
      assert.equal(await ask('deposit', paid, randomUUID()), 'not_found');
      assert.equal(await ask('withdrawal', sent, randomUUID()), 'not_found');
    });

    it('sends one payout for a key, however often it is asked for', async () => {
      const request = payout('SIM-PAID');
      const answers = await Promise.all(Array.from({ length: 10 }, () => provider.submitPayout(request)));
      const references = new Set(
        answers.map((a) => (a.outcome === 'accepted' ? a.providerReference : a.outcome)),
      );
      assert.equal(references.size, 1);
      await soon(async () => (await stateOf('withdrawal', request.key)) === 'paid');
    });

    it('tells a final no by its reason', async () => {
      assert.deepEqual(await provider.submitPayout(payout('SIM-REFUSED')), {
        outcome: 'refused',
        reason: 'account_closed',
      });
    });

    it('knows nothing of silence: neither taken nor refused', async () => {
      const [taken, lost] = [payout('SIM-TIMEOUT-TAKEN'), payout('SIM-TIMEOUT-LOST')];
      assert.equal((await provider.submitPayout(taken)).outcome, 'unknown');
      assert.equal((await provider.submitPayout(lost)).outcome, 'unknown');
      assert.notEqual(await stateOf('withdrawal', taken.key), 'not_found');
      assert.equal(await stateOf('withdrawal', lost.key), 'not_found');
    });

    it('answers where a payment stands when it is cancelled, and not found where nobody knows it', async () => {
      const request = payment('sim_abandoned');
      await provider.createPayment(request);
      const asked = await provider.cancelPayment(request.key);
      assert.equal(asked.outcome === 'known' && asked.news.state, 'declined');
      assert.deepEqual(await provider.cancelPayment('nobody knows it'), { outcome: 'not_found' });
    });

    it('gives a part of a captured payment back once for a key, and never more than came', async () => {
      const request = payment('sim_captured');
      const taken = await provider.createPayment(request);
      assert(taken.outcome === 'accepted');
      await soon(async () => (await stateOf('deposit', request.key)) === 'captured');
      const { providerReference } = taken;
      const refund = (minor: string, key = randomUUID()) =>
        provider.refundPayment({ key, providerReference, money: { minor, currency: 'SEK' } });
      const key = randomUUID();
      const first = await refund('2500', key);
      assert.equal(first.outcome, 'accepted');
      assert.deepEqual(await refund('2500', key), first);
      assert.deepEqual(await refund('10001'), { outcome: 'refused', reason: 'refund_exceeds_captured' });
      assert.equal((await refund('10000')).outcome, 'accepted');
      assert.equal(await stateOf('deposit', request.key), 'refunded');
      assert.deepEqual(await refund('1'), { outcome: 'refused', reason: 'not_refundable' });
    });

    it('takes no status, no nonsense and no foreign answer for a final no', async () => {
      const answers: [number, string][] = [
        [422, ''],
        [422, '{"state":"refused"}'],
        [404, '{"error":"no such page"}'],
        [401, '{}'],
        [500, '<html>'],
        [200, '{"state":"paid"}'],
        [200, 'null'],
      ];
      for (const [status, body] of answers) {
        const server = createServer((request, response) => {
          request.resume();
          response.writeHead(status, { 'content-type': 'application/json' }).end(body);
        }).listen(0, '127.0.0.1');
        await new Promise((resolve) => server.once('listening', resolve));
        const foreign = bench.at(`http://127.0.0.1:${String((server.address() as AddressInfo).port)}`);
        const said = `${String(status)} ${body}`;
        assert.equal((await foreign.submitPayout(payout('SIM-PAID'))).outcome, 'unknown', said);
        assert.equal((await foreign.createPayment(payment('sim_captured'))).outcome, 'unknown', said);
        assert.equal((await foreign.ask('withdrawal', 'k')).outcome, 'silent', said);
        const refund = { key: 'k', providerReference: 'p', money };
        assert.equal((await foreign.refundPayment(refund)).outcome, 'unknown', said);
        server.close();
        server.closeAllConnections();
      }
      const nobody = bench.at('http://127.0.0.1:1');
      assert.equal((await nobody.submitPayout(payout('SIM-PAID'))).outcome, 'unknown');
      assert.equal((await nobody.ask('deposit', 'k')).outcome, 'silent');
    });

    it('reads its own webhooks, and no other', async () => {
      const request = payout('SIM-PAID');
      await provider.submitPayout(request);
      await soon(() =>
        bench.told().some(({ raw }) => raw.includes(request.key) && raw.includes(bench.paidWord)),
      );
      const told = bench.told().find(({ raw }) => raw.includes(request.key) && raw.includes(bench.paidWord));
      assert(told !== undefined);
      const read = (raw: string, headers: Record<string, unknown>) =>
        provider.readWebhook(Buffer.from(raw), headers as Record<string, string>);
      const event = read(told.raw, told.headers);
      assert(typeof event === 'object');
      assert.deepEqual(
        [event.kind, event.reference, event.news.key, event.news.state, event.news.money, event.news.via],
        ['withdrawal', request.reference, request.key, 'paid', money, 'webhook'],
      );
      const now = Math.floor(Date.now() / 1_000);
      assert.equal(read(told.raw.replace('12500', '92500'), told.headers), 'forged');
      assert.equal(read(told.raw, {}), 'forged');
      assert.equal(read(told.raw, bench.sign(told.raw, now - 3_600)), 'forged', 'an hour old');
      assert.equal(read(told.raw, bench.sign(told.raw, now + 3_600)), 'forged', 'an hour ahead');
      assert.deepEqual(read(told.raw, bench.sign(told.raw, now)), event);
      // Postgres keeps no NUL: it could not be stored, and would be sent again for ever.
      const unkeepable = bench.spoilt(told.raw);
      assert.notEqual(unkeepable, told.raw);
      for (const nonsense of [
        '',
        'null',
        '[]',
        '{"eventId":"e"}',
        told.raw.replace(/"SEK"/i, '7'),
        unkeepable,
      ])
        assert.equal(read(nonsense, bench.sign(nonsense, now)), 'malformed', nonsense);
    });

    it('knows nothing while its provider is down or slow', async () => {
      for (const mode of ['down', 'slow'] as const) {
        await bench.strike(mode);
        assert.equal((await provider.submitPayout(payout('SIM-PAID'))).outcome, 'unknown', mode);
        assert.equal((await provider.ask('withdrawal', 'k')).outcome, 'silent', mode);
      }
    });
  });
}
