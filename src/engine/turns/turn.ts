import type { End, SettleAnswer } from './end.ts';
import type { GroupLimit, TakeRate } from './groups.ts';
import type { GroupPause, PausedBy, PausedGroup } from './pause.ts';
import type { ChangeableJob, ChangeAnswer, JobChange } from './job-change.ts';
import type { JobLock, TakenJob } from './taken-job.ts';
import type { AddAnswer, NewJob } from './new-job.ts';
import type { StepAnswer, StepRecord } from './step-record.ts';
import type { NoteAnswer, RunNote } from './run-note.ts';
import type { TaggedPage, TaggedStep, UnfinishedPage, UnfinishedStep } from './unfinished.ts';

/** A request for jobs: as many as there are tokens, for each of which there is a free slot. */
export interface Take {
  /** Fresh ones, used in their order. */
  readonly tokens: readonly string[];
  readonly worker: string;
  readonly lockMs: number;
  /** No more jobs are taken once those that were have so many bytes of data: the first is taken whatever it has. */
  readonly maxBytes: number;
  /**
   * By the name of a job how long after it was added it only ends, without a run: no limit and no pause of a group keeps it then. Left out while
   * nobody knows how old a job is.
   */
  readonly expiresAfterMs?: ReadonlyMap<string, number> | undefined;
}

/**
 * What a worker sends its queue and asks of it in one trip: k jobs have ended, n more are wanted. The ends come first, in their order, so that
 * what goes back to the head of the queue may be taken at once.
 */
export interface Turn {
  /**
   * Unique. A turn may be sent again under its id where its answer was lost: an engine that has done it answers what it did then,
   * with those of the jobs that are still locked.
   */
  readonly id: string;
  /** Engine time, milliseconds since 1970. */
  readonly now: number;
  readonly ends: readonly End[];
  readonly take: Take | undefined;
}

/**
 * Why there are not as many jobs as were wanted, and when to ask again.
 * - `more`: as many as were wanted, or as the bound in bytes allows; there may be more
 * - `none`: nothing waits that may start; `delayedUntil` is when the next delayed one is due, or a group is looked at again (engine time)
 * - `limited`: the queue is above its rate for so long
 * - `blocked`: the queue is paused, or as many as may run at once do
 */
export type Rest =
  | { readonly kind: 'more' }
  | { readonly kind: 'none'; readonly delayedUntil: number | undefined }
  | { readonly kind: 'limited'; readonly forMs: number }
  | { readonly kind: 'blocked' };

export interface TurnAnswer {
  /** In the order of the ends. */
  readonly settled: readonly SettleAnswer[];
  readonly jobs: readonly TakenJob[];
  /** Undefined where nothing was asked for. */
  readonly rest: Rest | undefined;
}

/**
 * One queue, as those who add and those who work see it. Each method is one trip, whatever the number of jobs (an engine may split what is too
 * large for one). What is rare may cost a trip a job: parents and children, deduplication that replaces.
 *
 * Methods reject with EngineUnreachableError, or the driver's connection error, where it is not known whether the trip came about.
 */
export interface TurnQueue {
  readonly name: string;
  /**
   * True: whoever takes leaves the sign that there is work for the next one who waits, and may wait for its own turn in that line. Else a sign is
   * given once, to all who wait.
   */
  readonly signStays?: boolean;
  /** How many jobs one turn should settle, and take, at most; 32 when left out. */
  readonly jobsATurn?: number;
  /** Stored in the order given. Adding a job again that was added (by its id) changes nothing, also where it has ended and gone in between and the answer was lost. */
  add(jobs: readonly NewJob[]): Promise<readonly AddAnswer[]>;
  turn(turn: Turn): Promise<TurnAnswer>;
  /**
   * Gives a key to a job where it is free or the job has it already: as long as the job exists, or for so long. Answers the id of the job that has it
   * then.
   */
  holdKey(jobId: string, key: KeyHold): Promise<string>;
  /**
   * Changes a job that waits, in its place: waiting, delayed, between two attempts, or set aside by a limit or a pause. `decide` sees it as it
   * stands, and is asked again where somebody else changed it meanwhile; what it throws changes nothing and is thrown.
   */
  change(jobId: string, now: number, decide: (job: ChangeableJob) => JobChange): Promise<ChangeAnswer>;
  /**
   * A job that limits or pauses have set aside is the next of its priority, and wakes who waits: it only ends from now on, as somebody has cancelled it.
   * Another one is set aside again by whoever looks at it.
   */
  bringForward(jobId: string): Promise<void>;
  /** Writes what runs say while they run, each for itself. Answers in their order. */
  note(notes: readonly RunNote[]): Promise<readonly NoteAnswer[]>;
  /** Keeps the result of a step with its job, until the job is removed. */
  storeStep(step: StepRecord): Promise<StepAnswer>;
  /** Results of steps as JSON, by name; undefined where nobody holds the job with that token. */
  readSteps(lock: JobLock): Promise<ReadonlyMap<string, string> | undefined>;
  /** What steps of a job have stored results that its next run would be given: their names, sorted. None of a job that is not there. */
  stepNames(jobId: string): Promise<readonly string[]>;
  /** Answers the ids of those that are no longer locked with that token. */
  extendLocks(locks: readonly JobLock[], lockMs: number): Promise<readonly string[]>;
  /**
   * Puts back jobs whose locks were missing at this look and at the one before; at most one look in `everyMs` by all workers together. Answers
   * their ids. A job that stalled more often than `mostStalls` carries a deferred failure from then on.
   */
  returnStalled(now: number, everyMs: number, mostStalls: number): Promise<readonly string[]>;
  /**
   * Resolves when there may be work: a sign was left, `until` (engine time) has come, the signal aborted, or after some seconds in any case.
   * One at a time.
   */
  waitForWork(now: number, until: number | undefined, signal: AbortSignal): Promise<void>;
  /** Ids of the queue's jobs that carry all of these digests of tags, the newest first: a part of them. Those that are gone are passed over. */
  tagged(step: TaggedStep): Promise<TaggedPage>;
  /**
   * A part of a walk through the jobs that have not ended, in no order. Each that stays in its state while the walk lasts is met, perhaps twice; one that
   * changes its state meanwhile may be met in both, or in none: whoever must miss none walks again until nothing is left.
   */
  unfinished(step: UnfinishedStep): Promise<UnfinishedPage>;
  /** Drops a part of what is left of jobs that another program has removed; called again and again it comes round. */
  sweepTags(): Promise<void>;
  /**
   * No job of the group starts before then. Whatever the same one said about it before is said anew. A person may also pause all groups of a limit,
   * by the limit's name alone, and the jobs of a contract, as `contractGroup` names them; also on a queue without limits.
   */
  pauseGroup(group: string, pause: GroupPause): Promise<void>;
  /** Its jobs start again, as its limit and who else has paused it allow. */
  resumeGroup(group: string, by: PausedBy): Promise<void>;
  /** Those that are paused, or let through one at a time. */
  pauses(): Promise<readonly PausedGroup[]>;
  /** Of a job that was set aside, which of its groups keeps it; undefined where none does. */
  keptBy(jobId: string, groups: readonly string[]): Promise<string | undefined>;
  /** How many jobs limits and pauses have set aside: they are among those that wait. */
  held(): Promise<number>;
}

export interface KeyHold {
  readonly id: string;
  readonly forMs?: number | undefined;
  /** The digest to compare with: for a job that is about to be gone. */
  readonly data?: string | undefined;
}

export interface TurnQueueSettings {
  /** The `limiter` of a stock Worker. Hosts give the queue's rate among the limits; with this tests/twins holds a turn against BullMQ's own script. */
  readonly rate?: TakeRate | undefined;
  /** Limits of groups: given, also where there is none, jobs are taken by their groups and pauses of groups are obeyed. */
  readonly limits?: readonly GroupLimit[] | undefined;
}
