import type { FoundQueue } from './find-queues.ts';
import { readSample, type Sample, type StoredJob } from './read-sample.ts';
import { readSchedulers, type FoundSchedulers } from './read-schedulers.ts';
import type { Reader } from './reader.ts';
import { STATES, type State } from './states.ts';

/** Whose queue it is, as far as its keys tell. */
export type Origin =
  | { readonly library: 'bullmq'; readonly version: string }
  /** No Queue of BullMQ 4 or newer wrote its version down: only a worker, a flow, or an early one was here. */
  | { readonly library: 'bullmq-5-or-newer' | 'bullmq-4-or-older' }
  /** Nor does a job tell: it holds none that ever ran, and no mark that BullMQ 5 leaves for idle workers. */
  | { readonly library: 'bullmq'; readonly version: undefined }
  | { readonly library: 'bull' };

export interface QueueLook extends FoundQueue {
  readonly origin: Origin;
  readonly counts: Readonly<Record<State, number>>;
  readonly sample: Sample;
  readonly schedulers: FoundSchedulers;
  /** Set for the whole queue: more than so many jobs at once, or in a time, are begun by no worker. */
  readonly globalConcurrency: number | undefined;
  readonly hasGlobalRate: boolean;
  readonly isPaused: boolean;
}

/** Reads how much a queue holds and looks at some of it. Undefined where the keys are no queue's after all. */
export async function readQueue(reader: Reader, queue: FoundQueue, jobs: number): Promise<QueueLook | undefined> {
  const key = (name: string): string => `${queue.prefix}:${queue.name}:${name}`;
  const [metaType, idType, markerType] = await reader.read(commands => {
    for (const name of ['meta', 'id', 'marker']) commands.type(key(name));
  });
  if (metaType !== 'hash' && idType !== 'string') return undefined;
  const isBull = metaType !== 'hash';
  if (isBull && !(await isCounter(reader, key('id')))) return undefined;
  const [version, concurrency, rate, paused, events] = isBull
    ? []
    : await readFields(reader, key('meta'), ['version', 'concurrency', 'max', 'paused', 'opts.maxLenEvents']);
  const counts = await readCounts(reader, key);
  const schedulers = await readSchedulers(reader, key('repeat'));
  const isOfBullMq = [version, concurrency, rate, paused, events].some(Boolean);
  // A hash that others call `meta` is in no use as a queue.
  if (!isBull && !isOfBullMq && schedulers.total + sumOf(counts) === 0) return undefined;
  const sample = await readSample(reader, queue, counts, jobs);
  return {
    ...queue,
    origin: originOf(isBull, version ?? undefined, markerType === 'zset', sample.jobs),
    counts,
    sample,
    schedulers,
    globalConcurrency: concurrency ? Number(concurrency) : undefined,
    hasGlobalRate: Boolean(rate),
    isPaused: Boolean(paused),
  };
}

function originOf(
  isBull: boolean,
  version: string | undefined,
  hasMarker: boolean,
  jobs: readonly StoredJob[],
): Origin {
  if (isBull) return { library: 'bull' };
  const [, number] = /^[\w-]+:(\d+\.\d+\.\d+\S*)$/.exec(version ?? '') ?? [];
  if (number !== undefined) return { library: 'bullmq', version: number };
  // The marker is gone while a worker is busy.
  if (hasMarker || jobs.some(({ ranUnder }) => ranUnder === 'bullmq-5-or-newer'))
    return { library: 'bullmq-5-or-newer' };
  const isOld = jobs.some(({ ranUnder }) => ranUnder === 'bullmq-4-or-older');
  return isOld ? { library: 'bullmq-4-or-older' } : { library: 'bullmq', version: undefined };
}

/** Bull counts its jobs there. Others keep what is no number under such a name. */
async function isCounter(reader: Reader, key: string): Promise<boolean> {
  const [value] = await reader.read(commands => commands.get(key));
  return typeof value === 'string' && /^\d+$/.test(value);
}

function sumOf(counts: Readonly<Record<State, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

async function readFields(reader: Reader, key: string, fields: readonly string[]): Promise<readonly (string | null)[]> {
  const [values] = await reader.read(commands => commands.hmget(key, ...fields));
  return values as readonly (string | null)[];
}

async function readCounts(reader: Reader, key: (name: string) => string): Promise<Readonly<Record<State, number>>> {
  const states = Object.entries(STATES);
  const answers = await reader.read(commands => {
    for (const [state, kind] of states) {
      if (kind === 'list') commands.llen(key(state));
      else commands.zcard(key(state));
    }
  });
  return Object.fromEntries(states.map(([state], index) => [state, Number(answers[index])])) as Record<State, number>;
}
