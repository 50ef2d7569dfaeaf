import type { OperationInput } from '../contract/rounds.ts';
import { roundOperation } from './roundOperation.ts';

/** Gives the stakes of a round or of some wagers back and takes the payouts back, net per player: docs/rounds.md. */
export const voidRound = (input: OperationInput): Promise<void> => roundOperation(input);
