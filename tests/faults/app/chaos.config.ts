import { appendFileSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import {
  defineApp,
  defineJob,
  defineResource,
  defineSchedule,
  handle,
  type Run,
} from '../../../src/contracts/index.ts';
import { fixed } from '../../../src/resilience/index.ts';

/** The hundreds of processes of the trials start without a schema library. */
export function object<Value>(field: string, type: 'string' | 'number'): StandardSchemaV1<Value> {
  const fits = (value: unknown): value is Value =>
    typeof value === 'object' &&
    value !== null &&
    typeof Object.entries(value).find(([name]) => name === field)?.[1] === type;
  const validate = (value: unknown): StandardSchemaV1.Result<Value> => {
    killUnseen(value);
    return fits(value) ? { value } : { issues: [{ message: `expected an object with a ${type} as ${field}` }] };
  };
  return { '~standard': { version: 1, vendor: 'shiftwork-faults', validate } };
}

/** In a worker, which has just taken it and looks at its data, the first time. */
function killUnseen(value: unknown): void {
  const file = process.env['CHAOS_SINK'];
  if (file === undefined || typeof value !== 'object' || value === null) return;
  if (!('does' in value) || value.does !== 'kill-unseen' || existsSync(`${file}.unseen`)) return;
  writeFileSync(`${file}.unseen`, String(process.pid));
  process.kill(process.pid, 'SIGKILL');
}

interface Work {
  readonly key: string;
  readonly does:
    | 'sleep'
    | 'kill'
    | 'kill-unseen'
    | 'abort'
    | 'leak'
    | 'block-once'
    | 'block-die'
    | 'loop'
    | 'spin'
    | 'ignore-signal';
  readonly ms: number;
}

/** What a trial's job does. Every start and end is a line in the sink: an effect outside the queue that can be counted. */
export const work = defineJob({
  queue: 'chaos',
  name: 'work',
  schema: object<Work>('key', 'string'),
  retry: { attempts: 3, backoff: fixed('50ms') },
  timeout: '5m',
  retention: { completed: '1h', completedCount: 1_000_000 },
});

/** The same, and late after a minute. */
export const brief = defineJob({
  queue: 'chaos',
  name: 'brief',
  schema: object<Work>('key', 'string'),
  expiresAfter: '1m',
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

export const sink = defineResource({
  name: 'sink',
  configure: (environment, { neededBy }) => environment.required('CHAOS_SINK', neededBy),
  open: file => file,
});

const doWork = handle(work, { sink }, async ({ does, ms }, run, { sink: file }) => {
  const firstStart = does === 'block-once' && !startedBefore(file, run);
  note(file, 'start', run);
  if (does === 'loop') for (;;);
  if (does === 'spin') spin(ms);
  if (does === 'block-die') block(ms);
  if (does === 'kill' || does === 'block-die') process.kill(process.pid, 'SIGKILL');
  if (does === 'abort') process.abort();
  if (does === 'leak') leak();
  if (firstStart) block(ms);
  if (does === 'sleep') await pause(ms, undefined, { signal: run.signal });
  if (does === 'ignore-signal') await pause(ms);
  note(file, 'end', run);
});

const doBrief = handle(brief, { sink }, async ({ ms }, run, { sink: file }) => {
  note(file, 'start', run);
  await pause(ms);
  note(file, 'end', run);
});

export function note(file: string, what: SinkLine['what'], { jobId, attempt }: Run): void {
  const line: SinkLine = { what, jobId, attempt, pid: process.pid, at: Date.now() };
  appendFileSync(file, `${JSON.stringify(line)}\n`);
}

function startedBefore(file: string, { jobId }: Run): boolean {
  return readFileSync(file, { encoding: 'utf8', flag: 'a+' }).includes(jobId);
}

/** As a busy loop would, without taking a processor from the rest of the trial. */
function block(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

/** On a processor, however long it takes to get it. */
function spin(ms: number): void {
  const before = process.cpuUsage();
  for (;;) {
    const { user, system } = process.cpuUsage(before);
    if (user + system >= ms * 1_000) return;
  }
}

/** Numbers: of many small objects the garbage collector would make minutes on a slow machine. */
function leak(): void {
  const kept: unknown[] = [];
  for (;;) kept.push(Array.from({ length: 500_000 }, () => 0.5));
}

/** Due each second; every slot is to become one job, and its effect one line. */
export const tick = defineJob({
  queue: 'chaos',
  name: 'tick',
  schema: object<{ readonly slot: number }>('slot', 'number'),
});
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

/** CHAOS_LOCK scales the time after which a silent worker loses its jobs. */
export default defineApp({
  jobs: [work, brief, tick],
  handlers: [doWork, doBrief, onTick],
  schedules: process.env['CHAOS_SCHEDULE'] === undefined ? [] : [everySecond],
  queues: {
    chaos: { concurrency: 10, lock: Number(process.env['CHAOS_LOCK'] ?? 30_000) },
  },
});
