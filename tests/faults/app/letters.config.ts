import { appendFileSync, existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { defineApp, defineJob, handle, type Run } from '../../../src/contracts/index.ts';
import type { SinkLine } from './chaos.config.ts';

const sink = process.env['CHAOS_SINK'] ?? '/dev/null';
/** While this file is there `fragile` fails. */
export const brokenMark = (sinkFile: string): string => `${sinkFile}.broken`;

/** The app of the fault cases of dead letters and of queues that a release takes away. */
export const fragile = defineJob({
  queue: 'letters',
  name: 'fragile',
  schema: z.object({ n: z.number() }),
  retry: { attempts: 1 },
});
/** Each run ends its process. */
export const deadly = defineJob({ queue: 'letters', name: 'deadly', schema: z.object({ n: z.number() }) });
/** In a queue that the next release does not have. */
export const leaving = defineJob({ queue: 'leaving', name: 'leaving', schema: z.object({ ms: z.number() }) });

const handlers = [
  handle(fragile, (_data, run) => {
    note('start', run);
    if (existsSync(brokenMark(sink))) throw new Error('what it needs is broken');
    note('end', run);
  }),
  handle(deadly, (_data, run) => {
    note('start', run);
    process.kill(process.pid, 'SIGKILL');
  }),
];
const leave = handle(leaving, async ({ ms }, run) => {
  note('start', run);
  await pause(ms, undefined, { signal: run.signal });
  note('end', run);
});

function note(what: SinkLine['what'], { jobId, attempt }: Run): void {
  const line: SinkLine = { what, jobId, attempt, pid: process.pid, at: Date.now() };
  appendFileSync(sink, `${JSON.stringify(line)}\n`);
}

const isNext = process.env['LETTERS_RELEASE'] === 'next';

/** No lock runs out while a case lasts: what is handed back is handed back by a host. */
export default defineApp({
  jobs: isNext ? [fragile, deadly] : [fragile, deadly, leaving],
  handlers: isNext ? handlers : [...handlers, leave],
  queues: { letters: { concurrency: 10, lock: 600_000 }, ...(isNext ? {} : { leaving: { lock: 600_000 } }) },
});
