import { z } from 'zod';
import { route, type Route } from '../../api/route.ts';
import { callerId } from '../../api/schemas.ts';
import { Overloaded } from '../../ops/gather.ts';

export const TROUBLE = '/v1/trouble/t-1';

/** Calls that do what a handler may do wrong. */
export const troublesome: Route[] = [
  route({
    method: 'post',
    path: '/v1/trouble/{id}',
    tag: 'Test',
    summary: 'Throws what it is told',
    allow: ['game', 'cashier'],
    params: z.strictObject({ id: callerId }),
    body: z.strictObject({ throws: z.enum(['bug', 'sql', 'shutdown', 'deadlock', 'overload']) }),
    bodyLimit: 1_000,
    answers: { 200: z.object({}) },
    async handle({ body, services }) {
      if (body.throws === 'bug') throw new Error('secret words about select * from ledger.accounts');
      if (body.throws === 'overload') throw new Overloaded('too many');
      if (body.throws === 'sql') await services.pool.query('select from nowhere');
      if (body.throws === 'deadlock') throw Object.assign(new Error('deadlock detected'), { code: '40P01' });
      throw Object.assign(new Error('terminating connection due to administrator command'), {
        code: '57P01',
      });
    },
  }),
  route({
    method: 'get',
    path: '/v1/echo',
    tag: 'Test',
    summary: 'Says what it understood',
    allow: ['cashier'],
    waits: true,
    answers: { 200: z.object({}) },
    handle: ({ wait, traceId }) => Promise.resolve({ status: 200, body: { wait, traceId }, replayed: true }),
  }),
];
