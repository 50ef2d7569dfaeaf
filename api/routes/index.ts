import { actionsRoutes } from '../dialects/actions.ts';
import { callsRoutes } from '../dialects/calls.ts';
import type { Route } from '../route.ts';
import { adjustmentsRoutes } from './adjustments.ts';
import { ageingRoutes } from './ageing.ts';
import { auditRoutes } from './audit.ts';
import { depositActionsRoutes } from './depositActions.ts';
import { depositQueueRoutes } from './depositQueue.ts';
import { depositsRoutes } from './deposits.ts';
import { protectionRoutes } from './protection.ts';
import { jackpotsRoutes } from './jackpots.ts';
import { ledgerRoutes } from './ledger.ts';
import { notesRoutes } from './notes.ts';
import { operationsRoutes } from './operations.ts';
import { playersRoutes } from './players.ts';
import { reconciliationsRoutes } from './reconciliations.ts';
import { roundsRoutes } from './rounds.ts';
import { snapshotsRoutes } from './snapshots.ts';
import { statementsRoutes } from './statements.ts';
import { systemRoutes } from './system.ts';
import { tasksRoutes } from './tasks.ts';
import { transfersRoutes } from './transfers.ts';
import { wagersRoutes } from './wagers.ts';
import { webhooksRoutes } from './webhooks.ts';
import { withdrawalActionsRoutes } from './withdrawalActions.ts';
import { withdrawalBulkRoutes } from './withdrawalBulk.ts';
import { withdrawalQueueRoutes } from './withdrawalQueue.ts';
import { withdrawalsRoutes } from './withdrawals.ts';

/** Every call, in the order of the docs. */
export const routes: readonly Route[] = [
  ...wagersRoutes,
  ...operationsRoutes,
  ...roundsRoutes,
  ...jackpotsRoutes,
  ...actionsRoutes,
  ...callsRoutes,
  ...playersRoutes,
  ...protectionRoutes,
  ...tasksRoutes,
  // Before the routes whose `{depositId}` would take their names.
  ...ageingRoutes,
  ...depositsRoutes,
  ...depositQueueRoutes,
  ...withdrawalsRoutes,
  ...withdrawalQueueRoutes,
  ...withdrawalActionsRoutes,
  ...withdrawalBulkRoutes,
  ...depositActionsRoutes,
  ...notesRoutes,
  ...adjustmentsRoutes,
  ...reconciliationsRoutes,
  ...webhooksRoutes,
  ...ledgerRoutes,
  ...snapshotsRoutes,
  ...statementsRoutes,
  ...transfersRoutes,
  ...auditRoutes,
  ...systemRoutes,
];
