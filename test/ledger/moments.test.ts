import assert from 'node:assert/strict';
import { momentAfter, momentOf } from '../../ledger/index.ts';

describe('a moment', () => {
  it('is the same for a time in every zone, to the microsecond', () => {
    const noon = 1_795_435_200_000_000n;
    const same = [
      '2026-11-23T12:00:00Z',
      '2026-11-23T12:00:00.000Z',
      '2026-11-23T21:00:00+09:00',
      '2026-11-23T06:30:00.000-05:30',
    ];
    for (const text of same) assert.equal(momentOf(text), noon, text);
    assert.equal(momentOf('2026-11-23T12:00:00.1Z'), noon + 100_000n);
    assert.equal(momentOf('2026-11-23T12:00:00.123456Z'), noon + 123_456n);
    assert.equal(momentOf('2026-11-23T21:00:00.1234567899+09:00'), noon + 123_456n);
    assert.equal(momentAfter('2026-11-23T12:00:00.123Z'), noon + 124_000n);
    assert.equal(momentAfter('2026-11-23T12:00:00.123456Z'), noon + 123_457n);
  });
});
