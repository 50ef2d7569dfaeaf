import { Overloaded } from '../ops/gather.ts';
import { Problem } from './problem.ts';

/** SQLSTATEs after which nothing was done or the same id is safe to send again: away, full, shutting down, timed out, deadlocked. */
const AWAY = /^(08...|53...|57P..|57014|55P03|40001|40P01)$/;
/** The words of sockets, of pg, pg-pool and knex's pool, which have no codes of their own. */
const SOCKET =
  /ECONN|ETIMEDOUT|EPIPE|ENOTFOUND|EHOSTUNREACH|[Tt]imeout (exceeded when trying to connect|acquiring a connection)|Connection (terminated|ended)|connection error|calling end on the pool/;

/** What a caller hears of an error. Never its words: they hold SQL, addresses and stacks. */
export function asProblem(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof Overloaded) {
    return new Problem(
      'unavailable',
      'Too many requests wait already. Send the same again, with the same id.',
      {
        headers: { 'Retry-After': '1' },
      },
    );
  }
  const { code, message } = (error ?? {}) as { code?: unknown; message?: unknown };
  const isAway = typeof code === 'string' && (AWAY.test(code) || SOCKET.test(code));
  if (isAway || (typeof message === 'string' && SOCKET.test(message))) {
    return new Problem(
      'unavailable',
      'The database cannot be reached. Send the same again, with the same id.',
      { headers: { 'Retry-After': '2' } },
    );
  }
  return new Problem(
    'internal',
    'Something broke on our side; it is logged under this traceId. Send the same again, with the same id.',
  );
}
