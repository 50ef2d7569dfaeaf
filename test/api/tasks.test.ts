import assert from 'node:assert/strict';
import { register, setLimit } from '../../players/index.ts';
import { startApi, type Api } from './apiUnderTest.ts';
import { ADMIN } from '../support/origin.ts';

interface Task {
  taskId: string;
  playerId: string;
  kind: string;
  status: string;
  facts: Record<string, unknown>;
}

describe('the tasks of staff, over HTTP', () => {
  let api: Api;
  before(async () => {
    api = await startApi();
    for (const playerId of ['p-1', 'p-2', 'p-3']) {
      await register(api.database.pool, { playerId, jurisdiction: 'SE', currencies: ['SEK'] });
      const high = { kind: 'deposit', period: 'month', currency: 'SEK', amount: 1_500_000n } as const;
      await setLimit(api.database.pool, { playerId, ...high }, ADMIN);
    }
  });
  after(() => api.stop());

  const list = async (query = '') => {
    const { json, status } = await api.call({ path: `/v1/tasks${query}`, as: 'support' });
    assert.equal(status, 200, JSON.stringify(json));
    return json as unknown as { items: Task[]; nextCursor: string | null };
  };
  const done = (taskId: string, key: string, note = 'called, all well') =>
    api.call({
      method: 'POST',
      path: `/v1/tasks/${taskId}/done`,
      as: 'support',
      body: { note },
      headers: { 'Idempotency-Key': key },
    });

  it('show whom to contact and why, oldest first, page by page', async () => {
    const first = await list('?limit=2');
    const rest = await list(`?limit=2&cursor=${String(first.nextCursor)}`);
    const tasks = [...first.items, ...rest.items];
    assert.deepEqual(
      tasks.map(({ playerId, kind, facts }) => [playerId, kind, facts['reason']]),
      ['p-1', 'p-2', 'p-3'].map((player) => [player, 'contact_player', 'high_limit']),
    );
    assert.equal(rest.nextCursor, null);
    assert.equal((await api.call({ path: '/v1/tasks?cursor=WyJhIl0', as: 'support' })).status, 400);
    assert.equal((await api.call({ path: '/v1/tasks', as: 'cashier' })).status, 403);
  });

  it('are done once: the same again is answered the same, another is told who was first', async () => {
    const { taskId } = (await list('?playerId=p-2')).items[0]!;
    const first = await done(taskId, 'k-1');
    assert.deepEqual(
      [first.status, first.json['status'], first.json['note']],
      [200, 'done', 'called, all well'],
    );
    assert.deepEqual((await done(taskId, 'k-1')).json, first.json);
    const other = await done(taskId, 'k-2');
    assert.deepEqual([other.status, other.json['code']], [409, 'invalid_state']);
    assert.deepEqual((await list('?playerId=p-2')).items, []);
    assert.equal((await list('?status=done')).items.length, 1);
    assert.equal((await done('00000000-0000-4000-8000-000000000000', 'k-3')).status, 404);
  });
});
