import assert from 'node:assert/strict';
import fc from 'fast-check';
import {
  add,
  allocate,
  CurrencyMismatch,
  exponentOf,
  format,
  fromDto,
  isCurrency,
  minorPerMajor,
  money,
  toDto,
  type Currency,
} from '../../money/index.ts';

const SEK = 'SEK' as Currency;
const currency = fc.constantFrom('SEK', 'JPY', 'KWD', 'BTC', 'CLF').map((code) => code as Currency);
const minor = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
const weights = fc
  .array(fc.bigInt({ min: 0n, max: 10n ** 12n }), { minLength: 1, maxLength: 20 })
  .filter((list) => list.some((weight) => weight > 0n));

describe('money', () => {
  it('adds up within a currency, exactly', () => {
    fc.assert(
      fc.property(minor, minor, currency, (a, b, code) =>
        assert.equal(add(money(a, code), money(b, code)).minor, a + b),
      ),
    );
  });

  it('refuses to add one currency to another', () => {
    assert.throws(() => add(money(1n, SEK), money(1n, 'EUR' as Currency)), CurrencyMismatch);
  });

  it('survives a payload of JSON at any size', () => {
    fc.assert(
      fc.property(minor, currency, (amount, code) => {
        const sent = money(amount, code);
        assert.deepEqual(fromDto(JSON.parse(JSON.stringify(toDto(sent))) as ReturnType<typeof toDto>), sent);
      }),
    );
  });

  describe('when allocated', () => {
    const split = (total: bigint, parts: readonly bigint[]) =>
      allocate(money(total, SEK), parts).map((part) => part.minor as bigint);

    it('loses and makes nothing', () => {
      fc.assert(
        fc.property(minor, weights, (total, parts) =>
          assert.equal(
            split(total, parts).reduce((a, b) => a + b, 0n),
            total,
          ),
        ),
      );
    });

    it('gives each part its share, to less than one minor unit', () => {
      fc.assert(
        fc.property(minor, weights, (total, parts) => {
          const sum = parts.reduce((a, b) => a + b, 0n);
          split(total, parts).forEach((part, index) => {
            const off = part * sum - total * parts[index]!;
            assert.ok(off < sum && off > -sum);
          });
        }),
      );
    });

    it('gives nothing to a weight of zero', () => {
      fc.assert(
        fc.property(minor, weights, (total, parts) =>
          split(total, parts).forEach((part, index) => assert.ok(parts[index] !== 0n || part === 0n)),
        ),
      );
    });

    it('takes back exactly what it gave: a negative amount is split like the positive', () => {
      fc.assert(
        fc.property(minor, weights, (total, parts) =>
          assert.deepEqual(
            split(-total, parts),
            split(total, parts).map((part) => -part),
          ),
        ),
      );
    });

    it('gives the odd unit to the part that was rounded down furthest, the earlier first', () => {
      assert.deepEqual(split(100n, [1n, 1n, 1n]), [34n, 33n, 33n]);
      assert.deepEqual(split(101n, [1n, 1n, 1n]), [34n, 34n, 33n]);
      assert.deepEqual(split(10n, [1n, 2n, 4n]), [1n, 3n, 6n]);
      assert.deepEqual(split(-1n, [1n, 1n]), [-1n, 0n]);
    });

    it('refuses weights that say nothing', () => {
      for (const parts of [[], [0n], [0n, 0n], [-1n, 2n], [1n, -1n]])
        assert.throws(() => split(5n, parts), RangeError);
    });
  });

  it('knows how many decimals a currency has', () => {
    const known = { SEK: 2, EUR: 2, JPY: 0, KRW: 0, KWD: 3, BHD: 3, CLF: 4, BTC: 8 };
    for (const [code, exponent] of Object.entries(known)) {
      assert.equal(exponentOf(code), exponent, code);
      assert.equal(minorPerMajor(code as Currency), 10n ** BigInt(exponent));
    }
  });

  it('knows what a currency code looks like', () => {
    for (const code of ['SEK', 'USDT', 'MATIC']) assert.ok(isCurrency(code));
    for (const code of ['sek', 'SE', 'TOOLONG', 'S3K', 'SEK ', '', '__proto__', 'ŠEK'])
      assert.ok(!isCurrency(code), code);
  });

  describe('when shown to people', () => {
    it('has the decimals of its currency, and commas by the thousand', () => {
      const shown: [bigint, string, string][] = [
        [125_000n, 'SEK', '1,250.00 SEK'],
        [5n, 'SEK', '0.05 SEK'],
        [0n, 'SEK', '0.00 SEK'],
        [-5n, 'SEK', '-0.05 SEK'],
        [-3_500n, 'KWD', '-3.500 KWD'],
        [500n, 'JPY', '500 JPY'],
        [1_234_567n, 'JPY', '1,234,567 JPY'],
        [1n, 'BTC', '0.00000001 BTC'],
        [99_999_999_999n, 'SEK', '999,999,999.99 SEK'],
      ];
      for (const [amount, code, text] of shown) assert.equal(format(money(amount, code as Currency)), text);
    });

    it('loses nothing: the digits are those of the amount', () => {
      fc.assert(
        fc.property(minor, currency, (amount, code) => {
          const [number = '', unit] = format(money(amount, code)).split(' ');
          assert.equal(unit, code);
          assert.equal(BigInt(number.replace(/[,.]/g, '')), amount);
          assert.match(number, /^-?\d{1,3}(,\d{3})*(\.\d+)?$/);
          assert.equal(number.split('.')[1]?.length ?? 0, exponentOf(code));
        }),
      );
    });
  });
});
