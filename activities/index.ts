export { createPaymentsActivities, type Attempt, type PaymentsActivities } from './payments.ts';
export { createRoundsActivities, type RoundsActivities } from './rounds.ts';
