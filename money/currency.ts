/**
 * ISO 4217 codes whose minor unit is not a hundredth, and the crypto currencies we know; every other code has two
 * decimals. Source: ISO 4217 list one, as of 2026-01-01.
 */
const EXPONENTS: Readonly<Record<string, number>> = {
  BIF: 0,
  CLP: 0,
  DJF: 0,
  GNF: 0,
  ISK: 0,
  JPY: 0,
  KMF: 0,
  KRW: 0,
  PYG: 0,
  RWF: 0,
  UGX: 0,
  UYI: 0,
  VND: 0,
  VUV: 0,
  XAF: 0,
  XOF: 0,
  XPF: 0,
  BHD: 3,
  IQD: 3,
  JOD: 3,
  KWD: 3,
  LYD: 3,
  OMR: 3,
  TND: 3,
  CLF: 4,
  UYW: 4,
  BTC: 8,
  LTC: 8,
  ETH: 8,
};

declare const currencyBrand: unique symbol;
/** A currency code of the right form, such as `SEK`. Whether it is configured is for the edge to say. */
export type Currency = string & { readonly [currencyBrand]: true };

export const isCurrency = (text: string): text is Currency => /^[A-Z]{3,5}$/.test(text);

/** How many decimals a major unit has: 2 for SEK, 0 for JPY, 3 for KWD. */
export const exponentOf = (currency: string): number => EXPONENTS[currency] ?? 2;

/** How many minor units a major unit has: 100n for SEK, 1n for JPY. */
export const minorPerMajor = (currency: string): bigint => 10n ** BigInt(exponentOf(currency));
