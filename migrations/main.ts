import { loadConfig } from '../config/index.ts';
import { migrate } from './index.ts';

try {
  await migrate(loadConfig(process.env).ownerDatabaseUrl, (line) => console.log(line));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
}
