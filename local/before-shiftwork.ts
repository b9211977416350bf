import { existsSync } from 'node:fs';
import { loadEnvFile } from 'node:process';
import { fileURLToPath } from 'node:url';
import { namesAnEngine } from './start/commands-environment.ts';

/** Loaded before `npm run shiftwork`: while `npm start` runs on its own PostgreSQL the command asks that engine, unless the person names another. */
const file = fileURLToPath(new URL('../.shiftwork/env', import.meta.url));
if (!namesAnEngine(process.env) && existsSync(file)) loadEnvFile(file);
