export type RefusalCode =
  | 'invalid_request'
  | 'unauthorized'
  | 'not_found'
  | 'idempotency_conflict'
  | 'not_cancellable'
  | 'payload_too_large'
  | 'not_refundable'
  | 'refund_exceeds_captured'
  | 'unavailable';

const STATUS = {
  invalid_request: 400,
  unauthorized: 401,
  not_found: 404,
  idempotency_conflict: 409,
  not_cancellable: 409,
  payload_too_large: 413,
  not_refundable: 422,
  refund_exceeds_captured: 422,
  unavailable: 503,
} as const satisfies Record<RefusalCode, number>;

/** An answer that says no: `{code, message}` and what belongs to it. */
export class Refusal extends Error {
  readonly code: RefusalCode;
  readonly facts: Readonly<Record<string, unknown>>;

  constructor(code: RefusalCode, message: string, facts: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.code = code;
    this.facts = facts;
  }

  get status(): number {
    return STATUS[this.code];
  }
}

/** A member, header or parameter that is missing or wrong. */
export const badField = (field: string, expected: string): Refusal =>
  new Refusal('invalid_request', `${field} must be ${expected}`, { field });
