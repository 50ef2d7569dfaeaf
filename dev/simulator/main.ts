import { startProvider, type RunningProvider } from './provider.ts';
import { Sentence } from './sentence.ts';
import { readSettings } from './settings.ts';

/** Starts the providers that SIMULATOR names, says so in one line, and runs until it is told to stop. */
async function main(): Promise<void> {
  const { dataDir, webhookBaseUrl, providers } = readSettings(process.env['SIMULATOR']);
  const running = new Map<string, RunningProvider>();
  for (const provider of providers)
    running.set(provider.name, await startProvider({ ...provider, dataDir, webhookBaseUrl }));
  const stop = () => {
    void Promise.all([...running.values()].map((provider) => provider.close())).then(() => process.exit(0));
  };
  process.once('SIGTERM', stop).once('SIGINT', stop);
  const urls = [...running].map(([name, { url }]) => [name, url] as const);
  console.log(JSON.stringify({ ready: true, providers: Object.fromEntries(urls) }));
}

main().catch((error: unknown) => {
  const sentence = error instanceof Sentence || (error instanceof Error && 'code' in error);
  console.error(sentence ? error.message : error);
  process.exit(1);
});
