import type { ActivityOptions, LocalActivityOptions } from '@temporalio/workflow';

/** Our own Postgres: quick, safe to repeat, and the saga waits until it answers. No limit on the whole: an outage ends. */
export const OWN_BOOKS = {
  startToCloseTimeout: '10s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
} as const satisfies LocalActivityOptions;

/** One question to a provider. It is not repeated here: silence is an outcome, `unknown`, and the saga decides. */
export const PROVIDER = {
  startToCloseTimeout: '60s',
  // A worker that was killed is noticed by its silence: without this its question would rest for the whole minute.
  heartbeatTimeout: '10s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '30s' },
} as const satisfies ActivityOptions;

/** Housekeeping over our own Postgres: as long as it takes, noticed within half a minute where its worker dies. */
export const LONG_RUN = {
  startToCloseTimeout: '1h',
  heartbeatTimeout: '30s',
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '1m' },
} as const satisfies ActivityOptions;
