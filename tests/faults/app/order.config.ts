import { appendFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineApp, defineJob, handle, type Run } from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';
import type { SinkLine } from './chaos.config.ts';

const sink = process.env['CHAOS_SINK'] ?? '/dev/null';

/** The changes of an account come one after the other, whatever becomes of each. */
export const change = defineJob({
  queue: 'changes',
  name: 'change',
  schema: z.strictObject({ account: z.string(), ms: z.number(), failures: z.number() }),
  retry: { attempts: 3, backoff: fixed('300ms') },
  retention: { completed: '1h', completedCount: 1_000_000 },
  limits: [{ name: 'account', by: ({ account }) => account, concurrency: 1 }],
});

const doChange = handle(change, async ({ ms, failures }, run) => {
  note('start', run);
  await pause(ms, undefined, { signal: run.signal });
  if (run.attempt <= failures) throw new Error('not yet');
  note('end', run);
});

function note(what: SinkLine['what'], { jobId, attempt }: Run): void {
  const line: SinkLine = { what, jobId, attempt, pid: process.pid, at: Date.now() };
  appendFileSync(sink, `${JSON.stringify(line)}\n`);
}

/** No lock runs out while a case lasts: what is handed back is handed back by a host. */
export default defineApp({
  jobs: [change],
  handlers: [doChange],
  queues: { changes: { concurrency: 10, lock: 600_000 } },
});
