// Long because every fact that the platform states has its row in this one table.
/**
 * Everything that the platform states about itself: names and fields are for ever.
 * docs/facts.md lists them with their meaning; a test compares the two.
 *
 * Times are milliseconds, `at` is implied by the listener's clock. No fact carries a job's data.
 */

/** Fields that every fact about one job carries. */
export interface JobFields {
  readonly jobId: string;
  readonly jobName: string;
  readonly queue: string;
  readonly correlationId: string;
  /** W3C trace id, 32 hex digits, when the producer had a trace. */
  readonly traceId?: string | undefined;
}

/** A dead letter that is no job. */
export interface DeadLetterFields {
  readonly id: string;
  readonly kind: string;
  /** The event's type. */
  readonly name: string;
  /** The subscription or projection in which it ended. */
  readonly owner: string;
}

/** What a job can be found by: its digest, and its value where its contract says that it is public. */
export interface FactTag {
  readonly name: string;
  readonly digest: string;
  readonly value?: string | undefined;
}

/** The name of the tag that stands for a job's key, which no contract can name: jobs of one key are found by it, and it is shown to nobody. */
export const KEY_TAG = ':key';

/** Fields of facts about one run of a job. */
export interface RunFields extends JobFields {
  /** Of a job that has tags, or a key. */
  readonly tags?: readonly FactTag[] | undefined;
  /** 1 for the first attempt. */
  readonly attempt: number;
  readonly worker: string;
}

/** Fields that every fact about one event carries. */
export interface EventFields {
  /** Empty where what arrived could not be read. */
  readonly eventId: string;
  readonly eventType: string;
  readonly transport: string;
  readonly correlationId: string;
  readonly traceId?: string | undefined;
}

/** Fields of facts about one event at one subscription. */
export interface SubscriberFields extends EventFields {
  readonly subscription: string;
  /** 1 for the first delivery. */
  readonly attempt: number;
}

/** Fields that every fact about one projection carries. */
export interface ProjectionFields {
  readonly projection: string;
  /** `live`, or `next` for one that is built beside it. */
  readonly generation: string;
}

export interface FactTable {
  /** `items`, here and below: how many a chunk has; left out for a job that is none. */
  'job.enqueued': JobFields & { readonly delayMs: number; readonly items?: number };
  'job.deduplicated': JobFields;
  /** `waitedMs`: from when the job was first due, or last replayed, to this start; earlier attempts and waits are in it. */
  'job.started': RunFields & { readonly waitedMs: number };
  /** A line that the handler wrote with `run.log`, scrubbed and bounded. */
  'job.logged': RunFields & { readonly line: string };
  'job.succeeded': RunFields & { readonly waitedMs: number; readonly ranMs: number; readonly items?: number };
  'job.retried': RunFields & {
    readonly waitedMs?: number;
    readonly ranMs: number;
    readonly retryInMs: number;
    readonly error: Error;
    readonly items?: number;
  };
  /**
   * A chunk whose items came to different ends: those to be retried come again in a chunk of their own, each dead one becomes a dead letter of its
   * own (and its own `job.dead`).
   */
  'job.divided': RunFields & {
    readonly waitedMs: number;
    readonly ranMs: number;
    readonly done: number;
    readonly retried: number;
    readonly dead: number;
  };
  'job.snoozed': RunFields & { readonly untilMs: number; readonly reason: string; readonly alarm: boolean };
  'job.cancelled': RunFields & { readonly reason: string };
  /** Without `waitedMs` where nobody has seen it start. */
  'job.dead': RunFields & {
    readonly waitedMs?: number;
    readonly ranMs: number;
    readonly reason: DeadReason;
    readonly error: Error;
    readonly items?: number;
  };
  'job.handed-back': RunFields & { readonly ranMs: number };
  'job.lock-lost': RunFields;
  /** Of a job that cannot be read there is the id alone. */
  'job.stalled': { readonly jobId: string; readonly queue: string } & Partial<JobFields>;
  /** Handed back for a worker that is gone. */
  'job.rescued': {
    readonly jobId: string;
    readonly jobName: string;
    readonly queue: string;
    /** That held it. */
    readonly worker: string;
    readonly rescuer: string;
    readonly cause: 'worker-died' | 'worker-killed' | 'host-lost' | 'late' | 'lost-claim';
  };
  /** Present at two crashes: it runs alone in a process of its own. */
  'job.isolated': { readonly jobId: string; readonly jobName: string; readonly queue: string; readonly worker: string };
  /** `part`: `job/CONTRACT`, `LIMIT/KEY` or `LIMIT`; undefined: the whole queue. */
  'work.paused': {
    readonly queue: string;
    readonly part: string | undefined;
    readonly by: string;
    readonly reason: string | undefined;
  };
  'work.resumed': { readonly queue: string; readonly part: string | undefined; readonly by: string };
  /** Somebody's data was erased: names of tags, how many of each, how many jobs would not end. */
  'data.erased': {
    readonly tags: readonly string[];
    readonly by: string;
    readonly erased: Readonly<Record<string, number>>;
    readonly left: number;
  };
  /** `changed`: among `data`, `at` and `priority`. */
  'job.updated': {
    readonly jobId: string;
    readonly jobName: string;
    readonly queue: string;
    readonly changed: readonly string[];
  };
  /** `as`: the new job in its place, where its data was changed. */
  'job.replayed': {
    readonly jobId: string;
    readonly jobName: string;
    readonly queue: string;
    readonly by: string;
    readonly as?: string;
  };
  /** A batch with that many jobs was made; a repeat of the call says it again. */
  'batch.enqueued': { readonly batchId: string; readonly batchName: string; readonly jobs: number };
  /** All of its members have ended, for the first time. */
  'batch.ended': {
    readonly batchId: string;
    readonly batchName: string;
    readonly jobs: number;
    readonly succeeded: number;
    readonly dead: number;
  };
  'batch.called-back': {
    readonly batchId: string;
    readonly batchName: string;
    readonly callback: 'success' | 'complete' | 'death';
    readonly jobName: string;
  };
  'job.discarded': {
    readonly jobId: string;
    readonly jobName: string;
    readonly queue: string;
    readonly by: string;
    readonly reason: string;
  };
  /** Of events: in a subscription, or in a projection. */
  'dead-letter.replayed': DeadLetterFields & { readonly by: string };
  'dead-letter.discarded': DeadLetterFields & { readonly by: string; readonly reason: string };
  /** Its handler goes on although its deadline has passed and its signal was aborted. */
  'job.stuck': RunFields;
  'worker.started': { readonly worker: string; readonly queues: readonly string[]; readonly engine: string };
  'worker.quieted': { readonly worker: string; readonly by: string };
  'worker.resumed': { readonly worker: string };
  'worker.stop-asked': { readonly worker: string; readonly by: string };
  'worker.draining': { readonly worker: string; readonly running: number };
  'worker.stopped': { readonly worker: string; readonly handedBack: number; readonly tookMs: number };
  'worker.died': {
    readonly worker: string;
    readonly code: number | null;
    readonly signal: string | null;
    readonly uptimeMs: number;
  };
  /** Replaced on purpose. */
  'worker.recycled': { readonly worker: string; readonly reason: string };
  /** A worker's supervisor has ended or does not answer: the worker leaves. */
  'worker.orphaned': { readonly worker: string };
  'worker.wedged': { readonly worker: string; readonly queue: string; readonly step: 'reconnect' | 'leave' };
  'worker.blocked': {
    readonly worker: string;
    readonly blockedMs: number;
    readonly jobs: readonly string[];
    /** `name (file:line:column)`, the innermost first; empty where nobody can say. */
    readonly stack: readonly string[];
  };
  /** Its supervisor has ended it. */
  'worker.killed': {
    readonly worker: string;
    readonly reason: 'silent' | 'grace';
    readonly silentMs: number;
    /** What its main thread had of a processor meanwhile; undefined where the system does not say. */
    readonly ranMs: number | undefined;
    readonly blamed: boolean;
  };
  'worker.error': { readonly worker: string; readonly queue: string; readonly error: Error };
  'schedule.missed': {
    readonly schedule: string;
    readonly slots: number;
    readonly firstMs: number;
    readonly policy: string;
  };
  'schedule.skipped': { readonly schedule: string; readonly slotMs: number; readonly jobId: string };
  /** The last slot that was dealt with lies ahead of the clock, which was wrong then: the schedule goes on from now. */
  'schedule.reset': { readonly schedule: string; readonly aheadMs: number };
  /** No schedule moves: the shared state or the queue is away, or does not answer. Once for each outage. */
  'schedules.stalled': { readonly error: Error };
  /** Schedules made at run time for a contract that the release of whoever leads does not have: they are looked at again and again. */
  'schedules.unclaimed': { readonly contract: string; readonly schedules: number };
  /** Schedules made at run time are due whose records whoever leads cannot read: they are looked at again and again. `names`: some of them. */
  'schedules.unreadable': { readonly schedules: number; readonly names: readonly string[] };
  'schedules.resumed': Readonly<Record<never, never>>;
  'schedule.failed': {
    readonly schedule: string;
    /** The slot that gives no job; undefined where none was given up. */
    readonly slotMs: number | undefined;
    readonly error: Error;
  };
  /** Jobs in a queue that no contract of the app names: nobody runs them. */
  'queue.unnamed': {
    readonly queue: string;
    readonly waiting: number;
    readonly running: number;
    readonly delayed: number;
    readonly dead: number;
  };
  'dead-letters.alert': { readonly count: number; readonly threshold: number };
  /** The HTTP door has answered, or its caller has gone, before there was an answer with the status 499. `route` is none where it was refused before one was found; `token`: an id, as `tokens list` has it. */
  'api.answered': {
    readonly route: string;
    readonly status: number;
    readonly tookMs: number;
    readonly token: string | undefined;
  };
  /** People were told of a condition: `started`, `grew`, `ended`. */
  'alert.sent': { readonly event: string; readonly kind: string; readonly about: string; readonly size: number };
  'alert.failed': { readonly error: Error };
  'breaker.opened': {
    readonly queue: string;
    readonly destination: string;
    readonly untilMs: number;
    readonly openings: number;
  };
  'breaker.closed': { readonly queue: string; readonly destination: string };
  'config.warning': { readonly warning: string };
  'engine.warning': { readonly engine: string; readonly warning: string };
  'engine.lost': { readonly engine: string; readonly error: Error };
  'engine.back': { readonly engine: string; readonly awayMs: number };
  /** This host's clock and the engine's are more than a second apart; stated again when that changes by a second. */
  'clock.differs': {
    readonly engine: string;
    /** Whose clock is to be set: the engine's where it has stepped, or where most hosts' clocks differ from it by about the same. */
    readonly whose: 'host' | 'engine';
    /** This host's clock minus the engine's. */
    readonly differenceMs: number;
  };
  'clock.agrees': { readonly engine: string; readonly differenceMs: number };
  'event.published': EventFields & { readonly tookMs: number };
  'event.unroutable': EventFields;
  'event.handled': SubscriberFields & { readonly lagMs: number; readonly ranMs: number };
  'event.retried': SubscriberFields & { readonly ranMs: number; readonly retryInMs: number; readonly error: Error };
  'event.failed': SubscriberFields & { readonly ranMs: number; readonly error: Error };
  'event.dead': SubscriberFields & { readonly reason: EventDeadReason; readonly error: Error };
  'event.unhandled': SubscriberFields;
  'event.dropped': { readonly transport: string; readonly subscription: string; readonly dropped: number };
  'event.trimmed': { readonly transport: string; readonly subscription: string; readonly lost: number };
  'subscription.lag': { readonly transport: string; readonly subscription: string; readonly pending: number };
  'bus.warning': { readonly transport: string; readonly warning: string };
  'bus.lost': { readonly transport: string; readonly error: Error };
  'bus.back': { readonly transport: string; readonly awayMs: number };
  'outbox.relayed': { readonly jobs: number; readonly events: number; readonly tookMs: number };
  'outbox.lag': { readonly pending: number; readonly oldestMs: number };
  'outbox.stuck': { readonly id: string; readonly name: string; readonly error: Error };
  'outbox.stalled': { readonly error: Error };
  'outbox.resumed': Readonly<Record<never, never>>;
  'store.appended': {
    readonly streams: number;
    readonly events: number;
    readonly position: number;
    readonly tookMs: number;
  };
  'store.snapshot-failed': { readonly stream: string; readonly error: Error };
  'projection.started': ProjectionFields & { readonly position: number };
  'projection.advanced': ProjectionFields & {
    readonly events: number;
    readonly position: number;
    readonly tookMs: number;
  };
  'projection.lag': ProjectionFields & { readonly events: number; readonly lagMs: number };
  'projection.retried': ProjectionFields & {
    readonly position: number;
    readonly retryInMs: number;
    readonly error: Error;
  };
  'projection.parked': ProjectionFields & {
    readonly position: number;
    readonly stream: string;
    readonly eventType: string;
    readonly error: Error;
  };
  'projection.stopped': ProjectionFields & {
    readonly position: number;
    readonly eventType: string;
    readonly error: Error;
  };
  'projection.unhandled': ProjectionFields & {
    readonly position: number;
    readonly eventType: string;
    readonly reason: string;
  };
  'projection.lost': ProjectionFields;
  'projection.stalled': ProjectionFields & { readonly error: Error };
  'projection.resumed': ProjectionFields;
  'projection.rebuilding': ProjectionFields & { readonly position: number; readonly head: number };
  'projection.rebuilt': ProjectionFields & { readonly events: number; readonly tookMs: number };
  /** What the journal did not take: it is away, has no tables, or cannot follow. */
  'journal.dropped': { readonly runs: number };
  'listener.failed': { readonly fact: string; readonly error: Error };
}

/** Why a job has no further attempt. */
export const DEAD_REASONS = [
  'attempts-exhausted',
  'permanent',
  'expired',
  'undecodable',
  'unknown-contract',
  'said-by-handler',
  'in-doubt',
  'poison',
  'stalled',
  'child-failed',
] as const;
export type DeadReason = (typeof DEAD_REASONS)[number];

export type EventDeadReason = 'attempts-exhausted' | 'undecodable' | 'poison' | 'said-by-handler';

export type FactName = keyof FactTable;

/** One stated fact. */
export type Fact<Name extends FactName = FactName> = {
  [N in Name]: { readonly name: N; readonly fields: FactTable[N] };
}[Name];
