import { Gatherer } from '../ops/gather.ts';
import { isOfTheData, type Pool } from '../ops/postgres.ts';
import { postAll, type Posting, type Verdict } from './post.ts';

/** Posts what many ask for at once in batches: one commit for all of a batch, and each with a verdict of its own. */
export const createPoster = (
  pool: Pool,
  limits: { batch?: number; queue?: number; inFlight?: number } = {},
) =>
  new Gatherer<Posting, Verdict>((postings) => postAll(pool, postings), {
    poisoned: isOfTheData,
    ...limits,
  });
