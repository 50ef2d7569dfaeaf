import { Connection } from '@temporalio/client';
import { SEARCH } from '../../contract/names.ts';
import { Sentence } from './sentence.ts';
import type { Command } from './spawnPart.ts';

/** What the CLI and the server's interface call the types of our search attributes. */
const TYPES = {
  KEYWORD: { flag: 'Keyword', code: 2 },
  INT: { flag: 'Int', code: 3 },
  BOOL: { flag: 'Bool', code: 5 },
} as const;
const attributes = Object.values(SEARCH).map(({ name, type }) => ({ name, ...TYPES[type] }));

/** Its defaults are meant for a person trying things, not for load. */
const dynamicConfig = {
  'frontend.rps': 10_000,
  'frontend.namespaceRPS': 10_000,
  'frontend.namespaceRPS.visibility': 1_000,
  'history.rps': 20_000,
  'matching.rps': 20_000,
  'system.enableActivityEagerExecution': true,
};

/** What the development server of the stack and that of the tests have in common. */
export const serverArguments: string[] = [
  ...attributes.flatMap(({ name, flag }) => ['--search-attribute', `${name}=${flag}`]),
  ...Object.entries(dynamicConfig).flatMap(([key, value]) => [
    '--dynamic-config-value',
    `${key}=${JSON.stringify(value)}`,
  ]),
];

export interface TemporalOptions {
  binary: string;
  databaseFile: string;
  port: number;
  uiPort: number;
  namespace: string;
}

/** Temporal's development server with its Web UI, on a database file. */
export function temporalCommand({ binary, databaseFile, port, uiPort, namespace }: TemporalOptions): Command {
  return {
    file: binary,
    args: [
      ...['server', 'start-dev', '--ip', '127.0.0.1', '--log-level', 'warn', '--namespace', namespace],
      ...['--port', String(port), '--ui-port', String(uiPort), '--db-filename', databaseFile],
      // Twice the workflows a second of SQLite's defaults; what a crash of the machine can lose, ids make safe to repeat.
      ...['--sqlite-pragma', 'journal_mode=wal', '--sqlite-pragma', 'synchronous=normal'],
      ...serverArguments,
    ],
  };
}

export async function answersCalls(address: string, namespace: string): Promise<void> {
  await using(address, (connection) => connection.workflowService.describeNamespace({ namespace }));
}

/** For a Temporal that is not ours: registers the search attributes it lacks. */
export async function prepareTemporal(address: string, namespace: string): Promise<void> {
  try {
    await using(address, (connection) => registerMissing(connection, namespace));
  } catch (error) {
    throw new Sentence(
      `TEMPORAL_ADDRESS is ${address}, namespace ${namespace}, which cannot be used: ${String(error)}. ` +
        'Remedy: start that server, make the namespace, or unset TEMPORAL_ADDRESS for the embedded one.',
    );
  }
}

async function registerMissing(connection: Connection, namespace: string): Promise<void> {
  const known = await connection.operatorService.listSearchAttributes({ namespace });
  const missing = attributes.filter(({ name }) => !(name in known.customAttributes));
  if (missing.length > 0) await registerSearchAttributes(connection, namespace, missing);
}

export async function registerSearchAttributes(
  connection: Connection,
  namespace: string,
  which = attributes,
): Promise<void> {
  await connection.operatorService.addSearchAttributes({
    namespace,
    searchAttributes: Object.fromEntries(which.map(({ name, code }) => [name, code])),
  });
}

async function using(address: string, work: (connection: Connection) => Promise<unknown>): Promise<void> {
  const connection = await Connection.connect({ address, connectTimeout: '2s' });
  try {
    await work(connection);
  } finally {
    await connection.close();
  }
}
