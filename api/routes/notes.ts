import { z } from 'zod';
import { addNote, findDeposit, findWithdrawal } from '../../payments/index.ts';
import { Problem } from '../problem.ts';
import { route } from '../route.ts';
import { callerId, freeText } from '../schemas.ts';
import { depositBody, depositShape } from './depositShape.ts';
import { onceByKey } from './pressing.ts';
import { PEOPLE } from './scope.ts';
import { shapeOf, withdrawalShape } from './withdrawalShape.ts';

const common = {
  method: 'post',
  tag: 'Finance and support',
  description: 'It is in the timeline, with who wrote it. It changes nothing else.',
  allow: PEOPLE,
  body: z.strictObject({ note: freeText }),
  idempotencyKey: true,
} as const;

const contentOf = (note: string) => ({ action: 'note', reason: note });

const postWithdrawalNote = route({
  ...common,
  path: '/v1/withdrawals/{withdrawalId}/notes',
  summary: 'Leave a note on a withdrawal',
  params: z.strictObject({ withdrawalId: callerId }),
  answers: { 200: withdrawalShape },
  async handle({ origin, params: { withdrawalId: id }, body: { note }, idempotencyKey: key, services }) {
    const pressing = { origin, key, kind: 'withdrawal', id, content: contentOf(note) } as const;
    return await onceByKey(services, pressing, async () => {
      const found = await findWithdrawal(services.pool, id);
      if (found === undefined || found.state === 'refused_at_once')
        throw new Problem('not_found', `There is no withdrawal ${id}.`);
      await addNote(services.pool, pressing);
      return shapeOf((await findWithdrawal(services.pool, id)) ?? found, services);
    });
  },
});

const postDepositNote = route({
  ...common,
  path: '/v1/deposits/{depositId}/notes',
  summary: 'Leave a note on a deposit',
  params: z.strictObject({ depositId: callerId }),
  answers: { 200: depositShape },
  async handle({ origin, params: { depositId: id }, body: { note }, idempotencyKey: key, services }) {
    const pressing = { origin, key, kind: 'deposit', id, content: contentOf(note) } as const;
    return await onceByKey(services, pressing, async () => {
      const found = await findDeposit(services.pool, id);
      if (found === undefined || found.status === 'refused')
        throw new Problem('not_found', `There is no deposit ${id}.`);
      await addNote(services.pool, pressing);
      return depositBody((await findDeposit(services.pool, id)) ?? found, services);
    });
  },
});

export const notesRoutes = [postWithdrawalNote, postDepositNote];
