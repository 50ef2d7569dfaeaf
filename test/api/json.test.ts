import assert from 'node:assert/strict';
import fc from 'fast-check';
import { parseJson } from '../../api/json.ts';
import { Problem } from '../../api/problem.ts';

const parse = (text: string) => parseJson(Buffer.from(text));

function errorsOf(text: string): { pointer: string; detail: string }[] {
  try {
    parse(text);
  } catch (error) {
    assert.ok(error instanceof Problem);
    assert.equal(error.code, 'invalid_request');
    return [...(error.extra.errors ?? [])];
  }
  assert.fail(`${text.slice(0, 80)} was taken`);
}

describe('numbers in a body', () => {
  it('may be written in any way that is exactly a whole number', () => {
    const taken = {
      '0': 0,
      '-0.0': -0,
      '0e9999': 0,
      '1e3': 1000,
      '10.0': 10,
      '12.50e2': 1250,
      '9007199254740991': 9007199254740991,
      '9007199254740991.0': 9007199254740991,
      '0.9007199254740991e16': 9007199254740991,
      '-9007199254740991': -9007199254740991,
    };
    for (const [literal, value] of Object.entries(taken))
      assert.deepEqual(parse(`{"amount":${literal}}`), { amount: value }, literal);
  });

  it('are refused, by name, where JavaScript would round them into shape', () => {
    for (const literal of [
      '10.5',
      '1e-1',
      '0.99999999999999999999',
      '9007199254740991.4',
      '9007199254740992',
      '9007199254740993',
      '1e16',
      '1e400',
      '-1e400',
      '1E-400',
      '123456789012345678901234567890',
    ]) {
      assert.deepEqual(
        errorsOf(`{"outcomes": [{"payout": 1}, {"payout" :\n${literal} }]}`).map(({ pointer }) => pointer),
        ['/outcomes/1/payout'],
        literal,
      );
    }
  });

  it('inside text are text', () => {
    const body = {
      reason: 'costs 10.5, or "1e-1" : 9007199254740993',
      url: 'http://x:8080.1/',
      '1.5': [':1.5'],
    };
    assert.deepEqual(parse(JSON.stringify(body)), body);
  });
});

describe('members of a body', () => {
  it('are refused when they come twice, at any depth', () => {
    assert.deepEqual(
      errorsOf('{"a":1,"b":[{"c":2},{"c":3,"\\u0063":4}]}').map(({ pointer }) => pointer),
      ['/b/1/c'],
    );
  });

  it('may hold whatever looks like a name and is none', () => {
    const body = { a: '": "', b: ':', 'c"': '\\": 1', d: ['":', '"\\":'] };
    assert.deepEqual(parse(JSON.stringify(body)), body);
  });
});

describe('any body', () => {
  it('comes out as JSON.parse reads it, where its numbers are whole', () => {
    const whole = fc.oneof(fc.maxSafeInteger(), fc.string(), fc.boolean(), fc.constant(null));
    const body = fc.letrec((tie) => ({
      value: fc.oneof(
        { depthSize: 'small' },
        whole,
        fc.array(tie('value')),
        fc.dictionary(fc.string(), tie('value')),
      ),
    })).value;
    fc.assert(
      fc.property(body, fc.constantFrom(undefined, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        assert.deepEqual(parse(text), JSON.parse(text));
      }),
    );
  });

  it('of 4 MiB is read, be it one text or ten thousand outcomes, and named where one of them is wrong', () => {
    parse(`{"reason":"${'x'.repeat(4_000_000)}","amount":1.0}`);
    parse(`{"reason":"${'\\"'.repeat(2_000_000)}","amount":1.0}`);
    const outcomes = Array.from(
      { length: 10_000 },
      (_, index) => `{"wagerId":"w-${String(index)}","payout":${index === 9_999 ? '0.1' : '1250'}}`,
    );
    assert.deepEqual(
      errorsOf(`{"outcomes":[${outcomes.join(',')}]}`).map(({ pointer }) => pointer),
      ['/outcomes/9999/payout'],
    );
  });

  it('nested without end is refused, not a broken stack', () => {
    parse(`${'['.repeat(1_000_000)}${']'.repeat(1_000_000)}`);
    assert.match(errorsOf(`${'['.repeat(100_000)}1.5${']'.repeat(100_000)}`)[0]!.detail, /nested deeper/);
  });
});
