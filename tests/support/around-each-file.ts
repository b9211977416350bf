import { afterAll } from 'vitest';
import { endLeftProcesses } from './child-process.ts';
import { takeRedisDatabase } from './engines.ts';

takeRedisDatabase();
// A worker of Vitest goes on with the next file: what a failed test has left would keep its server and its processor until the end of the run.
afterAll(endLeftProcesses);
