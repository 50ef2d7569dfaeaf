import { z } from 'zod';
import { ageOfQueue } from '../../payments/index.ts';
import { csvAnswer, wantsCsv } from '../csv.ts';
import { route } from '../route.ts';
import { depositStatuses } from './depositShape.ts';
import { PEOPLE } from './scope.ts';
import { withdrawalStatuses } from './withdrawalShape.ts';

const BUCKETS = ['under_1h', 'under_24h', 'under_3d', 'over_3d'] as const;
const columns = ['status', 'currency', 'age', 'count', 'amount', 'oldestSince'] as const;

const shape = <S extends readonly [string, ...string[]]>(statuses: S) =>
  z.object({
    items: z.array(
      z.object({
        status: z.enum(statuses),
        currency: z.string(),
        age: z.enum(BUCKETS),
        count: z.int(),
        amount: z.int(),
        oldestSince: z.string(),
      }),
    ),
  });

const ageingRoute = (kind: 'deposit' | 'withdrawal') =>
  route({
    method: 'get',
    path: `/v1/${kind}s/ageing`,
    tag: 'Finance and support',
    summary: `What is open among the ${kind}s, by its age in its state`,
    description:
      'Count and sum for each status, currency and age; what has ended is not among them. `Accept: text/csv` exports it.',
    allow: PEOPLE,
    answers: { 200: shape(kind === 'deposit' ? depositStatuses : withdrawalStatuses) },
    async handle({ headers, services }) {
      const items = await ageOfQueue(services.pool, kind);
      if (wantsCsv(headers))
        return csvAnswer(
          columns,
          items.map((item) => columns.map((column) => item[column])),
        );
      const body = items.map(({ amount, oldestSince, ...item }) => ({
        ...item,
        amount: Number(amount),
        oldestSince: oldestSince.toISOString(),
      }));
      return { status: 200, body: { items: body } };
    },
  });

export const ageingRoutes = [ageingRoute('deposit'), ageingRoute('withdrawal')];
