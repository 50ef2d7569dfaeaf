import { PROBLEMS, type ProblemCode } from '../../contract/codes.ts';
import { findAction, saveAction, type Pressing } from '../../payments/index.ts';
import { Problem, problemOf } from '../problem.ts';
import type { Answer, Services } from '../route.ts';

interface Refused {
  readonly code: ProblemCode;
  readonly detail: string;
  readonly members?: Readonly<Record<string, unknown>>;
}

/**
 * What a person presses: the same key is answered the same, other content under it is a conflict. `act` answers the body, or
 * the refusal, which is kept too; what it throws is not, and may be sent again.
 */
export async function onceByKey(
  { pool }: Services,
  pressing: Pressing,
  act: () => Promise<object>,
): Promise<Answer> {
  const saved = await findAction(pool, pressing);
  if (saved !== undefined) {
    if (!saved.same) throw problemOf({ code: 'idempotency_conflict' });
    if (saved.status === 200) return { status: 200, body: saved.answer, replayed: true };
    const { code, detail, members } = saved.answer as Refused;
    throw new Problem(code, detail, { ...(members === undefined ? {} : { members }), replayed: true });
  }
  const answer = await act();
  if (!(answer instanceof Problem)) {
    await saveAction(pool, pressing, 200, answer);
    return { status: 200, body: answer };
  }
  const { code, message: detail, extra } = answer;
  const refused: Refused = {
    code,
    detail,
    ...(extra.members === undefined ? {} : { members: extra.members }),
  };
  await saveAction(pool, pressing, PROBLEMS[code][0], refused);
  throw answer;
}

/** The saga did not answer in time. */
export const notKnownYet = () =>
  new Problem('unavailable', 'It is not known yet what came of it. Send the same again, with the same key.', {
    headers: { 'Retry-After': '1' },
  });
