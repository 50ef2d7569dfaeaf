import assert from 'node:assert/strict';
import { PROBLEMS } from '../../contract/codes.ts';
import { LEDGER_ERRORS } from '../../ledger/index.ts';
import { existsSync } from 'node:fs';
import { RUNBOOKS } from '../../ops/log.ts';
import { filesOf, readText } from './files.ts';

/**
 * The codes of the REST contract in its order of precedence, with their status: what callers rely on. It is written
 * down here a second time, so that a change of contract/codes.ts is a decision.
 */
const CONTRACT = `
  unauthenticated 401, rate_limited 429, forbidden 403, not_found 404, method_not_allowed 405, payload_too_large 413,
  unsupported_media_type 415, invalid_request 400, idempotency_conflict 409, player_unknown 422, unknown_currency 422,
  currency_mismatch 422, wager_unknown 422, round_closed 409, round_voided 409, wager_rolled_back 409, wager_settled 409,
  invalid_state 409, player_blocked 422, limit_required 422, limit_exceeded 422, no_provider 422, amount_too_large 422, insufficient_funds 422,
  internal 500, unavailable 503`;

describe('the house rules of what is written down', () => {
  it('every problem code of the contract is there, with its status, in order of precedence', () => {
    const codes = Object.entries(PROBLEMS).map(([code, [status]]) => `${code} ${String(status)}`);
    assert.deepEqual(codes, CONTRACT.trim().split(/,\s+/));
  });

  it('every page that an alert names is there', () => {
    for (const page of Object.values(RUNBOOKS)) {
      const [path = '', heading] = page.split('#');
      assert.ok(existsSync(path), page);
      if (heading !== undefined)
        assert.match(readText(path).toLowerCase(), new RegExp(`^#+ ${heading}$`, 'm'));
    }
  });

  it('what the ledger and the contract both refuse stands in the same order', () => {
    const contract = Object.keys(PROBLEMS);
    const shared = LEDGER_ERRORS.filter((code) => contract.includes(code));
    assert.deepEqual(
      shared,
      contract.filter((code) => (shared as string[]).includes(code)),
    );
    assert.ok(shared.length >= 3);
  });

  it('every decision is listed in the index of decisions, and every listed one is there', () => {
    const decisions = filesOf(['docs/decisions'], /\/\d{4}-[^/]+\.md$/).map(({ path }) =>
      path.replace('docs/decisions/', ''),
    );
    assert.ok(decisions.length > 0, 'docs/decisions holds no decision');
    const index = readText('docs/decisions/README.md');
    const listed = [...index.matchAll(/\]\((?:\.\/)?(\d{4}-[^)]+\.md)\)/g)].map(([, name]) => name!);
    assert.deepEqual([...new Set(listed)].sort(), decisions.toSorted());
  });

  it('no document names a place on somebody’s machine', () => {
    const atTheTop = ['README.md', 'CONTRIBUTING.md', 'CHANGELOG.md'].map((path) => ({
      path,
      text: readText(path),
    }));
    const documents = [...filesOf(['docs'], /\.md$/), ...atTheTop];
    const named = documents
      .filter(({ text }) => /(^|[\s`("'])\/(home|root|Users|work|tmp)\//m.test(text))
      .map(({ path }) => path);
    assert.deepEqual(named, []);
  });
});
