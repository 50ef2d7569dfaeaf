export function cacheFolder(env?: NodeJS.ProcessEnv): string;
export function findTemporal(say: (line: string) => void): Promise<string>;
export function findTestServer(say: (line: string) => void): Promise<string>;
