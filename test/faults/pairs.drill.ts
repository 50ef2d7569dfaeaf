import { Loads } from './loads.ts';
import { TOKENS } from './ends.ts';
import { killUnderEach, MOMENTS } from './pairs.ts';
import { Stand, type Victim } from './stand.ts';

// `npm run drills`: each pair of a token of the simulator and a process that dies, at each moment of the payment's way.
const VICTIMS: readonly Victim[] = ['payments', 'api', 'postgres', 'temporal', 'providers'];

for (const victim of VICTIMS) {
  describe(`when ${victim} dies`, function () {
    this.timeout(900_000);
    let stand: Stand;
    let loads: Loads;
    before(async () => {
      stand = await Stand.start();
      loads = new Loads(stand);
    });
    after(() => stand.stop());

    for (const moment of MOMENTS) {
      it(`a payment of every kind that was just ${moment} ends right, and once`, async function () {
        const kills = await killUnderEach(stand, loads, { victim, moment, tokens: TOKENS });
        console.log(`      ${String(TOKENS.length)} tokens met in ${String(kills)} kills`);
      });
    }
  });
}
