import { parseArgs } from 'node:util';
import { report } from '../support/report.ts';
import { compare } from './compare.ts';
import { compareFull } from './full.ts';
import { openStand } from './stand.ts';

const USAGE = `usage: npm run bench:rounds -- [--quick] [--preload N] [--json FILE]
  Signed requests against the API beside a bare Express route, durable commits, interleaved, median of three.
  --quick       shorter phases: under 60 seconds
  --preload N   instead: wagers beside N in the books, such as 10000000, and beside none (20 minutes, 18 GB)
  --json FILE   writes the figures and ratios there as well
  --help        this`;

const { values: options } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    preload: { type: 'string' },
    json: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  },
});
const { quick, json, help } = options;
const preload = options.preload === undefined ? undefined : Number(options.preload);

if (help) {
  console.log(USAGE);
} else if (preload !== undefined && (!Number.isInteger(preload) || preload < 1)) {
  console.error(`--preload takes a whole number.\n\n${USAGE}`);
  process.exitCode = 2;
} else if (preload === undefined) {
  const stand = await openStand();
  try {
    report('rounds', await compare(stand, quick), json);
    console.log('\n  The ledger holds.');
  } finally {
    await stand.close();
  }
} else {
  const [empty, full] = [await openStand(), await openStand()];
  try {
    report('rounds full', await compareFull({ empty, full }, preload, quick), json);
  } finally {
    await Promise.all([empty.close(), full.close()]);
  }
}
