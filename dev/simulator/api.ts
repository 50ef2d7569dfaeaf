import { createHash, timingSafeEqual } from 'node:crypto';
import { Router, type Request, type RequestHandler, type Response } from 'express';
import {
  ACCOUNT_CLOSED,
  depositBehaviour,
  withdrawalBehaviour,
  type Behaviour,
  type Kind,
} from './behaviours.ts';
import { present, type Books, type Content, type Item } from './books.ts';
import type { Desk } from './desk.ts';
import { readKey, readPayment, readPayout, readQuery, readRefundAmount } from './input.ts';
import { badField, Refusal } from './refusal.ts';
import { itemView, refundView } from './views.ts';

const PENDING = { state: 'pending', reason: null } as const;
const REFUSED = { state: 'refused', reason: ACCOUNT_CLOSED } as const;
const CONFLICT = 'this Idempotency-Key came with other content before';

export interface ApiParts {
  readonly name: string;
  readonly url: string;
  readonly books: Books;
  readonly desk: Desk;
  /** Answers once all that was done is on disk. */
  readonly answer: (response: Response, status: number, body: object) => Promise<void>;
  /** Never answers. */
  readonly hang: (response: Response) => void;
}

/** What a merchant calls: payments, payouts, and questions about them. */
export function apiRoutes(parts: ApiParts): Router {
  const { url, books, desk, answer } = parts;
  const router = Router();
  const known = ({ params }: Request, kind: Kind): Item => {
    const item = books.item(kind, String(params['id']));
    if (item === undefined) throw new Refusal('not_found', `there is no such ${kind}`);
    return item;
  };
  router.post('/payments', (request, response) => take(parts, request, response, readPayment(request.body)));
  router.post('/payouts', (request, response) => take(parts, request, response, readPayout(request.body)));
  router.get('/payments', (request, response) => answer(response, 200, found(parts, request, 'payment')));
  router.get('/payouts', (request, response) => answer(response, 200, found(parts, request, 'payout')));
  router.get('/payments/:id', (request, response) =>
    answer(response, 200, itemView(known(request, 'payment'), url)),
  );
  router.get('/payouts/:id', (request, response) =>
    answer(response, 200, itemView(known(request, 'payout'), url)),
  );
  router.post('/payments/:id/refund', (request, response) =>
    refund(parts, request, response, known(request, 'payment')),
  );
  router.post('/payments/:id/cancel', async (request, response) => {
    const payment = known(request, 'payment');
    const { state } = present(payment);
    const pending = state === 'pending' && depositBehaviour(payment.token).late !== true;
    if (!pending && state !== 'declined' && state !== 'cancelled') {
      const message = state === 'pending' ? 'the player is at the bank' : `the payment is ${state}`;
      throw new Refusal('not_cancellable', message, { payment: itemView(payment, url) });
    }
    await answer(response, 200, itemView(pending ? await desk.cancel(payment) : payment, url));
  });
  return router;
}

/** Lets through who knows the API key. */
export function requireKey(apiKey: string): RequestHandler {
  const digest = (text: string) => createHash('sha256').update(text).digest();
  const expected = digest(`Bearer ${apiKey}`);
  return (request, _response, next) => {
    if (!timingSafeEqual(digest(request.headers.authorization ?? ''), expected)) {
      throw new Refusal('unauthorized', 'send the API key as Authorization: Bearer <key>');
    }
    next();
  };
}

/** Takes a new payment or payout the way its token says, or answers a known one again. */
async function take(parts: ApiParts, request: Request, response: Response, content: Content): Promise<void> {
  const { name, url, books, desk, answer, hang } = parts;
  const key = readKey(request);
  const known = books.byKey(content.kind, key);
  if (known !== undefined) {
    if (!sameContent(known, content)) throw new Refusal('idempotency_conflict', CONFLICT);
    await answer(response, refusedAtOnce(known) ? 422 : 200, itemView(known, url));
    return;
  }
  const behaviour = behaviourOf(name, books, content);
  const { arrival } = behaviour;
  const stumble = `${content.token} ${content.reference}`;
  if (typeof arrival === 'object' && books.tries(stumble) < arrival.times) {
    await books.write({ type: 'tried', what: stumble });
    if (arrival.lost === 'unavailable') throw new Refusal('unavailable', 'out of service, send it again');
    hang(response);
    return;
  }
  const refused = arrival === 'refuse';
  const begin = refused ? REFUSED : PENDING;
  // No await lies between the look for the key and this: a second request with the key finds the first one's item.
  const item = await desk.open(key, content, behaviour, begin);
  if (arrival === 'take_and_hang') hang(response);
  else await answer(response, refused ? 422 : 201, itemView(item, url));
}

function behaviourOf(
  provider: string,
  books: Books,
  { kind, token, reference, attempt }: Content,
): Behaviour {
  if (kind === 'payment') return depositBehaviour(token);
  const before = books.byReference(reference).some((item) => item.kind === 'payout');
  return withdrawalBehaviour(token, provider, attempt === 1 && !before);
}

async function refund(
  { url, books, desk, answer }: ApiParts,
  request: Request,
  response: Response,
  payment: Item,
): Promise<void> {
  const key = readKey(request);
  const amount = readRefundAmount(request.body);
  const known = books.refund(key);
  if (known !== undefined) {
    if (known.paymentId !== payment.id || known.amount !== amount) {
      throw new Refusal('idempotency_conflict', CONFLICT);
    }
    await answer(response, 200, refundView(known, payment, url));
    return;
  }
  const { state } = present(payment);
  if (state !== 'captured')
    throw new Refusal('not_refundable', `the payment is ${state}`, { payment: itemView(payment, url) });
  const left = payment.amount - payment.refundedAmount;
  if (amount > left)
    throw new Refusal('refund_exceeds_captured', `${String(left)} is left to refund`, {
      payment: itemView(payment, url),
    });
  const made = await desk.refund(payment, key, amount);
  await answer(response, 201, refundView(made, books.item('payment', payment.id) ?? payment, url));
}

function found({ url, books }: ApiParts, request: Request, kind: Kind): object {
  const key = readQuery(request, 'key');
  const reference = readQuery(request, 'reference');
  if (key === undefined && reference === undefined) throw badField('key', 'given, or reference');
  const items =
    key === undefined ? books.byReference(reference ?? '') : [books.byKey(kind, key) ?? []].flat();
  const fits = items.filter(
    (item) => item.kind === kind && (reference === undefined || item.reference === reference),
  );
  return { items: fits.map((item) => itemView(item, url)) };
}

const refusedAtOnce = (item: Item): boolean => item.history[0]?.state === 'refused';

function sameContent(known: Item, content: Content): boolean {
  const members = [
    'reference',
    'amount',
    'currency',
    'type',
    'token',
    'attempt',
    'returnUrl',
    'expiresAt',
    'webhookUrl',
  ] as const;
  return members.every((member) => known[member] === content[member]);
}
