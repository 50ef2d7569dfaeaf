import type { OperationInput } from '../contract/rounds.ts';
import { roundOperation } from './roundOperation.ts';

/** Corrects what settled wagers won, by the difference: docs/rounds.md. */
export const resettlement = (input: OperationInput): Promise<void> => roundOperation(input);
