import { failedLine, type EndReason } from '../../dead-letters/index.ts';
import {
  keyEndOf,
  parentPolicyOf,
  type BatchOfEnd,
  type EndKind,
  type Keep,
  type TakenJob,
} from '../../engine/index.ts';
import type { DeadReason, FactTable, Facts, RunFields } from '../../facts/index.ts';
import { readMeta } from '../../queue/index.ts';

type FailedEnd = Extract<EndKind, { readonly what: 'cancelled' | 'expired' | 'dead' }>;
type Buried = Pick<TakenJob, 'opts'>;

/** What whoever ends a job without success knows of it: its run, or the supervisor of one that kills workers. The rest stands in the job's options. */
export interface Burial extends Pick<FailedEnd, 'what' | 'failure' | 'line' | 'data'> {
  /** Engine time. */
  readonly at: number;
  /** Whether nobody knows what it has done: then its key stands until a person frees it. */
  readonly unclear: boolean;
}

/** How long a dead letter of a job that brings no policy of its own is kept: added by another program, or damaged. */
export const KEEP_FAILED: Keep = { age: 14 * 86_400 };
/** Nobody knows what the job has done, or it would end the next process too: its key is for a person to free. */
const UNCLEAR: ReadonlySet<EndReason> = new Set(['in-doubt', 'poison', 'stalled']);

/** The end of a job for good, without success: the only place that makes one. */
export function buried({ opts }: Buried, { what, failure, line, data, at, unclear }: Burial): FailedEnd {
  return {
    what,
    failure,
    attempts: whole(opts.attempts, 0) ?? 0,
    keep: keepOf(opts.removeOnFail, KEEP_FAILED),
    key: keyEndOf(opts, unclear ? 'unclear' : 'ended'),
    batch: batchOfEnd({ opts }, at),
    parents: parentPolicyOf(opts),
    line,
    data,
  };
}

export function isUnclear(reason: EndReason): boolean {
  return UNCLEAR.has(reason);
}

/** Every `job.dead` is emitted here. */
export function emitDead(
  facts: Facts,
  run: RunFields,
  death: Omit<FactTable['job.dead'], keyof RunFields> & { readonly reason: DeadReason },
): void {
  facts.emit('job.dead', { ...run, ...death });
}

/** The batch that hears of a job's end, where it is a member of one. */
function batchOfEnd({ opts }: Buried, at: number): BatchOfEnd | undefined {
  const { batchId } = readMeta(opts.telemetry?.metadata);
  return batchId === undefined ? undefined : { id: batchId, at: Math.floor(at) };
}

/** With the stacks of earlier failures, as many as the job's options keep. */
export function failureOf(
  { stacktrace, opts }: Pick<TakenJob, 'stacktrace' | 'opts'>,
  { message, stack }: { readonly message: string; readonly stack?: string | undefined },
): FailedEnd['failure'] {
  const stacks = stack === undefined ? stacktrace : [...stacktrace, stack];
  const limit = whole(opts.stackTraceLimit, 0);
  return { message, stacktrace: limit === undefined ? stacks : limit === 0 ? [] : stacks.slice(-limit) };
}

/** A failed attempt in the job's history, which keeps as many lines as the job's options say. */
export function failedLineOf(
  { opts }: Buried,
  attempt: Parameters<typeof failedLine>[0],
): { readonly text: string; readonly keep?: number } {
  const text = failedLine(attempt);
  const keep = whole(opts.keepLogs, 1);
  return keep === undefined ? { text } : { text, keep };
}

/** BullMQ's forms of retention. Other programs store what they like, also numbers that no engine can keep: then ours is kept. */
export function keepOf(policy: unknown, otherwise: Keep): Keep {
  if (typeof policy === 'boolean') return policy ? { count: 0 } : { count: -1 };
  if (typeof policy === 'number') return { count: whole(policy, -1) ?? otherwise.count };
  if (typeof policy !== 'object' || policy === null) return otherwise;
  const read = (name: keyof Keep, least: number): number | undefined => whole(Reflect.get(policy, name), least);
  const count = read('count', -1);
  const age = read('age', 0);
  return count === undefined && age === undefined ? otherwise : { count, age, limit: read('limit', 1) };
}

/** A number as the engines take one, rounded up; undefined where it is none, or out of what they hold. */
export function whole(value: unknown, least: number): number | undefined {
  if (typeof value !== 'number' || !(value >= least && value <= Number.MAX_SAFE_INTEGER)) return undefined;
  return Math.ceil(value);
}
