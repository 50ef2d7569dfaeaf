import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

let done: Promise<unknown> | undefined;

/** Compiles the sources, once a run: what is killed a hundred times starts in half the time, and bundles no workflows. */
export const build = () => (done ??= promisify(execFile)('npm', ['run', 'build']));
