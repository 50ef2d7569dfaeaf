import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { ConfigError, loadConfig } from '../../config/index.ts';
import { SEARCH, TASK_QUEUES } from '../../contract/names.ts';
import { findTemporal } from '../../dev/setup/temporal.mjs';
import { temporal } from '../support/temporal.ts';

interface Service {
  image: string;
  environment?: Record<string, string | number>;
  command?: string[];
  volumes?: string[];
}
interface Compose {
  services: Record<string, Service>;
  volumes: Record<string, unknown>;
}

const root = fileURLToPath(new URL('../../', import.meta.url));
const text = readFileSync(join(root, 'docker-compose.yml'), 'utf8');
const compose = parse(text, { merge: true }) as Compose;
const ours = Object.entries(compose.services).filter(([, { image }]) => image.startsWith('countroom:'));

/** What `docker compose` puts in the place of `${NAME}`, `${NAME:-default}` and `${NAME:?message}`. */
const fill = (value: string, env: Record<string, string>) =>
  value.replace(
    /\$\{(\w+)(?::-([^}]*)|:\?[^}]*)?\}/g,
    (_, name: string, fallback?: string) => env[name] ?? fallback ?? '',
  );

describe('docker-compose.yml', () => {
  const folder = mkdtempSync(join(tmpdir(), 'countroom-deploy-'));
  after(() => rmSync(folder, { recursive: true }));

  it('fits the schema of the Compose specification', () => {
    const dclint = dirname(createRequire(import.meta.url).resolve('dclint/package.json'));
    const schema = JSON.parse(readFileSync(join(dclint, 'schemas', 'compose.schema.json'), 'utf8')) as {
      $schema?: string;
    };
    delete schema.$schema; // draft 7, by an address that ajv does not know it by
    const ajv = new Ajv({ strict: false, allErrors: true });
    formats.default(ajv);
    const fits = ajv.compile(schema);
    assert.equal(fits(compose), true, JSON.stringify(fits.errors, undefined, 2));
    assert.equal(fits({ services: { api: { imagee: 'x' } } }), false, 'the schema refuses nothing');
  });

  it('gives the API, the workers and the migrations an environment that they accept', () => {
    const secrets = {
      COUNTROOM_APP_PASSWORD: 'a1',
      COUNTROOM_OWNER_PASSWORD: 'b2',
      COUNTROOM_PROVIDERS:
        '[{"name":"nordpay","url":"https://psp.example","apiKey":"12345678","webhookSecret":"12345678"}]',
    };
    assert.equal(ours.length, 4);
    for (const [name, { environment = {} }] of ours) {
      const env = Object.entries(environment).map(
        ([key, value]) => [key, fill(String(value), secrets)] as const,
      );
      const config = loadConfig(Object.fromEntries(env));
      assert.equal(config.temporal.address, 'temporal:7233', name);
      assert.match(config.databaseUrl, /^postgres:\/\/countroom_app:a1@postgres:5432\/countroom$/);
    }
    assert.throws(() => loadConfig({ ...ours[0]?.[1].environment, COUNTROOM_NONSENSE: '1' }), ConfigError);
  });

  it('serves every task queue', () => {
    const served = ours.flatMap(([, { command = [] }]) =>
      command.slice(command.indexOf('dist/workers/main.js') + 1 || Infinity),
    );
    assert.deepEqual(served.sort(), [...TASK_QUEUES].sort());
  });

  it('has no password in it and no data in an unnamed volume', () => {
    for (const [, name, rest] of text.matchAll(/\$\{(\w*PASSWORD)(.*?)\}/g))
      assert.match(rest ?? '', /^:\?/, name);
    for (const line of text.matchAll(/(?:PASSWORD|_PWD): (.*)/g))
      assert.match(line[1] ?? '', /^\$\{\w+:\?.*\}$/);
    for (const { volumes = [] } of Object.values(compose.services)) {
      for (const volume of volumes)
        assert.ok(volume.startsWith('./') || (volume.split(':')[0] ?? '') in compose.volumes, volume);
    }
  });

  it('has an example of every variable it asks for', () => {
    const example = readFileSync(join(root, 'deploy', '.env.example'), 'utf8');
    for (const [, name] of text.matchAll(/\$\{(\w+):\?/g))
      assert.match(example, new RegExp(`^${name ?? ''}=`, 'm'));
  });

  it('makes the namespace with the search attributes that workflows set, and again without harm', async () => {
    const { address, connection } = await temporal();
    const namespace = 'deployed';
    symlinkSync(await findTemporal(() => undefined), join(folder, 'temporal'));
    const path = `${folder}:${process.env['PATH'] ?? ''}`;
    const env = { ...process.env, PATH: path, TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: namespace };
    for (let run = 0; run < 2; run++)
      await promisify(execFile)('sh', [join(root, 'deploy/temporal/namespace.sh')], { env });
    const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace });
    for (const { name } of Object.values(SEARCH)) assert.ok(name in customAttributes, name);
    const { config } = await connection.workflowService.describeNamespace({ namespace });
    assert.equal(Number(config?.workflowExecutionRetentionTtl?.seconds) / 86_400, 30);
  });
});
