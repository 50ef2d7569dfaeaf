import { z } from 'zod';
import { listDeposits } from '../../payments/index.ts';
import { route } from '../route.ts';
import { nullable } from '../schemas.ts';
import { depositBody, depositShape, depositStatuses } from './depositShape.ts';
import { ageOf, answerQueue, queueQuery } from './queue.ts';
import { PEOPLE } from './scope.ts';

const getDeposits = route({
  method: 'get',
  path: '/v1/deposits',
  tag: 'Finance and support',
  summary: 'The queue of deposits, oldest first',
  description: '`Accept: text/csv` exports it.',
  allow: ['cashier', ...PEOPLE],
  query: queueQuery(depositStatuses),
  answers: { 200: z.object({ items: z.array(depositShape), nextCursor: nullable(z.string()) }) },
  handle: async ({ caller, query: { status, ...query }, headers, services }) =>
    await answerQueue(
      {
        list: (filters) => listDeposits(services.pool, filters),
        idOf: ({ depositId }) => depositId,
        shape: (item) => depositBody(item, services),
        columns: [
          ...['depositId', 'playerId', 'amount', 'currency', 'status', 'provider', 'reason'],
          ...['createdAt', 'since', 'ageSeconds'],
        ],
        line: (d) => [
          ...[d.depositId, d.playerId, d.amount, d.currency, d.status, d.provider, d.reason],
          ...[d.createdAt, d.since, ageOf(d)],
        ],
      },
      { caller, headers, query, states: status === undefined ? undefined : [status] },
    ),
});

export const depositQueueRoutes = [getDeposits];
