import { z } from 'zod';
import { endTask, listTasks, type Task } from '../../players/index.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import { callerId, cursorOf, freeText, limit, nullable, timeCursor } from '../schemas.ts';
import { PEOPLE } from './scope.ts';

const taskShape = z
  .object({
    taskId: z.string(),
    playerId: z.string(),
    kind: z.string(),
    facts: z.record(z.string(), z.unknown()),
    status: z.enum(['needs_attention', 'done']),
    createdAt: z.string(),
    doneAt: nullable(z.string()),
    doneBy: nullable(z.string()),
    note: nullable(z.string()),
  })
  .meta({ id: 'Task' });

const bodyOf = ({ createdKey: _key, createdAt, doneAt, ...task }: Task) => ({
  ...task,
  createdAt: createdAt.toISOString(),
  doneAt: doneAt?.toISOString() ?? null,
});

const getTasks = route({
  method: 'get',
  path: '/v1/tasks',
  tag: 'Support',
  summary: 'What staff must do about players, oldest first',
  description: 'Such as to contact a player who raised a deposit limit (`contact_player`).',
  allow: PEOPLE,
  query: z.strictObject({
    status: z.enum(['needs_attention', 'done']).default('needs_attention'),
    playerId: callerId.optional(),
    cursor: timeCursor
      .refine(([, id]) => z.uuid().safeParse(id).success, 'must be a nextCursor from an earlier page')
      .optional(),
    limit,
  }),
  answers: { 200: z.object({ items: z.array(taskShape), nextCursor: nullable(z.string()) }) },
  async handle({ query: { cursor, limit, ...filter }, services }) {
    const items = await listTasks(services.pool, { ...filter, after: cursor, limit: limit + 1 });
    const last = items.length > limit ? items[limit - 1] : undefined;
    return {
      status: 200,
      body: {
        items: items.slice(0, limit).map(bodyOf),
        nextCursor: last === undefined ? null : cursorOf(last.createdKey, last.taskId),
      },
    };
  },
});

const postDone = route({
  method: 'post',
  path: '/v1/tasks/{taskId}/done',
  tag: 'Support',
  summary: 'Say that a task is done, and what came of it',
  allow: PEOPLE,
  params: z.strictObject({ taskId: z.uuid().meta({ example: '0f8fad5b-d9cb-469f-a165-70867728950e' }) }),
  body: z.strictObject({ note: freeText }),
  idempotencyKey: true,
  answers: { 200: taskShape },
  async handle({ origin, params: { taskId }, body: { note }, idempotencyKey, services }) {
    const ended = await endTask(services.pool, { taskId, origin, key: idempotencyKey, note });
    if (ended === undefined) throw new Problem('not_found', `There is no task ${taskId}.`);
    const { task, done } = ended;
    if (!done) {
      const detail = `${task.doneBy ?? 'Somebody'} has done it already: ${task.note ?? ''}`;
      throw new Problem('invalid_state', detail, { members: { state: task.status, allowedActions: [] } });
    }
    return { status: 200, body: bodyOf(task) };
  },
});

export const tasksRoutes = [getTasks, postDone];
