import type { Request } from 'express';
import type { Content } from './books.ts';
import { badField, Refusal } from './refusal.ts';
import { isHttpUrl } from './settings.ts';

type Members = Readonly<Record<string, unknown>>;

const visible = /^[\x21-\x7e]+$/;

/** @throws Refusal `invalid_request` naming the member at fault, as every function here */
export function readPayment(body: unknown): Content {
  const members = asMembers(body, 'the body');
  const method = asMembers(members['method'], 'method');
  return {
    kind: 'payment',
    ...readMoney(members),
    type: readId(method['type'], 'method.type', 64),
    token: readId(method['token'], 'method.token', 128),
    returnUrl: readUrl(members['returnUrl'], 'returnUrl'),
    ...(members['expiresAt'] === undefined
      ? {}
      : { expiresAt: readInstant(members['expiresAt'], 'expiresAt') }),
    ...readWebhookUrl(members),
  };
}

export function readPayout(body: unknown): Content {
  const members = asMembers(body, 'the body');
  const destination = asMembers(members['destination'], 'destination');
  return {
    kind: 'payout',
    ...readMoney(members),
    type: readId(destination['type'], 'destination.type', 64),
    token: readId(destination['account'], 'destination.account', 128),
    attempt: members['attempt'] === undefined ? 1 : readWhole(members['attempt'], 'attempt'),
    ...readWebhookUrl(members),
  };
}

export const readRefundAmount = (body: unknown): number =>
  readWhole(asMembers(body, 'the body')['amount'], 'amount');

export function readFault(body: unknown): { mode: 'down' | 'slow' | 'ok'; forMs: number } {
  const { mode, forMs } = asMembers(body, 'the body') as { mode?: unknown; forMs?: unknown };
  if (mode !== 'down' && mode !== 'slow' && mode !== 'ok') throw badField('mode', 'down, slow or ok');
  return { mode, forMs: mode === 'ok' ? 0 : readWhole(forMs, 'forMs', 86_400_000) };
}

export const readKey = (request: Request): string =>
  readId(request.headers['idempotency-key'], 'Idempotency-Key', 255);

/** A query parameter given once, or not at all. */
export function readQuery(request: Request, name: string): string | undefined {
  const value = request.query[name];
  if (value === undefined || typeof value === 'string') return value;
  throw badField(name, 'given once');
}

/** A day of the calendar in UTC; today if none is given. */
export function readDay(request: Request): string {
  const day = readQuery(request, 'day') ?? new Date().toISOString().slice(0, 10);
  const instant = /^\d{4}-\d{2}-\d{2}$/.test(day) ? new Date(`${day}T00:00:00.000Z`) : new Date(Number.NaN);
  // `2026-02-30` is read as the 2nd of March: it has to come back as it went in.
  if (Number.isNaN(instant.getTime()) || instant.toISOString().slice(0, 10) !== day)
    throw badField('day', 'a day as YYYY-MM-DD');
  return day;
}

function asMembers(value: unknown, name: string): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Members;
  if (name !== 'the body') throw badField(name, 'an object');
  throw new Refusal('invalid_request', 'send a JSON object, with Content-Type: application/json');
}

function readMoney(members: Members): Pick<Content, 'reference' | 'amount' | 'currency'> {
  const currency = members['currency'];
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency))
    throw badField('currency', 'three capital letters');
  return {
    reference: readId(members['reference'], 'reference', 128),
    amount: readWhole(members['amount'], 'amount'),
    currency,
  };
}

function readId(value: unknown, name: string, longest: number): string {
  if (typeof value === 'string' && value.length <= longest && visible.test(value)) return value;
  throw badField(name, `1 to ${String(longest)} visible ASCII characters`);
}

function readWhole(value: unknown, name: string, most = Number.MAX_SAFE_INTEGER): number {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw badField(name, `a whole number from 1 to ${String(most)}`);
}

function readInstant(value: unknown, name: string): string {
  const instant =
    typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d/.test(value) ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(instant)) throw badField(name, 'an ISO 8601 time');
  return new Date(instant).toISOString();
}

function readUrl(value: unknown, name: string): string {
  if (typeof value === 'string' && value.length <= 2_048 && isHttpUrl(value)) return value;
  throw badField(name, 'an http or https address');
}

const readWebhookUrl = ({ webhookUrl }: { webhookUrl?: unknown }) =>
  webhookUrl === undefined ? {} : { webhookUrl: readUrl(webhookUrl, 'webhookUrl') };
