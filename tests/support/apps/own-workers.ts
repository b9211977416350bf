import { existsSync } from 'node:fs';
import { defineApp, defineJob, handle } from '../../../src/index.ts';
import { startWorkers } from '../../../workers/index.ts';
import { z } from 'zod';

/** A program of a user with workers inside: one job keeps it from doing anything else until a file is there. */
export const compute = defineJob({ queue: 'own', name: 'compute', schema: z.strictObject({ until: z.string() }) });

function computeUntil(file: string): void {
  while (!existsSync(file));
}

export const app = defineApp({ jobs: [compute], handlers: [handle(compute, ({ until }) => computeUntil(until))] });

if (import.meta.main) {
  const workers = await startWorkers({ app });
  workers.facts.onAny(({ name, fields }) => console.log(JSON.stringify({ name, ...fields })));
  process.once('SIGTERM', () => void workers.stop());
  console.log('ready');
}
