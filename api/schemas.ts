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

const whole = z
  .number({ error: 'must be a whole number of minor units, such as 1250 for 12.50' })
  .int('must be a whole number of minor units, without a fraction')
  .max(MAX, 'must be at most 9007199254740991 (2^53-1)');

/** Whole minor units, at least 1. */
export const amount = whole
  .positive('must be more than 0')
  .meta({ description: 'Whole minor units: 1250 is 12.50 SEK', example: 1250 });

/** Whole minor units; 0 is legal: a free round, a loss. */
export const amountOrZero = whole
  .nonnegative('must not be negative')
  .meta({ description: 'Whole minor units, 0 allowed', example: 0 });

/** Whole minor units, not 0; negative where it takes. */
export const signedAmount = whole
  .min(-MAX, 'must be at least -9007199254740991')
  .refine((value) => value !== 0, 'must not be 0')
  .meta({ description: 'Whole minor units, negative where it takes', example: -1250 });

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
  throw new Problem(
    'unknown_currency',
    `${code} is not configured here; configured are ${config.currencies.join(', ')}.`,
    {
      errors: [{ pointer, detail: `must be one of ${config.currencies.join(', ')}` }],
    },
  );
}

/** A few words by a person. Postgres holds no NUL and no half of a character. */
export const freeText = z
  .string()
  .min(1, 'must not be empty')
  .max(500, 'must be at most 500 characters')
  .refine(
    (value) => value.isWellFormed() && !/\p{Cc}/u.test(value),
    'must be well-formed text without control characters',
  );

/** A whole number in a query, where everything is text; `Number` would take '' for 0 and '0x10' for 16. */
const wholeText = (pattern: RegExp, message: string, minimum: number, maximum: number) =>
  z
    .string()
    .regex(pattern, message)
    .transform(Number)
    .meta({
      override: ({ jsonSchema }: { jsonSchema: { pattern?: string } }) => {
        delete jsonSchema.pattern;
        Object.assign(jsonSchema, { type: 'integer', minimum, maximum });
      },
    });

export const limit = wholeText(
  /^([1-9]\d?|1\d\d|200)$/,
  'must be a whole number from 1 to 200',
  1,
  200,
).default(50);

/** A length of time in a query. */
export const seconds = wholeText(/^\d{1,9}$/, 'must be a whole number of seconds', 0, 999_999_999);

const opaque = z
  .string()
  .max(1_000)
  .regex(/^[A-Za-z0-9_-]+$/, 'must be a nextCursor from an earlier page');

const isStorable = (part: unknown): part is string =>
  typeof part === 'string' && part.isWellFormed() && !part.includes('\0');

/** A list is paged by key; the cursor hides which. */
export const cursor = opaque.transform((value, context): string[] => {
  try {
    const parsed = JSON.parse(Buffer.from(value, 'base64url').toString()) as unknown;
    if (Array.isArray(parsed) && parsed.every(isStorable)) return parsed;
  } catch {
    // told below
  }
  context.addIssue({ code: 'custom', message: 'must be a nextCursor from an earlier page' });
  return z.NEVER;
});

const PG_TIME = /^(\d{4,6}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d{1,6})?)([+-]\d\d)(:\d\d)?$/;

/** The cursor of a list in order of time: a timestamptz as Postgres writes it, with its microseconds, and an id. */
export const timeCursor = cursor.refine(([at = '', id, ...rest]) => {
  const [match, day = '', time = '', hours = '', minutes = ':00'] = PG_TIME.exec(at) ?? [];
  const isTime = match !== undefined && !Number.isNaN(Date.parse(`${day}T${time}${hours}${minutes}`));
  return isTime && id !== undefined && rest.length === 0;
}, 'must be a nextCursor from an earlier page');

/** Refuses a cursor that is one, but not of this list. */
export function refuseCursor(): never {
  throw new Problem('invalid_request', 'The cursor is not of this list.', {
    errors: [{ pointer: '/cursor', detail: 'must be a nextCursor from an earlier page' }],
  });
}

export const cursorOf = (...key: readonly string[]): string =>
  Buffer.from(JSON.stringify(key)).toString('base64url');

/** In UTC, with the fraction as it came: Postgres knows neither a year 0 nor the zone +23:00, which ISO 8601 has. */
const inUtc = (value: string) => {
  const finer = /\.(\d{4,})/.exec(value)?.[1];
  const utc = new Date(value).toISOString();
  return finer === undefined ? utc : utc.replace(/\.\d+/, `.${finer}`);
};

export const instant = z.iso
  .datetime({ offset: true, error: 'must be an ISO 8601 time with its zone, such as 2026-11-23T10:00:00Z' })
  .refine((value) => {
    const at = Date.parse(value);
    return at >= Date.parse('0001-01-01T00:00:00Z') && at < Date.parse('+010000-01-01T00:00:00Z');
  }, 'must be a time that exists, of the years 1 to 9999')
  .transform(inUtc)
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
    errors: z
      .array(z.object({ pointer: z.string(), detail: z.string(), code: z.string().optional() }))
      .optional(),
    traceId: z.string(),
  })
  .meta({ id: 'Problem', description: 'RFC 9457. Branch on `code`; `errors` name each bad field.' });
