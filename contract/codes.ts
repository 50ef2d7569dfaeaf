/**
 * Every problem code of the API with its HTTP status, in order of precedence: when several apply, the first is
 * answered. The text beside a code is its `title`.
 */
export const PROBLEMS = {
  unauthenticated: [401, 'Credentials are missing or wrong'],
  rate_limited: [429, 'Too many requests'],
  forbidden: [403, 'Your role may not do this'],
  not_found: [404, 'There is no such thing'],
  method_not_allowed: [405, 'This address does not take this method'],
  payload_too_large: [413, 'The body is too large'],
  unsupported_media_type: [415, 'The body must be of the documented media type'],
  invalid_request: [400, 'The request does not fit the contract'],
  idempotency_conflict: [409, 'This id was used before with other content'],
  player_unknown: [422, 'The player is not registered'],
  unknown_currency: [422, 'The currency is not configured here'],
  currency_mismatch: [422, 'The player does not hold this currency'],
  wager_unknown: [422, 'The wager is not known'],
  round_closed: [409, 'The round is closed'],
  round_voided: [409, 'The round is voided'],
  wager_rolled_back: [409, 'The wager was rolled back'],
  wager_settled: [409, 'The wager is settled'],
  invalid_state: [409, 'This does not fit the present state'],
  player_blocked: [422, 'The player is blocked'],
  limit_required: [422, 'A limit must be set first'],
  limit_exceeded: [422, 'A limit would be exceeded'],
  no_provider: [422, 'No payment provider takes this payment'],
  amount_too_large: [422, 'The amount is too large'],
  insufficient_funds: [422, 'There is not enough money'],
  internal: [500, 'Something broke on our side'],
  unavailable: [503, 'Not available just now; send the same again'],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof PROBLEMS;

/** A rule said no: final data, not an exception. `facts` are ids and amounts, never a sentence to parse. */
export interface Refusal {
  readonly code: ProblemCode;
  readonly facts?: Readonly<Record<string, unknown>>;
  /** Each bad item of a list, where there is one. */
  readonly errors?: readonly { pointer: string; code?: ProblemCode; detail: string }[];
}
