/** `path`, or why it is `missing`. */
export function findStripeMock(env?: NodeJS.ProcessEnv): { path?: string; missing?: string };
