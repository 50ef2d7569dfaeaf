import { exponentOf } from '../../money/index.ts';
import { Problem } from '../problem.ts';

/** The aggregator's amounts are hundred-thousandths of the currency: 12.50 SEK is 1_250_000. */
const DECIMALS = 5;

/** How many of the scale a minor unit is: 1,000 for SEK, 100,000 for JPY. A currency with more decimals cannot be spoken. */
function unitsPerMinor(currency: string): bigint {
  const exponent = exponentOf(currency);
  if (exponent <= DECIMALS) return 10n ** BigInt(DECIMALS - exponent);
  throw new Problem(
    'unknown_currency',
    `${currency} has ${String(exponent)} decimals, and amounts here carry ${String(DECIMALS)}.`,
    { errors: [{ pointer: '/currency', detail: `must have at most ${String(DECIMALS)} decimals` }] },
  );
}

/** Minor units. Refuses what would have to be rounded: money is not made or lost in translation. */
export function toMinor(units: number, currency: string): bigint {
  const per = unitsPerMinor(currency);
  if (BigInt(units) % per === 0n) return BigInt(units) / per;
  throw new Problem('invalid_request', `The amount is no whole number of minor units of ${currency}.`, {
    errors: [{ pointer: '/amount', detail: `must be a multiple of ${String(per)} for ${currency}` }],
  });
}

/** Null of what is null, and of a balance that a JSON number does not carry exactly at this scale. */
export function toUnits(minor: bigint | null, currency: string): number | null {
  if (minor === null) return null;
  const units = Number(minor * unitsPerMinor(currency));
  return Number.isSafeInteger(units) ? units : null;
}
