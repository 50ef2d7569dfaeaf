import { verify } from 'node:crypto';
import type { ProblemCode } from '../../contract/codes.ts';
import type { OperationStatus } from '../../contract/rounds.ts';
import type { StepOutcome } from '../../rounds/index.ts';
import { headerOf, type Dialect } from './dialect.ts';

/** The status of a refusal or a fault, and whether the same call may come again. */
export const STATUSES: Readonly<Record<ProblemCode, { status: string; retry: boolean }>> = {
  unauthenticated: { status: 'ERROR_SIGNATURE', retry: true },
  rate_limited: { status: 'ERROR_TOO_MANY_CALLS', retry: true },
  forbidden: { status: 'ERROR_NOT_ALLOWED', retry: false },
  not_found: { status: 'ERROR_BET_UNKNOWN', retry: true },
  method_not_allowed: { status: 'ERROR_REQUEST', retry: false },
  payload_too_large: { status: 'ERROR_REQUEST', retry: false },
  unsupported_media_type: { status: 'ERROR_REQUEST', retry: false },
  invalid_request: { status: 'ERROR_REQUEST', retry: false },
  idempotency_conflict: { status: 'ERROR_ID_USED_BEFORE', retry: false },
  player_unknown: { status: 'ERROR_PLAYER_UNKNOWN', retry: true },
  unknown_currency: { status: 'ERROR_CURRENCY', retry: false },
  currency_mismatch: { status: 'ERROR_CURRENCY', retry: false },
  wager_unknown: { status: 'ERROR_BET_UNKNOWN', retry: true },
  round_closed: { status: 'ERROR_ROUND_ENDED', retry: false },
  round_voided: { status: 'ERROR_ROUND_ENDED', retry: false },
  wager_rolled_back: { status: 'ERROR_BET_ROLLED_BACK', retry: false },
  wager_settled: { status: 'ERROR_BET_SETTLED', retry: false },
  invalid_state: { status: 'ERROR_NOT_POSSIBLE', retry: false },
  player_blocked: { status: 'ERROR_PLAYER_BLOCKED', retry: false },
  limit_required: { status: 'ERROR_LIMIT', retry: false },
  limit_exceeded: { status: 'ERROR_LIMIT', retry: false },
  no_provider: { status: 'ERROR_NO_PROVIDER', retry: false },
  amount_too_large: { status: 'ERROR_AMOUNT_TOO_LARGE', retry: false },
  insufficient_funds: { status: 'ERROR_NOT_ENOUGH_MONEY', retry: false },
  internal: { status: 'ERROR_TRY_AGAIN', retry: true },
  unavailable: { status: 'ERROR_TRY_AGAIN', retry: true },
};

/** The status of a bet or a rollback that was taken: all is well, whether money moved or there was nothing to move. */
export const OUTCOMES: Readonly<Record<StepOutcome, 'OK'>> = { applied: 'OK', noop: 'OK', tombstoned: 'OK' };

/** The status of a win that was not refused. `PENDING`: send it again, it becomes `OK` or an error. */
export const SETTLED: Readonly<Record<Exclude<OperationStatus, 'refused'>, 'OK' | 'PENDING'>> = {
  requested: 'PENDING',
  running: 'PENDING',
  needs_attention: 'PENDING',
  done: 'OK',
};

/** A bet that was taken and comes again, of a client that wants to be told so. */
export const DUPLICATE = 'ERROR_DUPLICATE_BET';

export const ALL_STATUSES = [
  ...new Set([
    ...Object.values(OUTCOMES),
    ...Object.values(SETTLED),
    DUPLICATE,
    ...Object.values(STATUSES).map(({ status }) => status),
  ]),
];

export const callsDialect: Dialect = {
  name: 'calls',
  signature: {
    header: 'X-Calls-Signature',
    description:
      "The RSA-SHA256 signature (PKCS #1 v1.5) of the raw body, in base64, by the aggregator's private key",
  },
  isSigned({ publicKey }, headers, rawBody) {
    const base64 = /^[A-Za-z0-9+/]{16,2048}={0,2}$/.exec(
      headerOf(headers, callsDialect.signature.header),
    )?.[0];
    if (publicKey === null || base64 === undefined) return false;
    return verify('RSA-SHA256', rawBody, publicKey, Buffer.from(base64, 'base64'));
  },
  tell({ code, message, extra: { errors } }) {
    return { status: 200, body: { ...STATUSES[code], message, ...(errors === undefined ? {} : { errors }) } };
  },
};
