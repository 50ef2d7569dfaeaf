import { defineSearchAttributeKey, SearchAttributeType } from '@temporalio/common';

/** Task queues, one worker process each: docs/architecture.md, "Processes". */
export const TASK_QUEUES = ['rounds', 'payments', 'ops'] as const;
export type TaskQueue = (typeof TASK_QUEUES)[number];

/** Workflow ids. A client's id has no slash, so no two names can meet. */
export const workflowIds = {
  deposit: (clientId: string, depositId: string) => `deposit/${clientId}/${depositId}`,
  withdrawal: (clientId: string, withdrawalId: string) => `withdrawal/${clientId}/${withdrawalId}`,
  returnedPayout: (clientId: string, withdrawalId: string, time: number) =>
    `returned-payout/${clientId}/${withdrawalId}/${String(time)}`,
  latePayout: (clientId: string, withdrawalId: string, key: string) =>
    `late-payout/${clientId}/${withdrawalId}/${key}`,
  lateDeposit: (clientId: string, depositId: string) => `late-deposit/${clientId}/${depositId}`,
  depositAction: (clientId: string, depositId: string, step: number) =>
    `deposit-action/${clientId}/${depositId}/${String(step)}`,
  adjustment: (adjustmentId: string) => `adjustment/${adjustmentId}`,
  bulk: (bulkId: string) => `bulk/${bulkId}`,
  chargeback: (clientId: string, depositId: string) => `chargeback/${clientId}/${depositId}`,
  reconciliation: (reconciliationId: string) => `reconciliation/${reconciliationId}`,
  settlement: (clientId: string, settlementId: string) => `settlement/${clientId}/${settlementId}`,
  resettlement: (clientId: string, settlementId: string) => `resettlement/${clientId}/${settlementId}`,
  raiseLimit: (playerId: string, raiseId: string) => `raise-limit/${playerId}/${raiseId}`,
  void: (clientId: string, voidId: string) => `void/${clientId}/${voidId}`,
  staleRound: (clientId: string, roundId: string) => `stale-round/${clientId}/${roundId}`,
} as const;

/** What support staff filter by in the Temporal Web UI. Never encrypted there: no personal data. */
export const SEARCH = {
  playerId: defineSearchAttributeKey('PlayerId', SearchAttributeType.KEYWORD),
  clientId: defineSearchAttributeKey('ClientId', SearchAttributeType.KEYWORD),
  roundId: defineSearchAttributeKey('RoundId', SearchAttributeType.KEYWORD),
  stage: defineSearchAttributeKey('Stage', SearchAttributeType.KEYWORD),
  currency: defineSearchAttributeKey('Currency', SearchAttributeType.KEYWORD),
  amountMinor: defineSearchAttributeKey('AmountMinor', SearchAttributeType.INT),
  provider: defineSearchAttributeKey('Provider', SearchAttributeType.KEYWORD),
  needsAttention: defineSearchAttributeKey('NeedsAttention', SearchAttributeType.BOOL),
  reason: defineSearchAttributeKey('Reason', SearchAttributeType.KEYWORD),
} as const;
