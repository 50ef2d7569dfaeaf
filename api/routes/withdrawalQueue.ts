import { z } from 'zod';
import { WITHDRAWAL } from '../../contract/states/withdrawal.ts';
import { listWithdrawals } from '../../payments/index.ts';
import { route } from '../route.ts';
import { nullable } from '../schemas.ts';
import { ageOf, answerQueue, queueQuery } from './queue.ts';
import { PEOPLE } from './scope.ts';
import { shapeOf, statesOf, withdrawalShape, withdrawalStatuses } from './withdrawalShape.ts';

const getWithdrawals = route({
  method: 'get',
  path: '/v1/withdrawals',
  tag: 'Finance and support',
  summary: 'The queue of withdrawals, oldest first',
  description: '`Accept: text/csv` exports it.',
  allow: ['cashier', ...PEOPLE],
  query: queueQuery(withdrawalStatuses),
  answers: { 200: z.object({ items: z.array(withdrawalShape), nextCursor: nullable(z.string()) }) },
  handle: async ({ caller, query: { status, ...query }, headers, services }) =>
    await answerQueue(
      {
        list: (filters) => listWithdrawals(services.pool, filters),
        idOf: ({ withdrawalId }) => withdrawalId,
        shape: (item) => shapeOf(item, services),
        columns: [
          ...['withdrawalId', 'playerId', 'amount', 'currency', 'status', 'provider', 'reason', 'attempts'],
          ...['createdAt', 'since', 'ageSeconds'],
        ],
        line: (w) => [
          ...[w.withdrawalId, w.playerId, w.amount, w.currency, WITHDRAWAL[w.state].status, w.provider],
          ...[w.reason, w.attempts.length, w.createdAt, w.since, ageOf(w)],
        ],
      },
      { caller, headers, query, states: status === undefined ? undefined : statesOf(status) },
    ),
});

export const withdrawalQueueRoutes = [getWithdrawals];
