import { z } from 'zod';
import { checkHealth } from '../../ops/health.ts';
import { registry } from '../../ops/metrics.ts';
import { route } from '../route.ts';

const getHealth = route({
  method: 'get',
  path: '/healthz',
  tag: 'System',
  summary: 'Is the process up',
  allow: 'anyone',
  answers: { 200: z.object({ status: z.literal('up') }) },
  handle: () => Promise.resolve({ status: 200, body: { status: 'up' } }),
});

const partState = z.enum(['reachable', 'unreachable']);
const readiness = z
  .object({
    status: z.enum(['ready', 'not ready']),
    parts: z.object({ database: partState, temporal: partState }),
  })
  .meta({ id: 'Readiness' });

const getReadiness = route({
  method: 'get',
  path: '/readyz',
  tag: 'System',
  summary: 'Can it serve: the database and Temporal are reachable',
  allow: 'anyone',
  answers: { 200: readiness, 503: readiness },
  async handle({ services: { pool, temporal } }) {
    const { ready, parts } = await checkHealth({
      database: () => pool.query('select 1'),
      temporal: () => temporal.reachable(),
    });
    return { status: ready ? 200 : 503, body: { status: ready ? 'ready' : 'not ready', parts } };
  },
});

const getMetrics = route({
  method: 'get',
  path: '/metrics',
  tag: 'System',
  summary: 'Metrics of this process, for Prometheus',
  allow: 'anyone',
  answers: { 200: z.string() },
  async handle() {
    return { status: 200, body: await registry.metrics(), headers: { 'Content-Type': registry.contentType } };
  },
});

export const systemRoutes = [getHealth, getReadiness, getMetrics];
