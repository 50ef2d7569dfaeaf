import { randomInt } from 'node:crypto';
import { walkPayments } from './paymentsWalk.ts';
import { Stand } from './stand.ts';

const seed = Number(process.env['WALK_SEED'] ?? randomInt(1_000_000));
/** `npm run walk` takes 300. */
const payments = Number(process.env['WALK_PAYMENTS'] ?? 30);

describe(`a random walk of ${String(payments)} payments, WALK_SEED=${String(seed)}`, function () {
  this.timeout(1_200_000);
  let stand: Stand;
  before(async () => {
    stand = await Stand.start();
  });
  after(() => stand.stop());

  it('ends with every payment at its end, paid once or not at all, whoever pressed what and whatever was killed', () =>
    walkPayments(stand, { payments, seed }));
});
