import { Gatherer } from '../ops/gather.ts';
import { isOfTheData, type Pool } from '../ops/postgres.ts';
import { post, postAll, type Posting, type Verdict } from './post.ts';

/** Posts what many ask for at once in batches: one commit for all of a batch, and each with a verdict of its own. */
export const createPoster = (
  pool: Pool,
  limits: { batch?: number; queue?: number; inFlight?: number } = {},
) =>
  new Gatherer<Posting, Verdict>(
    // One that comes alone is quicker by itself.
    async ([first, ...others]) => {
      if (first === undefined) return [];
      return others.length === 0 ? [await post(pool, first)] : await postAll(pool, [first, ...others]);
    },
    { poisoned: isOfTheData, ...limits },
  );
