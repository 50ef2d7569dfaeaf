import type { Pool } from '../ops/postgres.ts';
import type { Pressing } from './actions.ts';

/** What a person wants the next one to know of a payment. The same key writes once. */
export async function addNote(pool: Pool, { origin, key, kind, id, content }: Pressing): Promise<void> {
  await pool.query({
    name: 'add_note',
    text: `insert into payments.notes (person_id, idempotency_key, kind, id, note)
           values ($1::text, $2::text, $3::text, $4::text, $5::text) on conflict do nothing`,
    values: [origin.actor, key, kind, id, content.reason],
  });
}
