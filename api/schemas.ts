import { z } from 'zod';
import { isCurrency } from '../money/index.ts';
import { Problem } from './problem.ts';
import type { Services } from './route.ts';

const MAX = Number.MAX_SAFE_INTEGER;

/** Ids that callers choose. */
export const callerId = z
  .string()
  .regex(/^[\x21-\x7e]{1,128}$/, 'must be 1 to 128 visible ASCII characters, without spaces')
  .meta({ description: '1 to 128 visible ASCII characters' });

const whole = z.number({ error: 'must be a whole number of minor units, such as 1250 for 12.50' }).int('must be a whole number of minor units, without a fraction').max(MAX, 'must be at most 9007199254740991 (2^53-1)');

/** Whole minor units, at least 1. */
export const amount = whole.positive('must be more than 0').meta({ description: 'Whole minor units: 1250 is 12.50 SEK', example: 1250 });

/** Whole minor units; 0 is legal: a free round, a loss. */
export const amountOrZero = whole.nonnegative('must not be negative').meta({ description: 'Whole minor units, 0 allowed', example: 0 });

export const currency = z
  .string()
  .refine(isCurrency, 'must be a currency code of three to five capital letters, such as SEK')
  .meta({ description: 'ISO 4217 code', pattern: '^[A-Z]{3,5}$', example: 'SEK' });

/** What the configuration has against a well-formed code: for calls that move money, where the id's first outcome comes before. */
export const objectionTo = ({ config }: Services, code: string): 'unknown_currency' | null =>
  config.currencies.includes(code) ? null : 'unknown_currency';

/** Refuses a well-formed code that this installation is not configured for. */
export function requireCurrency({ config }: Services, code: string, pointer = '/currency'): void {
  if (config.currencies.includes(code)) return;
  throw new Problem('unknown_currency', `${code} is not configured here; configured are ${config.currencies.join(', ')}.`, {
    errors: [{ pointer, detail: `must be one of ${config.currencies.join(', ')}` }],
  });
}

/** A few words by a person. Postgres holds no NUL and no half of a character. */
export const freeText = z
  .string()
  .min(1, 'must not be empty')
  .max(500, 'must be at most 500 characters')
  .refine((value) => value.isWellFormed() && !/\p{Cc}/u.test(value), 'must be well-formed text without control characters');

export const limit = z
  .string()
  .regex(/^([1-9]\d?|1\d\d|200)$/, 'must be a whole number from 1 to 200')
  .transform(Number)
  .default(50)
  .meta({ description: 'Items of a page', override: ({ jsonSchema }: { jsonSchema: { pattern?: string } }) => {
      delete jsonSchema.pattern;
      Object.assign(jsonSchema, { type: 'integer', minimum: 1, maximum: 200 });
    },
  });

const opaque = z.string().max(1_000).regex(/^[A-Za-z0-9_-]+$/, 'must be a nextCursor from an earlier page');

/** A list is paged by key; the cursor hides which. */
export const cursor = opaque.transform((value, context): string[] => {
  try {
    const parsed: unknown = JSON.parse(Buffer.from(value, 'base64url').toString());
    if (Array.isArray(parsed) && parsed.every((part) => typeof part === 'string' && part.isWellFormed() && !part.includes('\0'))) return parsed;
  } catch {
    // told below
  }
  context.addIssue({ code: 'custom', message: 'must be a nextCursor from an earlier page' });
  return z.NEVER;
});

/** Refuses a cursor that is one, but not of this list. */
export function refuseCursor(): never {
  throw new Problem('invalid_request', 'The cursor is not of this list.', {
    errors: [{ pointer: '/cursor', detail: 'must be a nextCursor from an earlier page' }],
  });
}

export const cursorOf = (...key: readonly string[]): string => Buffer.from(JSON.stringify(key)).toString('base64url');

export const instant = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with its zone, such as 2026-11-23T10:00:00Z' })
  .refine((value) => !Number.isNaN(Date.parse(value)), 'must be a time that exists')
  .meta({ example: '2026-11-23T10:00:00.000Z' });

export const nullable = <T extends z.ZodType>(inner: T) => z.union([inner, z.null()]);

/** The problem document, as the OpenAPI document shows it. */
export const problemDocument = z
  .object({
    type: z.string(),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    code: z.string(),
    errors: z.array(z.object({ pointer: z.string(), detail: z.string(), code: z.string().optional() })).optional(),
    traceId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Branch on `code`; `errors` name each bad field.' });
