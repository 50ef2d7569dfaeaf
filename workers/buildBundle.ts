import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { bundleWorkflows } from './bundle.ts';

// Run by `npm run build`: production starts without webpack.
const { code } = await bundleWorkflows();
await writeFile(fileURLToPath(new URL('../dist/workflows/bundle.cjs', import.meta.url)), code);
