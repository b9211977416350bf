import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import { dead, defineApp, defineJob, handle, type Run } from '../../../src/contracts/index.ts';
import type { SinkLine } from './chaos.config.ts';

const sink = process.env['CHAOS_SINK'] ?? '/dev/null';

/** The app of the fault cases of results, steps and what follows from a death. */
const base = { queue: 'answers', retention: { completed: '1h', completedCount: 1_000_000 } } as const;
export const measure = defineJob({
  ...base,
  name: 'measure',
  schema: z.object({ text: z.string(), ms: z.number() }),
  result: z.object({ length: z.number() }),
});
export const stepping = defineJob({ ...base, name: 'stepping', schema: z.object({ ms: z.number() }) });
export const told = defineJob({ ...base, name: 'told', schema: z.object({ of: z.string() }) });
/** Its process ends so long after it has said that it is dead, or before: around what follows from that. */
export const mortal = defineJob({
  ...base,
  name: 'mortal',
  schema: z.object({ killedAfterMs: z.number() }),
  onDead: ({ jobId }) => told({ of: jobId }),
});

const handlers = [
  handle(measure, async ({ text, ms }, run) => {
    note('start', run);
    await pause(ms, undefined, { signal: run.signal });
    note('end', run);
    return { length: text.length };
  }),
  handle(stepping, async ({ ms }, run) => {
    await run.step('first', () => note('start', run, 'first'));
    const isFirst = runsOf(run.jobId) === 0;
    await run.step('second', async () => {
      note('start', run, 'second');
      // Done, and not stored yet.
      if (isFirst) await pause(ms).then(() => process.kill(process.pid, 'SIGKILL'));
    });
    note('end', run);
  }),
  handle(told, ({ of }, run) => note('end', run, of)),
  handle(mortal, ({ killedAfterMs }, run) => {
    const isFirst = !lines().some(({ jobId }) => jobId === run.jobId);
    note('start', run);
    if (isFirst) setTimeout(() => process.kill(process.pid, 'SIGKILL'), killedAfterMs);
    return dead('as it was asked for');
  }),
];

export interface AnswerLine extends SinkLine {
  /** A step, or the job that it is about. */
  readonly of?: string;
}

function note(what: SinkLine['what'], { jobId, attempt }: Run, of?: string): void {
  const line: AnswerLine = { what, jobId, attempt, pid: process.pid, at: Date.now(), ...(of !== undefined && { of }) };
  appendFileSync(sink, `${JSON.stringify(line)}\n`);
}

function lines(): readonly AnswerLine[] {
  const text = readFileSync(sink, { encoding: 'utf8', flag: 'a+' });
  return text.split('\n').flatMap(line => (line.endsWith('}') ? [JSON.parse(line) as AnswerLine] : []));
}

function runsOf(id: string): number {
  return lines().filter(({ jobId, of }) => jobId === id && of === 'second').length;
}

export default defineApp({
  jobs: [measure, stepping, told, mortal],
  handlers,
  queues: { answers: { concurrency: 10 } },
});
