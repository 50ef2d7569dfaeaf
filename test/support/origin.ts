import type { Origin } from '../../contract/audit.ts';

/** Who does it, where a test goes past the API. */
export const ADMIN: Origin = { actor: 'admin', role: 'admin', address: '127.0.0.1', traceId: '0'.repeat(32) };
