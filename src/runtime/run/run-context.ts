import { TAGS_AT_MOST, type AnyJobContract, type Handler, type Middleware } from '../../contracts/index.ts';
import type { Tracer } from '../../tracing/index.ts';
import { storedKeyOf, type Engine, type EngineClock, type TakenJob, type TurnQueue } from '../../engine/index.ts';
import { KEY_TAG, type Facts, type FactTag, type RunFields } from '../../facts/index.ts';
import type { FollowBatches } from '../batches/follow-batches.ts';
import type { Decrypted, PayloadCipher } from '../../privacy/index.ts';
import { decryptedData, firstDueAt, keyDigest, marksOf, readMeta, traceIdOf, type JobMeta } from '../../queue/index.ts';
import type { Ledger } from '../../state/index.ts';
import type { QueueDestinations } from '../destinations/destinations.ts';
import type { PausableGroups } from '../destinations/say-pause.ts';
import type { Fetches } from '../host/fetches.ts';
import type { Grouping } from '../destinations/grouping.ts';
import type { NoteSender } from './notes/note-sender.ts';
import type { RunningJobs } from './running-jobs.ts';
import type { Suspicion } from './suspicion.ts';

/** A contract of this queue with its handler and the values of the handler's needs. */
export interface Assignment {
  /** Of the effects of this contract's handler; it waits for an engine that is away, until the signal aborts. */
  readonly ledger: (signal: AbortSignal) => Promise<Ledger>;
  readonly contract: AnyJobContract;
  readonly handler: Handler;
  readonly needs: Readonly<Record<string, unknown>>;
  /** What stands around its runs: mostly nothing. */
  readonly use: readonly Middleware[];
}

/** What every run of one queue in one process shares. */
export interface QueueContext {
  readonly cipher: PayloadCipher;
  /** Lets no job of a contract begin until then, as its key is missing. Never rejects. */
  readonly pauseWithoutKey: (contract: string, keyId: string, untilMs: number) => Promise<void>;
  readonly clock: Pick<EngineClock, 'at'>;
  /** The engine's time. */
  readonly now: () => number;
  /** Whether the engine's own clock is doubted: then no job's age is known, and none expires. */
  readonly clockDoubted: () => boolean;
  readonly queue: string;
  readonly worker: string;
  readonly facts: Facts;
  readonly running: RunningJobs;
  readonly fetches: Fetches;
  /** By job name. */
  readonly assignments: ReadonlyMap<string, Assignment>;
  /** Where runs say how far they are. */
  readonly notes: NoteSender;
  /** Where children of a job are looked up, and where it takes the place of the one that it was made of. */
  readonly engine: Pick<Engine, 'batches' | 'cipher' | 'ends' | 'queue' | 'turns'>;
  /** Who adds members to batches. */
  readonly batches: Pick<FollowBatches, 'add'>;
  /** Where results of steps are kept. */
  readonly steps: Pick<TurnQueue, 'readSteps' | 'storeStep'>;
  /** Takes away the marks on a job: what its handler said of its progress stays. */
  readonly clearNote: (jobId: string, progress: unknown) => Promise<void>;
  /** No run begins any more. */
  readonly stopping: () => boolean;
  /** Who may not run beside others; undefined where no supervisor could run them alone. */
  readonly suspicion: Suspicion | undefined;
  /** How the queue treats its destinations; undefined when no job of it names one. */
  readonly destinations: QueueDestinations | undefined;
  /** Looks for jobs without their groups; undefined where the queue has no limits by groups. */
  readonly grouping: Grouping | undefined;
  /** Where groups of the queue are paused. */
  readonly groups: PausableGroups;
  /** Makes a span of each run; undefined: nobody does, at no cost. */
  readonly tracer: Tracer | undefined;
  /** Called for a handler that goes on long after its deadline. */
  readonly onStuck: ((run: RunContext) => void) | undefined;
}

/** One run: a job as it was fetched, and when. */
export interface RunContext {
  readonly at: QueueContext;
  readonly job: TakenJob;
  /** The job's data, decrypted where its contract encrypts: never to be stored. */
  readonly data: unknown;
  /** Why it could not be: `data` is then what is stored. */
  readonly undecrypted: Exclude<Decrypted, { readonly kind: 'data' }> | undefined;
  readonly jobId: string;
  readonly meta: JobMeta;
  /** Undefined where this release does not know the job. */
  readonly assignment: Assignment | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly attempts: number;
  /** By the engine's clock, milliseconds since 1970. */
  readonly startedAt: number;
  /** On this process's own clock (`performance.now()`): what durations are counted from. */
  readonly begunAt: number;
  /** The engine's time now. */
  readonly now: () => number;
}

export function runContext(at: QueueContext, job: TakenJob): RunContext {
  const begunAt = performance.now();
  const meta = readMeta(job.opts.telemetry?.metadata);
  // A part of a chunk goes on where its chunk was.
  const before = meta.part?.attempts ?? 0;
  const assignment = at.assignments.get(job.name);
  const read = decryptedData(at.cipher, assignment?.contract, meta, job.data);
  const isReplayed = before > 0 && typeof job.progress === 'object' && marksOf(job.progress).replayedAt !== undefined;
  return {
    at,
    job,
    data: read.kind === 'data' ? read.data : job.data,
    undecrypted: read.kind === 'data' ? undefined : read,
    jobId: job.id,
    meta,
    assignment,
    attempt: job.attemptsMade + 1 + (isReplayed ? 0 : before),
    attempts: (job.opts.attempts || 1) + before,
    startedAt: at.clock.at(begunAt),
    begunAt,
    now: at.now,
  };
}

/** From when the job was first due, or last replayed, to when it was started: with what went before, where it is not the first time. */
export function waitedMs({ job, startedAt }: RunContext): number {
  return Math.max(0, startedAt - firstDueAt(job));
}

export function runFields({ at, job, jobId, meta, attempt }: RunContext): RunFields {
  return {
    jobId,
    jobName: job.name,
    queue: at.queue,
    correlationId: meta.correlationId ?? jobId,
    traceId: traceIdOf(meta.traceparent),
    attempt,
    worker: at.worker,
    ...tagsOf(job, meta),
  };
}

/** None of most jobs, which pay nothing for it. */
function tagsOf({ opts }: TakenJob, { tags }: JobMeta): Pick<RunFields, 'tags'> {
  const { tg, deduplication } = opts;
  if (tg === undefined && deduplication === undefined) return {};
  const key = deduplication === undefined ? undefined : storedKeyOf(opts);
  return {
    tags: [...(tg === undefined ? [] : tagsIn(tg, tags)), ...(key === undefined ? [] : [keyTag(key.id)])],
  };
}

function keyTag(id: string): FactTag {
  return { name: KEY_TAG, digest: keyDigest(id) };
}

/** Digests stand in the options, names and public values beside them, in one order. Another program may have changed either. */
function tagsIn(digests: string, shown: JobMeta['tags'] = []): readonly FactTag[] {
  return String(digests)
    .split(' ')
    .slice(0, TAGS_AT_MOST)
    .map((digest, index) => ({ ...(shown[index] ?? { name: '?' }), digest }));
}
