export {
  requestOperation,
  settleDirect,
  findOperation,
  operationsOf,
  progressOf,
  type Operation,
} from './operations.ts';
export { claimRound, closeOperation, parkOperation, postMoves, undoClaim, undoMoves } from './steps.ts';
export { clientsWith, findRound, findWager, wagersOf, type Round, type Wager } from './read.ts';
export { createWagerDesk, play, rollBack, type Answered, type Stake, type WagerDesk } from './wagers.ts';
