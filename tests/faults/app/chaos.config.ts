import { appendFileSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import {
  defineApp,
  defineJob,
  defineResource,
  defineSchedule,
  handle,
  type Run,
} from '../../../src/contracts/index.ts';
import { mailer } from '../../../workers/email/index.ts';
import { post } from '../../../workers/http/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

/** What a trial's job does. Every start and end is a line in the sink: an effect outside the queue that can be counted. */
export const work = defineJob({
  queue: 'chaos',
  name: 'work',
  schema: z.strictObject({
    key: z.string(),
    does: z.enum(['sleep', 'kill', 'abort', 'leak', 'block-once', 'ignore-signal']),
    ms: z.number(),
  }),
  retry: { attempts: 3, backoff: fixed('50ms') },
  timeout: '5m',
  retention: { completed: '1h', completedCount: 1_000_000 },
});

export interface SinkLine {
  readonly what: 'start' | 'end';
  readonly jobId: string;
  readonly attempt: number;
  readonly pid: number;
  readonly at: number;
  /** Of a job that a schedule made. */
  readonly slot?: number;
}

const sink = defineResource({
  name: 'sink',
  configure: (environment, { neededBy }) => environment.required('CHAOS_SINK', neededBy),
  open: file => file,
});

const doWork = handle(work, { sink }, async ({ does, ms }, run, { sink: file }) => {
  const firstStart = does === 'block-once' && !startedBefore(file, run);
  note(file, 'start', run);
  if (does === 'kill') process.kill(process.pid, 'SIGKILL');
  if (does === 'abort') process.abort();
  if (does === 'leak') leak();
  if (firstStart) block(ms);
  if (does === 'sleep') await pause(ms, undefined, { signal: run.signal });
  if (does === 'ignore-signal') await pause(ms);
  note(file, 'end', run);
});

function note(file: string, what: SinkLine['what'], { jobId, attempt }: Run): void {
  const line: SinkLine = { what, jobId, attempt, pid: process.pid, at: Date.now() };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function startedBefore(file: string, { jobId }: Run): boolean {
  return readFileSync(file, { encoding: 'utf8', flag: 'a+' }).includes(jobId);
}

function block(ms: number): void {
  const until = Date.now() + ms;
  while (Date.now() < until);
}

/** Numbers: of many small objects the garbage collector would make minutes on a slow machine. */
function leak(): void {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 500_000 }, () => 0.5));
}

/** Due each second; every slot is to become one job, and its effect one line. */
const tick = defineJob({ queue: 'chaos', name: 'tick', schema: z.strictObject({ slot: z.number() }) });
const onTick = handle(tick, { sink }, ({ slot }, run, { sink: file }) => {
  const line = { what: 'end', jobId: run.jobId, attempt: run.attempt, pid: process.pid, at: Date.now(), slot };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
});
const everySecond = defineSchedule({
  name: 'every-second',
  job: tick,
  data: slot => ({ slot: slot.getTime() }),
  every: '1s',
  missed: 'all',
});

/** Work for a provider that the trial makes sick, through the clients that the real handlers use. */
export const mail = defineJob({
  queue: 'provider',
  name: 'mail',
  schema: z.strictObject({ n: z.number() }),
  retry: { attempts: 5, backoff: fixed('100ms') },
  timeout: '3s',
  destination: () => 'smtp',
});
export const call = defineJob({
  queue: 'provider',
  name: 'call',
  schema: z.strictObject({ n: z.number() }),
  retry: { attempts: 5, backoff: fixed('100ms') },
  timeout: '15s',
  destination: () => 'http',
});
const httpSink = defineResource({
  name: 'http-sink',
  configure: (environment, { neededBy }) => environment.required('CHAOS_HTTP', neededBy),
  open: url => new URL(url),
});
const sendMail = handle(mail, { mailer }, async ({ n }, { effectId, signal }, needs) => {
  const content = { subject: `mail ${n}`, html: '<p>hello</p>', text: 'hello' };
  await needs.mailer.send(content, { to: 'somebody@example.com', effectId, signal });
});
const makeCall = handle(call, { httpSink }, async ({ n }, { effectId, signal }, needs) => {
  const headers = { 'content-type': 'application/json', 'idempotency-key': effectId };
  await post(
    { url: needs.httpSink, headers, body: JSON.stringify({ n }), signal },
    // As long as a busy machine may take to answer itself.
    { reach: 'anywhere', timeoutMs: 3_000 },
  );
});

/** CHAOS_LOCK scales the time after which a silent worker loses its jobs. */
export default defineApp({
  jobs: [work, tick, mail, call],
  handlers: [doWork, onTick, sendMail, makeCall],
  schedules: process.env['CHAOS_SCHEDULE'] === undefined ? [] : [everySecond],
  queues: {
    provider: { concurrency: 5, destinations: { breaker: { failures: 5, pause: '1s', maxPause: '2s', probes: 2 } } },
    chaos: { concurrency: 10, lock: Number(process.env['CHAOS_LOCK'] ?? 30_000) },
  },
});
