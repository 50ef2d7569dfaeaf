import { z } from 'zod';

const milliseconds = (fallback: number) =>
  z.coerce.number().int().positive().max(86_400_000).default(fallback);
const port = z.coerce.number().int().min(1).max(65_535);

const common = {
  name: z.string().regex(/^[a-z][a-z0-9-]{0,31}$/),
  apiKey: z.string().min(8),
  webhookSecret: z.string().min(8),
  /** Takes nothing new; what is under way with it goes on. */
  off: z.boolean().default(false),
  /** What it is for; where a list is left out, for all of them. */
  kinds: z.array(z.enum(['deposit', 'withdrawal'])).optional(),
  currencies: z.array(z.string()).optional(),
  jurisdictions: z.array(z.string()).optional(),
  /** Of a deposit, or types of a withdrawal's destination. */
  methods: z.array(z.string()).optional(),
  /** In major units, both included. */
  minMajor: z.int().nonnegative().optional(),
  maxMajor: z.int().positive().optional(),
};
const provider = z.union([
  z.strictObject({ ...common, adapter: z.literal('simulator').default('simulator'), url: z.url() }),
  z.strictObject({ ...common, adapter: z.literal('stripe'), url: z.url().optional() }),
]);

/** Text holding JSON, parsed before the inner schema looks at it. */
const json = <T extends z.ZodType>(inner: T) =>
  z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue({ code: 'custom', message: 'is not valid JSON' });
        return z.NEVER;
      }
    })
    .pipe(inner);

const environment = z.object({
  /** The application's role: may execute functions and select. */
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }),
  /** The owner's role, for migrations alone. */
  COUNTROOM_OWNER_DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  COUNTROOM_POOL_SIZE: z.coerce.number().int().min(1).max(200).default(10),
  TEMPORAL_ADDRESS: z
    .string()
    .regex(/^[^:]+:\d+$/, 'must be host:port')
    .default('127.0.0.1:7233'),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  /** Where people open workflows; links in answers point here. */
  TEMPORAL_UI_URL: z.url().default('http://127.0.0.1:8233'),
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: port.default(8080),
  COUNTROOM_METRICS_PORT: port.optional(),
  COUNTROOM_LOG_LEVEL: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']).default('info'),
  /** ISO 4217 codes that players may hold, separated by commas. */
  COUNTROOM_CURRENCIES: z
    .string()
    .regex(/^[A-Z]{3,5}(,[A-Z]{3,5})*$/, 'must be currency codes separated by commas')
    .default('SEK,EUR,GBP,USD,DKK,NOK,JPY,KWD')
    .transform((list) => list.split(',')),
  /** Payment providers in the order they are tried, as a JSON array: docs/configuration.md. */
  COUNTROOM_PROVIDERS: json(z.array(provider)).default([]),
  /** Withdrawals above this many major units (1000 = 1,000.00 SEK or ¥1,000) need a second person. */
  COUNTROOM_APPROVAL_ABOVE: z.coerce.number().int().nonnegative().default(1000),
  COUNTROOM_WITHDRAWALS_PER_HOUR: z.coerce.number().int().positive().default(10),
  /** How much of what was deposited within thirty days must be staked before it is paid out unseen; 0: no matter. */
  COUNTROOM_PLAYED_THROUGH_PERCENT: z.coerce.number().int().min(0).max(10_000).default(0),
  /** Money goes back first to where it came from; anything else is reviewed. */
  COUNTROOM_CLOSED_LOOP: z.enum(['on', 'off']).default('off'),
  COUNTROOM_PROVIDER_TIMEOUT_MS: milliseconds(3_000),
  COUNTROOM_ASK_FIRST_AFTER_MS: milliseconds(2_000),
  COUNTROOM_ASK_AT_MOST_EVERY_MS: milliseconds(86_400_000),
  COUNTROOM_OVERDUE_AFTER_MS: milliseconds(5_000),
  /** `auto` tries the next provider after a final refusal; `off` parks the withdrawal for finance. */
  PAYOUT_FALLBACK: z.enum(['auto', 'off']).default('off'),
});

/** Read by other parts of the stack (dev/), so no mistake when they are there. */
const READ_ELSEWHERE = new Set([
  'COUNTROOM_DATA',
  'COUNTROOM_CACHE',
  'COUNTROOM_RUN_BUILT',
  'COUNTROOM_POSTGRES_PORT',
]);

/** Reads the environment once, at start-up. Throws a `ConfigError` with every bad variable named, not just the first. */
export function loadConfig(source: NodeJS.ProcessEnv) {
  const parsed = environment.safeParse(source);
  const problems = [
    ...(parsed.error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`),
    ...Object.keys(source)
      .filter(
        (name) => name.startsWith('COUNTROOM_') && !(name in environment.shape) && !READ_ELSEWHERE.has(name),
      )
      .map((name) => `${name}: no such setting; see docs/configuration.md`),
  ];
  if (!parsed.success || problems.length > 0) throw new ConfigError(problems);
  const env = parsed.data;
  return Object.freeze({
    databaseUrl: env.DATABASE_URL,
    ownerDatabaseUrl: env.COUNTROOM_OWNER_DATABASE_URL ?? env.DATABASE_URL,
    poolSize: env.COUNTROOM_POOL_SIZE,
    temporal: Object.freeze({
      address: env.TEMPORAL_ADDRESS,
      namespace: env.TEMPORAL_NAMESPACE,
      uiUrl: env.TEMPORAL_UI_URL,
    }),
    host: env.HOST,
    port: env.PORT,
    metricsPort: env.COUNTROOM_METRICS_PORT,
    logLevel: env.COUNTROOM_LOG_LEVEL,
    currencies: Object.freeze(env.COUNTROOM_CURRENCIES),
    payments: Object.freeze({
      providers: env.COUNTROOM_PROVIDERS,
      approvalAboveMajor: env.COUNTROOM_APPROVAL_ABOVE,
      withdrawalsPerHour: env.COUNTROOM_WITHDRAWALS_PER_HOUR,
      playedThroughPercent: env.COUNTROOM_PLAYED_THROUGH_PERCENT,
      closedLoop: env.COUNTROOM_CLOSED_LOOP === 'on',
      providerTimeoutMs: env.COUNTROOM_PROVIDER_TIMEOUT_MS,
      askFirstAfterMs: env.COUNTROOM_ASK_FIRST_AFTER_MS,
      askAtMostEveryMs: env.COUNTROOM_ASK_AT_MOST_EVERY_MS,
      overdueAfterMs: env.COUNTROOM_OVERDUE_AFTER_MS,
      fallback: env.PAYOUT_FALLBACK,
    }),
  });
}

export type Config = ReturnType<typeof loadConfig>;
export type PaymentsConfig = Config['payments'];
export type ProviderConfig = z.infer<typeof provider>;

export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`The environment does not fit:\n${problems.map((problem) => `  ${problem}`).join('\n')}`);
    this.problems = problems;
  }
}
