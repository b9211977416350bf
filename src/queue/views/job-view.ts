import { placeOfKey, type ChildStanding, type Engine, type EngineJob, type JobPlace } from '../../engine/index.ts';
import { endReasonOf, hasBegun } from '../meta/end-reason.ts';
import { marksOf, progressIn } from '../meta/job-marks.ts';
import { placeOf, shownJobId } from '../ids/job-id.ts';
import { ENCRYPTED, encryptedText } from '../../privacy/index.ts';
import { readMeta } from '../meta/job-meta.ts';
import type { ShownTag } from '../find/job-tags.ts';
import { readStoredJob } from './read-stored-job.ts';
import { whyItWaits, type WaitsFor } from './why-it-waits.ts';

/** `cancelled` and `expired` are ends that somebody wanted; `dead` is the one that wants somebody. */
export type JobState = 'waiting' | 'delayed' | 'running' | 'succeeded' | 'cancelled' | 'expired' | 'dead' | 'unknown';

/** Whether nothing more becomes of it by itself. */
export function isOver(state: JobState): boolean {
  return state === 'succeeded' || state === 'cancelled' || state === 'expired' || state === 'dead';
}

/** The items of a chunk: what became of them is known where the handler answered for each and the chunk was divided, or all are done. */
export interface ChunkItems {
  readonly count: number;
  readonly done: number | undefined;
  /** They have come again, in a job of their own. */
  readonly retried: number | undefined;
  /** Each is a letter of its own. */
  readonly dead: number | undefined;
}

/** A job as it stands, without its data. */
export interface JobView {
  /** `QUEUE/ID` of a job of another program. */
  readonly id: string;
  readonly name: string;
  readonly queue: string;
  readonly state: JobState;
  /** Those that began: 0 of a job that was cancelled, or expired, while it waited. */
  readonly attemptsMade: number;
  readonly attempts: number;
  readonly correlationId: string;
  /** The job that waits for it, of a child of a flow. */
  readonly parent: JobPlace | undefined;
  /** How many of its children are where, of a parent of a flow. */
  readonly children: { readonly open: number; readonly succeeded: number; readonly failed: number } | undefined;
  /** Of a chunk. */
  readonly items: ChunkItems | undefined;
  /** The batch whose member it is. */
  readonly batch: string | undefined;
  /** The job or the event whose handler has enqueued it; undefined where it was none, or nobody said so. */
  readonly enqueuedBy: string | undefined;
  /** The job in whose place it runs, with other data: `client.replay`. */
  readonly replayOf: string | undefined;
  /** What it can be found by, as it was enqueued; values of public tags alone. */
  readonly tags: readonly ShownTag[];
  /** Milliseconds since 1970. */
  readonly enqueuedAt: number;
  readonly startedAt: number | undefined;
  readonly finishedAt: number | undefined;
  /** Why it is not running, where it waits for more than its turn. */
  readonly waitsFor: WaitsFor | undefined;
  /** What its handler said last of how far it is. */
  readonly progress: unknown;
  /** What its handler returned, of a job that has succeeded; `[encrypted]` of a contract that encrypts: ask `client.result`. */
  readonly result: unknown;
  /** Why there was no other attempt, of a job that is dead, such as `attempts-exhausted`; undefined where another program ended it. */
  readonly deadReason: string | undefined;
  /** Why the last attempt failed; sensitive values were removed before it was stored. */
  readonly lastError: string | undefined;
  /** One text an attempt, oldest first. */
  readonly errors: readonly string[];
}

const STATES: Readonly<Record<string, JobState>> = {
  waiting: 'waiting',
  prioritized: 'waiting',
  'waiting-children': 'waiting',
  delayed: 'delayed',
  active: 'running',
  completed: 'succeeded',
  failed: 'dead',
};

const ENDED: ReadonlySet<string> = new Set(['completed', 'failed']);

/**
 * The job of that id; undefined when none is known.
 * @throws UndecodableJobError when what is stored cannot be read
 */
export async function readJobView(engine: Engine, name: string): Promise<JobView | undefined> {
  const place = placeOf(name);
  if (place === undefined) return undefined;
  const { id } = place;
  const queue = await engine.existingQueue(place.queue);
  if (queue === undefined) return undefined;
  // Before the rest: a job that ends in between is shown as running, and not as ended without the attempt that ended it.
  let state = await queue.getJobState(id);
  let job = await readStoredJob(queue, id);
  // It ended in between: once more, so that no view has an end and is none.
  if (job?.finishedOn !== undefined && !ENDED.has(state)) {
    state = await queue.getJobState(id);
    job = await readStoredJob(queue, id);
  }
  if (job === undefined) return undefined;
  const waitsFor = await whyItWaits(engine, queue, state, job);
  const ends = await engine.ends();
  const children = countsOf(await ends.children({ queue: place.queue, id }));
  const view = { ...viewOf(state, place.queue, job), children };
  if (state !== 'failed') return { ...view, waitsFor };
  const [end] = await ends.read([{ queue: place.queue, id }]);
  return endedView(view, end?.kind === 'failed' ? end.lastLine : undefined);
}

function countsOf(children: readonly ChildStanding[]): JobView['children'] {
  if (children.length === 0) return undefined;
  const count = (state: ChildStanding['state']): number => children.filter(child => child.state === state).length;
  return { open: count('open'), succeeded: count('succeeded'), failed: count('failed') };
}

/** BullMQ knows one kind of failure; the last line of its history says which this is. */
function endedView(view: JobView, lastLine: string | undefined): JobView {
  const reason = endReasonOf(view.lastError ?? '', lastLine);
  const attemptsMade = hasBegun(lastLine) ? view.attemptsMade : Math.max(0, view.attemptsMade - 1);
  if (reason === 'cancelled' || reason === 'expired') return { ...view, state: reason, attemptsMade };
  return { ...view, attemptsMade, deadReason: reason };
}

function itemsOf(count: number, state: string, result: unknown): ChunkItems {
  if (state !== 'completed') return { count, done: undefined, retried: undefined, dead: undefined };
  const { done, retried, dead }: Partial<Record<'done' | 'retried' | 'dead', unknown>> = { ...Object(result) };
  const isDivided = typeof done === 'number' && typeof retried === 'number' && typeof dead === 'number';
  return isDivided ? { count, done, retried, dead } : { count, done: count, retried: 0, dead: 0 };
}

function shownResult(stored: unknown): unknown {
  return encryptedText(stored) === undefined ? stored : ENCRYPTED;
}

function viewOf(state: string, queue: string, job: EngineJob): JobView {
  const id = shownJobId({ queue, id: job.id ?? '' });
  const {
    correlationId = id,
    causationId,
    items,
    part,
    batchId,
    replayOf,
    tags = [],
  } = readMeta(job.opts.telemetry?.metadata);
  const before = part?.attempts ?? 0;
  return {
    id,
    name: job.name,
    queue,
    state: STATES[state] ?? 'unknown',
    // Of a part of a chunk those before it was one count too, until it is replayed.
    attemptsMade: job.attemptsMade + (marksOf(job.progress).replayedAt === undefined ? before : 0),
    // BullMQ says 0 where none were given.
    attempts: (job.opts.attempts || 1) + before,
    correlationId,
    items: items === undefined ? undefined : itemsOf(items, state, job.returnvalue),
    batch: batchId,
    enqueuedBy: causationId,
    replayOf,
    tags,
    parent: job.parentKey === undefined ? undefined : placeOfKey(job.parentKey),
    children: undefined,
    enqueuedAt: job.timestamp,
    startedAt: job.processedOn,
    finishedAt: job.finishedOn,
    waitsFor: undefined,
    progress: progressIn(job.progress),
    result: state === 'completed' ? shownResult(job.returnvalue) : undefined,
    deadReason: undefined,
    lastError: job.failedReason === '' ? undefined : job.failedReason,
    errors: job.stacktrace ?? [],
  };
}
