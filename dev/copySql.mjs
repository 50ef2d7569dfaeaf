// Run by `npm run build`: the compiler leaves the SQL behind.
import { cp } from 'node:fs/promises';

await cp('migrations', 'dist/migrations', { recursive: true, filter: (path) => !/\.ts$/.test(path) });
