import { Sentence } from './sentence.ts';

export interface ProviderSettings {
  readonly name: string;
  readonly port: number;
  readonly apiKey: string;
  readonly webhookSecret: string;
}

export interface Settings {
  readonly dataDir: string;
  readonly webhookBaseUrl: string;
  readonly providers: readonly ProviderSettings[];
}

type Members = Readonly<Record<string, unknown>>;

/**
 * Reads the variable SIMULATOR.
 * @throws Sentence that names every member at fault
 */
export function readSettings(text: string | undefined): Settings {
  if (text === undefined || text === '')
    throw new Sentence('The variable SIMULATOR is missing (see dev/simulator/README.md).');
  let settings: unknown;
  try {
    settings = JSON.parse(text);
  } catch {
    throw new Sentence('The variable SIMULATOR is not JSON.');
  }
  if (!isMembers(settings)) throw new Sentence('The variable SIMULATOR is not a JSON object.');
  const problems = [...rootProblems(settings)];
  const providers = Array.isArray(settings['providers']) ? (settings['providers'] as unknown[]) : [];
  providers.forEach((provider, index) =>
    problems.push(...providerProblems(provider, `providers[${String(index)}]`)),
  );
  const names = providers.map((provider) => (isMembers(provider) ? provider['name'] : undefined));
  if (new Set(names).size < names.length) problems.push('providers have different names');
  if (problems.length > 0) throw new Sentence(`The variable SIMULATOR is wrong: ${problems.join('; ')}.`);
  return settings as unknown as Settings;
}

function rootProblems(settings: Members): string[] {
  const problems: string[] = [];
  const { dataDir, webhookBaseUrl, providers } = settings as { [name in keyof Settings]?: unknown };
  if (!isText(dataDir)) problems.push('dataDir is a folder');
  if (!isText(webhookBaseUrl) || !isHttpUrl(webhookBaseUrl))
    problems.push('webhookBaseUrl is an http or https address');
  if (!Array.isArray(providers) || providers.length === 0)
    problems.push('providers is a list of at least one');
  return problems;
}

function providerProblems(provider: unknown, where: string): string[] {
  if (!isMembers(provider)) return [`${where} is an object`];
  const { name, port, apiKey, webhookSecret } = provider as { [name in keyof ProviderSettings]?: unknown };
  const problems: string[] = [];
  if (!isText(name) || !/^[a-z][a-z0-9-]{0,31}$/.test(name))
    problems.push(`${where}.name is a short lower-case word`);
  if (!Number.isInteger(port) || Number(port) < 0 || Number(port) > 65_535)
    problems.push(`${where}.port is 0 to 65535`);
  if (!isText(apiKey)) problems.push(`${where}.apiKey is a text`);
  if (!isText(webhookSecret)) problems.push(`${where}.webhookSecret is a text`);
  return problems;
}

export function isHttpUrl(text: string): boolean {
  return URL.canParse(text) && ['http:', 'https:'].includes(new URL(text).protocol);
}

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isMembers = (value: unknown): value is Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
