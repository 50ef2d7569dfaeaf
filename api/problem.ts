import { PROBLEMS, type ProblemCode, type Refusal } from '../contract/codes.ts';
import { format } from '../money/index.ts';

export interface FieldError {
  /** A JSON pointer into the body, or the name of a path or query parameter after a slash. */
  readonly pointer: string;
  readonly detail: string;
  readonly code?: ProblemCode;
}

interface Extra {
  readonly errors?: readonly FieldError[];
  /** Further members of the problem document, such as `state` and `allowedActions`. */
  readonly members?: Readonly<Record<string, unknown>>;
  readonly headers?: Readonly<Record<string, string>>;
  /** The id was refused with this before. */
  readonly replayed?: boolean;
}

/** An answer that is a problem: RFC 9457. Thrown anywhere in a request, written by app.ts. */
export class Problem extends Error {
  readonly code: ProblemCode;
  readonly extra: Extra;

  constructor(code: ProblemCode, detail: string, extra: Extra = {}) {
    super(detail);
    this.code = code;
    this.extra = extra;
  }

  document(traceId: string): Record<string, unknown> {
    const [status, title] = PROBLEMS[this.code];
    const { errors, members } = this.extra;
    return {
      ...members,
      type: `urn:countroom:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(errors === undefined ? {} : { errors }),
      traceId,
    };
  }
}

/** A room's refusal as an answer, in the words of `DETAILS`; the facts travel beside them for machines. */
export function problemOf(refusal: Refusal, replayed = false): Problem {
  const facts = refusal.facts ?? {};
  return new Problem(refusal.code, DETAILS[refusal.code](facts), {
    replayed,
    ...(refusal.errors === undefined ? {} : { errors: refusal.errors }),
    ...(Object.keys(facts).length === 0 ? {} : { members: { facts } }),
  });
}

type Facts = Readonly<Record<string, unknown>>;

const text = (fact: unknown) =>
  typeof fact === 'string' || typeof fact === 'number' ? String(fact) : JSON.stringify(fact);

/** The fact named, in a sentence of its own; nothing where there is none. */
const and = (facts: Facts, name: string, sentence: (fact: string) => string) =>
  name in facts ? ` ${sentence(text(facts[name]))}` : '';

/** The ledger's facts of a refused posting: `account` ends with the currency, amounts are minor units. */
function money({ account, available, amount }: Facts): { has: string; asked: string } | undefined {
  const currency = typeof account === 'string' ? account.slice(account.lastIndexOf(':') + 1) : undefined;
  if (currency === undefined || available === undefined || amount === undefined) return undefined;
  const words = (minor: unknown) => format({ minor: text(minor), currency });
  return { has: words(available), asked: words(amount) };
}

/** What a person should read, with the remedy. Every code has its words, or the build fails. */
const DETAILS: Record<ProblemCode, (facts: Facts) => string> = {
  unauthenticated: () => 'Send valid credentials as `Authorization: Bearer …`.',
  rate_limited: () => 'Too many requests. Send the same again in a moment.',
  forbidden: (facts) =>
    facts['reason'] === undefined ? 'Your role may not do this.' : text(facts['reason']),
  not_found: () => 'There is no such thing, or it is not yours.',
  method_not_allowed: () => 'This address does not take this method.',
  payload_too_large: () => 'The body is too large. Send it in several calls.',
  unsupported_media_type: () => 'Send the body as `Content-Type: application/json`.',
  invalid_request: () => 'The request does not fit; `errors` names each bad field.',
  idempotency_conflict: () =>
    'This id was used before with other content. Send the first content again, or take a new id.',
  player_unknown: () =>
    'The player is not registered. Register with PUT /v1/players/{playerId}, then send the same again.',
  unknown_currency: (facts) =>
    `This currency is not configured here.${and(facts, 'configured', (list) => `Configured are ${list}.`)}`,
  currency_mismatch: () =>
    'The player holds no account in this currency, or a pot named is of another. Add the currency with PUT /v1/players/{playerId}, then take a new id.',
  wager_unknown: () => 'A wager named is not known (yet). Send the same again once it is placed.',
  round_closed: () => 'The round is closed, or closing: it takes no more of this.',
  round_voided: () => 'The round was voided: it takes no more of this.',
  wager_rolled_back: () => 'The wager was rolled back: it can win nothing any more.',
  wager_settled: () => 'The wager is settled. Correct it by a void or a resettlement.',
  invalid_state: (facts) =>
    'reason' in facts ? text(facts['reason']) : 'This does not fit the present state.',
  player_blocked: (facts) =>
    `The player is blocked.${and(facts, 'kind', (kind) => `Kind of block: ${kind}.`)}${and(facts, 'until', (until) => `Until ${until}.`)}`,
  limit_required({ limits = [] }) {
    const missing = (limits as Record<'kind' | 'period', string>[]).map(
      (one) => `${one.kind} a ${one.period}`,
    );
    return `A limit must be set first. Missing: ${missing.join(', ')}.`;
  },
  limit_exceeded({ kind, period, currency, limit, left, until }) {
    if (kind === undefined) return 'A limit of the player would be exceeded.';
    const words = (minor: unknown) => format({ minor: text(minor), currency: text(currency) });
    const more = typeof until === 'string' ? ` There is more room at ${until}.` : '';
    return `The ${text(kind)} limit is ${words(limit)} a ${text(period)}, and ${words(left)} of it is left.${more}`;
  },
  no_provider: () => 'No configured payment provider takes this amount, currency and method for this player.',
  amount_too_large: () => "The player's balance would go past 2^53-1 minor units.",
  insufficient_funds(facts) {
    const known = money(facts);
    return known === undefined
      ? 'There is not enough money.'
      : `There is ${known.has}, and ${known.asked} is asked for.`;
  },
  internal: () => 'Something broke on our side. Send the same again, with the same id.',
  unavailable: () => 'Not available just now. Send the same again, with the same id.',
};
