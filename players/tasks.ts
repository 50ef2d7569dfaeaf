import type { Origin } from '../contract/audit.ts';
import type { Pool } from '../ops/postgres.ts';

export type TaskStatus = 'needs_attention' | 'done';

/** What staff must do about a player: `contact_player` after a raise of a limit, or a high one. */
export interface Task {
  readonly taskId: string;
  readonly playerId: string;
  readonly kind: string;
  readonly facts: Readonly<Record<string, unknown>>;
  readonly status: TaskStatus;
  readonly createdAt: Date;
  /** The same to the microsecond, for the key of a page. */
  readonly createdKey: string;
  readonly doneAt: Date | null;
  readonly doneBy: string | null;
  readonly note: string | null;
}

const columns = `task_id as "taskId", player_id as "playerId", kind, facts, status, created_at as "createdAt", created_at::text as "createdKey",
  done_at as "doneAt", done_by as "doneBy", note`;

/** A page of the tasks, oldest first. */
export async function listTasks(
  pool: Pool,
  filter: {
    status: TaskStatus;
    playerId?: string | undefined;
    after?: readonly string[] | undefined;
    limit: number;
  },
): Promise<Task[]> {
  const { rows } = await pool.query<Task>({
    name: 'list_tasks',
    text: `select ${columns} from players.tasks
            where status = $1::text and ($2::text is null or player_id = $2) and ($3::timestamptz is null or (created_at, task_id) > ($3, $4::uuid))
            order by created_at, task_id limit $5::int`,
    values: [
      filter.status,
      filter.playerId ?? null,
      filter.after?.[0] ?? null,
      filter.after?.[1] ?? null,
      filter.limit,
    ],
  });
  return rows;
}

/** Marks a task as done, once: `done` false where somebody else was first, or it was done with another key. */
export async function endTask(
  pool: Pool,
  end: { taskId: string; origin: Origin; key: string; note: string },
): Promise<{ task: Task; done: boolean } | undefined> {
  await pool.query({
    name: 'end_task',
    text: `with ended as (
             update players.tasks set status = 'done', done_at = clock_timestamp(), done_by = $2::text, done_key = $3::text, note = $4::text
              where task_id = $1::uuid and status = 'needs_attention' returning *)
           select audit.record($5::jsonb, 'done', 'task', task_id::text, note, jsonb_build_object('kind', kind, 'playerId', player_id), null) from ended`,
    values: [
      end.taskId,
      end.origin.actor,
      end.key,
      end.note,
      JSON.stringify({ ...end.origin, key: end.key }),
    ],
  });
  const { rows } = await pool.query<Task & { done: boolean }>({
    name: 'ended_task',
    text: `select ${columns}, (done_by, done_key, note) = ($2::text, $3::text, $4::text) as done from players.tasks where task_id = $1::uuid`,
    values: [end.taskId, end.origin.actor, end.key, end.note],
  });
  if (rows[0] === undefined) return undefined;
  const { done, ...task } = rows[0];
  return { task, done };
}
