export { requestOperation, findOperation, operationsOf, type Operation } from './operations.ts';
export { overdueOperations, requestStaleEnd, staleRounds, type StaleRound } from './stale.ts';
export { claimRound, closeOperation, parkOperation, postMoves, undoClaim, undoMoves } from './steps.ts';
export { clientsWith, findRound, findWager, wagersOf, type Round, type Wager } from './read.ts';
export { findPot, openPot, type PotAmount, type Pot } from './jackpots.ts';
export { createGameDesk, type Answered, type GameDesk, type Stake } from './wagers.ts';
export { applyBundle, type Bundled, type Step, type StepOutcome } from './bundles.ts';
