import { z } from 'zod';
import { listLiabilitySnapshots } from '../../payments/index.ts';
import { csvAnswer, MOST_CSV_ROWS, requireCsvSize, wantsCsv } from '../csv.ts';
import { route } from '../route.ts';
import { instant } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

const AMOUNTS = ['cash', 'inPlay', 'pendingWithdrawals', 'payoutsInFlight', 'returned'] as const;
const columns = ['at', 'jurisdiction', 'currency', ...AMOUNTS] as const;
const A_MONTH_MS = 31 * 86_400_000;

const getSnapshots = route({
  method: 'get',
  path: '/v1/ledger/liability/snapshots',
  tag: 'Ledger',
  summary: 'What was owed to the players each midnight (UTC), by jurisdiction',
  description: 'Newest first, by default of the last month. `Accept: text/csv` exports it.',
  allow: PEOPLE,
  query: z.strictObject({ from: instant.optional(), to: instant.optional() }),
  answers: {
    200: z.object({
      items: z.array(
        z
          .object({
            at: z.string(),
            jurisdiction: z.string(),
            currency: z.string(),
            cash: z.int(),
            inPlay: z.int(),
            pendingWithdrawals: z.int(),
            payoutsInFlight: z.int(),
            returned: z.int(),
          })
          .meta({ id: 'LiabilitySnapshot' }),
      ),
    }),
  },
  async handle({ query, headers, services }) {
    const to = query.to ?? new Date().toISOString();
    const from = query.from ?? new Date(Date.parse(to) - A_MONTH_MS).toISOString();
    const items = await listLiabilitySnapshots(services.pool, { from, to, limit: MOST_CSV_ROWS + 1 });
    requireCsvSize(items.length);
    if (wantsCsv(headers))
      return csvAnswer(
        columns,
        items.map((item) => columns.map((column) => item[column])),
      );
    const body = items.map((item) => ({
      ...item,
      at: item.at.toISOString(),
      ...Object.fromEntries(AMOUNTS.map((where) => [where, Number(item[where])])),
    }));
    return { status: 200, body: { items: body } };
  },
});

export const snapshotsRoutes = [getSnapshots];
