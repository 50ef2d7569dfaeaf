import type { OperationInput } from '../contract/rounds.ts';
import { roundOperation } from './roundOperation.ts';

/** Pays what the wagers of a round won, and closes the round where asked: docs/rounds.md. */
export const settlement = (input: OperationInput): Promise<void> => roundOperation(input);
