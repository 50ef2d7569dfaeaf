// Builds Stripe's own mock server, which checks every request against Stripe's OpenAPI document. The tests alone need it.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, renameSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from './temporal.mjs';

const VERSION = 'v0.203.0';
const MODULE = fileURLToPath(new URL('stripe-mock', import.meta.url));

/**
 * The path of the binary: `STRIPE_MOCK_PATH`, the cache folder, or a build by Go, pinned and hash-checked by go.sum.
 * Without Go, or without the modules, the reason instead.
 */
export function findStripeMock(env = process.env) {
  if (env.STRIPE_MOCK_PATH) return { path: env.STRIPE_MOCK_PATH };
  const path = join(cacheFolder(env), `stripe-mock-${VERSION}`);
  if (existsSync(path)) return { path };
  mkdirSync(dirname(path), { recursive: true });
  const half = `${path}.${String(process.pid)}`;
  const args = ['build', '-mod=readonly', '-o', half, 'github.com/stripe/stripe-mock'];
  const { status, stderr, error } = spawnSync('go', args, {
    cwd: MODULE,
    encoding: 'utf8',
    timeout: 300_000,
  });
  if (status !== 0)
    return { missing: `no Go that builds stripe-mock: ${error?.message ?? stderr.trim().slice(0, 300)}` };
  // Whole or not at all, where two build at once.
  renameSync(half, path);
  return { path };
}
