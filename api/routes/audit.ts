import { z } from 'zod';
import { listAudit } from '../../ops/audit.ts';
import { route } from '../route.ts';
import { callerId, cursor, cursorOf, instant, limit, nullable } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

const facts = nullable(z.record(z.string(), z.unknown()));

const getAudit = route({
  method: 'get',
  path: '/v1/audit',
  tag: 'Finance and support',
  summary: 'Who did what, when, from where and why, newest first',
  description:
    'What was refused is there too: `after.refused` is the code. What each action is called, and what it is done to: docs/audit.md.',
  allow: PEOPLE,
  query: z.strictObject({
    actor: callerId.optional(),
    action: callerId.optional(),
    objectKind: callerId.optional(),
    objectId: callerId.optional(),
    from: instant.optional(),
    to: instant.optional(),
    cursor: cursor
      .refine(
        ([id = '', ...rest]) => /^\d{1,18}$/.test(id) && rest.length === 0,
        'must be a nextCursor from an earlier page',
      )
      .optional(),
    limit,
  }),
  answers: {
    200: z.object({
      items: z.array(
        z
          .object({
            at: z.string(),
            actor: z.string(),
            role: z.string(),
            action: z.string(),
            objectKind: z.string(),
            objectId: z.string(),
            reason: nullable(z.string()),
            address: nullable(z.string()),
            before: facts,
            after: facts,
            traceId: nullable(z.string()),
          })
          .meta({ id: 'AuditRecord' }),
      ),
      nextCursor: nullable(z.string()),
    }),
  },
  async handle({ query: { cursor, limit, ...filters }, services }) {
    const found = await listAudit(services.pool, { ...filters, before: cursor?.[0], limit: limit + 1 });
    const last = found.length > limit ? found[limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: found
          .slice(0, limit)
          .map(({ id: _id, at, ...record }) => ({ at: at.toISOString(), ...record })),
        nextCursor: last === undefined ? null : cursorOf(String(last.id)),
      },
    };
  },
});

export const auditRoutes = [getAudit];
