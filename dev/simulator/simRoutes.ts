import { Router } from 'express';
import type { Books } from './books.ts';
import type { Desk } from './desk.ts';
import type { Faults } from './faults.ts';
import { readFault, readQuery } from './input.ts';
import { badField, Refusal } from './refusal.ts';
import { bookView } from './views.ts';

/** What tests call: the books, faults, webhooks once more. It stays up while the provider itself is down. */
export function simRoutes({ books, desk, faults }: { books: Books; desk: Desk; faults: Faults }): Router {
  const router = Router();
  router.get('/books', async (request, response) => {
    const reference = readQuery(request, 'reference');
    const items = reference === undefined ? books.items() : books.byReference(reference);
    await books.written;
    response.json({ items: items.map(bookView) });
  });
  router.post('/faults', (request, response) => {
    const { mode, forMs } = readFault(request.body);
    faults.set(mode, forMs);
    response.json({ mode, forMs });
  });
  router.post('/webhooks/resend', async (request, response) => {
    const reference = readQuery(request, 'reference');
    if (reference === undefined) throw badField('reference', 'given');
    const items = books.byReference(reference);
    if (items.length === 0) throw new Refusal('not_found', 'nothing has this reference');
    response.status(202).json({ resent: await desk.resend(items) });
  });
  return router;
}
