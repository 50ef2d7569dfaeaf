import { type Currency, exponentOf } from './currency.ts';

export { exponentOf, isCurrency, minorPerMajor, type Currency } from './currency.ts';

declare const minorUnits: unique symbol;
/** A whole number of minor units: öre for SEK, yen for JPY. Never a `number`. */
export type MinorUnits = bigint & { readonly [minorUnits]: true };

export interface Money {
  readonly minor: MinorUnits;
  readonly currency: Currency;
}

/** Money in a workflow's payload: JSON has no bigint, so digits travel as a string. */
export interface MoneyDto {
  readonly minor: string;
  readonly currency: string;
}

export class CurrencyMismatch extends Error {
  constructor(a: Currency, b: Currency) {
    super(`${a} and ${b} do not add up: exchange is two transfers`);
  }
}

export const money = (minor: bigint, currency: Currency): Money => ({ minor: minor as MinorUnits, currency });

export const toDto = (m: Money): MoneyDto => ({ minor: m.minor.toString(), currency: m.currency });

export const fromDto = (dto: MoneyDto): Money => money(BigInt(dto.minor), dto.currency as Currency);

export function add(a: Money, b: Money): Money {
  if (a.currency !== b.currency) throw new CurrencyMismatch(a.currency, b.currency);
  return money(a.minor + b.minor, a.currency);
}

/**
 * Splits an amount by whole weights without losing a minor unit: the remainder goes, one unit each, to the parts
 * that were rounded down furthest, the earlier first.
 *
 * @throws RangeError without weights, or with a negative one, or when all are zero
 */
export function allocate(total: Money, weights: readonly bigint[]): Money[] {
  const sum = weights.reduce((a, b) => a + b, 0n);
  if (sum <= 0n || weights.some((weight) => weight < 0n))
    throw new RangeError('weights must be whole, and some positive');
  const sign = total.minor < 0n ? -1n : 1n;
  const absolute = total.minor * sign;
  const parts = weights.map((weight, index) => ({
    index,
    minor: (absolute * weight) / sum,
    remainder: (absolute * weight) % sum,
  }));
  let left = absolute - parts.reduce((a, part) => a + part.minor, 0n);
  for (const part of parts.toSorted((a, b) =>
    a.remainder === b.remainder ? a.index - b.index : a.remainder > b.remainder ? -1 : 1,
  )) {
    if (left === 0n) break;
    part.minor += 1n;
    left -= 1n;
  }
  return parts.map((part) => money(part.minor * sign, total.currency));
}

/** For people: `1,250.00 SEK`, `-3.500 KWD`, `500 JPY`. */
export function format(m: MoneyDto | Money): string {
  const exponent = exponentOf(m.currency);
  const digits = m.minor
    .toString()
    .replace('-', '')
    .padStart(exponent + 1, '0');
  const whole = digits.slice(0, digits.length - exponent).replace(/\B(?=(\d{3})+$)/g, ',');
  const fraction = exponent === 0 ? '' : `.${digits.slice(-exponent)}`;
  return `${m.minor.toString().startsWith('-') ? '-' : ''}${whole}${fraction} ${m.currency}`;
}
