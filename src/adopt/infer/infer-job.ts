import type { StoredJob } from '../read/read-sample.ts';
import { looksLikeData } from './looks-like-data.ts';
import { inferSchema, type InferredSchema } from './schema-text.ts';

/** A number or word that was seen, and how often. */
export interface Counted<Value> {
  readonly value: Value;
  readonly count: number;
}

export interface StoredBackoff {
  readonly type: string;
  readonly delayMs: number;
}

/** How jobs of one name are enqueued. */
export interface OptionsShape {
  /** The most frequent first. BullMQ runs once where none is given. */
  readonly attempts: readonly Counted<number>[];
  readonly backoffs: readonly Counted<StoredBackoff>[];
  readonly withPriority: number;
  readonly withDelay: number;
  readonly lifo: number;
  readonly ownIds: number;
  readonly deduplicated: number;
  readonly scheduled: number;
  readonly children: number;
  readonly removedOnComplete: number;
}

export interface InferredJob {
  readonly name: string;
  /** Jobs looked at. */
  readonly jobs: number;
  readonly schema: InferredSchema;
  readonly options: OptionsShape;
}

export interface InferredJobs {
  readonly jobs: readonly InferredJob[];
  /** How many names were made from data, such as `send-48213`: a contract needs one name for all of them. The report repeats none of them. */
  readonly namesFromData: number;
  readonly jobsWithNamesFromData: number;
}

/** Ids that BullMQ makes: a number, or in a flow a UUID. */
const GENERATED_ID = /^(\d+|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$/;
/** A queue with more names than this has them from data. */
const MAX_NAMES = 64;

/** What the jobs of a queue are, name by name. */
export function inferJobs(sample: readonly StoredJob[]): InferredJobs {
  const byName = Map.groupBy(sample, ({ name }) => name);
  const told = [...byName].filter(([name]) => !looksLikeData(name.replaceAll(/[.:]/g, '-')));
  const kept = told.sort(([, a], [, b]) => b.length - a.length).slice(0, MAX_NAMES);
  const jobs = kept.map(([name, own]) => inferJob(name, own));
  const looked = jobs.reduce((sum, job) => sum + job.jobs, 0);
  return { jobs, namesFromData: byName.size - kept.length, jobsWithNamesFromData: sample.length - looked };
}

function inferJob(name: string, jobs: readonly StoredJob[]): InferredJob {
  return { name, jobs: jobs.length, schema: inferSchema(jobs.map(({ data }) => data)), options: optionsOf(jobs) };
}

function optionsOf(jobs: readonly StoredJob[]): OptionsShape {
  const having = (test: (job: StoredJob) => boolean): number => jobs.filter(test).length;
  return {
    attempts: counted(jobs.map(({ options }) => Math.max(1, Number(options['attempts']) || 1))),
    backoffs: counted(jobs.flatMap(({ options }) => backoffOf(options['backoff']))),
    withPriority: having(({ options }) => Number(options['priority']) > 0),
    withDelay: having(({ options, isScheduled }) => !isScheduled && Number(options['delay']) > 0),
    lifo: having(({ options }) => options['lifo'] === true),
    ownIds: having(({ id, isScheduled }) => !isScheduled && !GENERATED_ID.test(id)),
    deduplicated: having(({ options }) => options['de'] !== undefined || options['debounce'] !== undefined),
    scheduled: having(({ isScheduled }) => isScheduled),
    children: having(({ hasParent }) => hasParent),
    removedOnComplete: having(({ options }) => Boolean(options['removeOnComplete'])),
  };
}

/** A number is a fixed delay, as BullMQ reads it. The name of a type that is not BullMQ's own is a programmer's word. */
function backoffOf(stored: unknown): readonly StoredBackoff[] {
  if (typeof stored === 'number') return [{ type: 'fixed', delayMs: stored }];
  if (typeof stored !== 'object' || stored === null) return [];
  const { type, delay } = stored as { readonly type?: unknown; readonly delay?: unknown };
  return typeof type === 'string'
    ? [{ type: looksLikeData(type) ? 'custom' : type, delayMs: typeof delay === 'number' ? delay : 0 }]
    : [];
}

function counted<Value>(values: readonly Value[]): readonly Counted<Value>[] {
  const groups = Map.groupBy(values, value => JSON.stringify(value));
  return [...groups.values()]
    .flatMap(([value, ...more]) => (value === undefined ? [] : [{ value, count: more.length + 1 }]))
    .sort((a, b) => b.count - a.count);
}
