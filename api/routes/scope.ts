import { z } from 'zod';
import { clientsWith } from '../../rounds/index.ts';
import type { Caller } from '../auth.ts';
import { Problem } from '../problem.ts';
import type { Services } from '../route.ts';
import { callerId } from '../schemas.ts';

export const PEOPLE = ['support', 'finance', 'finance-approver', 'admin'] as const;

export const unknownPlayer = (playerId: string) =>
  new Problem('not_found', `There is no player ${playerId}.`);

/** People belong to no client: they say which one they mean where two use the same id. */
export const clientQuery = z.strictObject({ clientId: callerId.optional() });

/** The client whose round or wager is meant: the caller itself, or for people the one named or the only one. */
export async function clientOf(
  { pool }: Services,
  caller: Caller,
  named: string | undefined,
  what: 'round' | 'wager',
  id: string,
): Promise<string> {
  if (caller.kind === 'client') return caller.clientId;
  if (named !== undefined) return named;
  const clients = await clientsWith(pool, what, id);
  if (clients.length > 1) {
    const detail = `Several clients have a ${what} ${id}: ${clients.join(', ')}. Add ?clientId= of the one you mean.`;
    throw new Problem('invalid_state', detail, { members: { clientIds: clients } });
  }
  return clients[0] ?? '';
}
