import { parseArgs } from 'node:util';
import { withScratch } from '../support/postgres.ts';
import { report } from '../support/report.ts';
import { compareBuckets } from './buckets.ts';
import { compare } from './compare.ts';
import { compareFull } from './full.ts';

const USAGE = `usage: npm run bench:ledger -- [--quick] [--buckets | --preload N] [--json FILE]
  Measures the ledger on a Postgres of its own with durable commits, which is removed afterwards, also by Ctrl-C. All that
  are compared run in turns of 8 seconds, in another order each round; a figure is the median of three rounds. The
  ledger is verified at the end of each run. Without other options it takes 10 minutes:

    naive    the same postings as an application writes them with knex: begin, select for update, insert, update, commit
    single   one call a posting                      20 callers, as naive and tpcb
    batch    100 postings a call                     2 callers
    poster   gathered by the poster                  200 callers
    hot      all stakes go to one account of the house; random: to one of a thousand
    alone    one caller
    replay   the same ids again
    tpcb     pgbench's TPC-B as one function, scale 50
    chain on the chain is extended once a second beside it

  --quick       under a minute: one round of short turns, tpcb at scale 5. The figures are rough.
  --buckets     instead: 1, 8, 16 and 64 buckets with 1, 2 and 4 writing processes, singles and batches (7 minutes)
  --preload N   instead: a ledger with N transfers beside an empty one, such as 10000000 (20 minutes, 9 GB)
  --json FILE   writes the figures and ratios there as well
  --help        this`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    buckets: { type: 'boolean', default: false },
    preload: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const { quick, buckets, json, help } = options;
const preload = options.preload === undefined ? undefined : Number(options.preload);

if (help) {
  console.log(USAGE);
} else if (preload !== undefined && (!Number.isInteger(preload) || preload < 1 || buckets)) {
  console.error(`--preload takes a whole number, and not --buckets.\n\n${USAGE}`);
  process.exitCode = 2;
} else {
  await withScratch(async (scratch) => {
    if (buckets) report('ledger buckets', await compareBuckets(scratch, quick), json);
    else if (preload !== undefined) report('ledger full', await compareFull(scratch, preload, quick), json);
    else report('ledger', await compare(scratch, quick), json);
    console.log('\n  The ledger holds.');
  });
}
