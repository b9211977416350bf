// Long because one queue is one object here, whose functions change the same sets: what a server does to its tables in many.
import type { JobsOptions } from 'bullmq';
import {
  HELD_PRIORITY,
  optionsOf,
  storedKeyOf,
  type AddAnswer,
  type GroupLimit,
  type JobChange,
  type Keep,
  type KeyEnd,
  type NewJob,
  type SettleAnswer,
} from '../turns/index.ts';
import { changeJob } from './memory-change.ts';
import type { MemoryClock } from './clock/memory-clock.ts';
import { MemoryEvents } from './memory-events.ts';
import { MemoryGroups, ownPriority } from './groups/memory-groups.ts';
import type { MemoryJob } from './memory-job.ts';
import { MemoryKeys } from './memory-keys.ts';
import { MemoryRing } from './groups/memory-ring.ts';
import { MemoryRate } from './memory-rate.ts';

export type Refusal = Extract<SettleAnswer['kind'], 'missing' | 'lock-lost' | 'taken-over'>;

export interface Taking {
  readonly token: string;
  readonly worker: string;
  readonly lockMs: number;
}

/** How a job that was locked goes on. */
export interface Failure {
  readonly reason: string | undefined;
  readonly stacktrace: string | undefined;
}

/** Skips the check of the lock: BullMQ's sign for "whoever holds it". */
const ANY_TOKEN = '0';

/** One queue: what BullMQ's functions on PostgreSQL do, on objects. Every call is done when it returns. */
export class MemoryQueue {
  readonly name: string;
  readonly jobs = new Map<string, MemoryJob>();
  /** Kept for those who wait for them, also where the job is gone. */
  readonly results = new Map<string, { readonly json: string; readonly until: number }>();
  /** BullMQ's settings of a queue: `paused`, `concurrency`, `max`, `duration`. */
  readonly meta = new Map<string, string>();
  readonly keys: MemoryKeys;
  readonly rate: MemoryRate;
  readonly events: MemoryEvents;
  readonly groups = new MemoryGroups(this.jobs);
  readonly #ring = new MemoryRing();
  #turnedAt: number | undefined;
  /** Of whoever took last; undefined: none. */
  limits: readonly GroupLimit[] | undefined;
  readonly #clock: MemoryClock;
  readonly #onAdded: ((job: MemoryJob) => void) | undefined;
  readonly #onEnded: ((job: MemoryJob) => void) | undefined;
  #sequence = 0;
  #ids = 0;
  #lastLookForStalled = Number.NEGATIVE_INFINITY;

  /** `onAdded` is called with each new job, `onEnded` with each that has ended. */
  constructor(
    name: string,
    clock: MemoryClock,
    onAdded?: (job: MemoryJob) => void,
    onEnded?: (job: MemoryJob) => void,
  ) {
    this.name = name;
    this.#onAdded = onAdded;
    this.#onEnded = onEnded;
    this.#clock = clock;
    this.keys = new MemoryKeys(this);
    this.rate = new MemoryRate(this.meta);
    this.events = new MemoryEvents(clock);
  }

  now(): number {
    return this.#clock.now();
  }

  /** Something was added, or is said of it: a look at it makes no queue. */
  get isKnown(): boolean {
    return this.#sequence > 0 || this.meta.size > 0 || this.groups.anyPaused;
  }

  addOrAnswer(job: NewJob): AddAnswer {
    const answer = this.jobs.has(job.id) ? undefined : this.keys.claim(job);
    return answer ?? { kind: 'stands', id: this.add(job) };
  }

  /** Answers the id under which it stands. */
  add({ id: given, name, data, opts, metadata, timestamp }: NewJob): string {
    const id = given === '' ? String((this.#ids += 1)) : given;
    const key = opts.deduplication?.id;
    // One of ours was claimed before.
    if (key !== undefined && storedKeyOf(opts) === undefined) {
      const standing = this.keys.standing({ id, name, data, opts, metadata, timestamp });
      if (standing !== undefined) return standing;
    }
    if (this.jobs.has(id)) {
      this.events.say('duplicated', { jobId: id });
      return id;
    }
    const delay = opts.delay ?? 0;
    const job: MemoryJob = {
      id,
      name,
      timestamp,
      since: undefined,
      key,
      data,
      opts: JSON.stringify(optionsOf({ opts, metadata })),
      priority: opts.priority ?? 0,
      delay,
      seq: this.#nextSequence(opts.lifo === true),
      state: delay > 0 ? 'delayed' : 'waiting',
      dueAt: timestamp + delay,
      attemptsMade: 0,
      attemptsStarted: 0,
      stalls: 0,
      wasStalled: false,
      progress: '0',
      result: 'null',
      failedReason: undefined,
      stacktrace: undefined,
      deferredFailure: undefined,
      processedOn: undefined,
      processedBy: undefined,
      finishedOn: undefined,
      token: undefined,
      lockedUntil: 0,
      logs: [],
      parent: undefined,
      children: new Map(),
      steps: new Map(),
    };
    this.jobs.set(id, job);
    this.#onAdded?.(job);
    this.events.say('added', { jobId: id, name });
    if (delay > 0) this.events.say('delayed', { jobId: id, delay: job.dueAt });
    else this.events.say('waiting', { jobId: id });
    this.events.sign();
    return id;
  }

  /** The next job, unless the queue is paused, full or above its rate. */
  take(taking: Taking, now: number): MemoryJob | undefined {
    this.promoteDue(now);
    if (this.isPaused() || this.isFull() || this.rate.limitedMs(now) > 0) return undefined;
    const [job] = this.inState('waiting');
    if (job !== undefined) this.#start(job, taking, now);
    return job;
  }

  /** The next job that no limit and no pause keeps; those that it passes over stand behind all others from then on. Else when to look again. */
  takeWithin(
    limits: readonly GroupLimit[],
    taking: Taking,
    now: number,
  ): { readonly job?: MemoryJob; readonly probing?: boolean; readonly until?: number | undefined } {
    this.#turnedAt = now;
    this.promoteDue(now);
    if (this.isPaused() || this.isFull() || this.rate.limitedMs(now) > 0) return {};
    const running = this.inState('active');
    const waiting = this.#ring.inTurn(this.inState('waiting'), limits);
    let until: number | undefined;
    for (const job of waiting) {
      const verdict = this.groups.judge(job, limits, running, now);
      if (verdict.until === undefined) {
        this.#ring.served(job, limits);
        this.#start(job, taking, now);
        this.groups.started(job, limits, now);
        return { job, probing: verdict.probing };
      }
      this.groups.claim(job, verdict);
      job.priority = HELD_PRIORITY + ownPriority(job);
      until = Math.min(until ?? verdict.until, verdict.until);
    }
    return { until };
  }

  /** The group that keeps a job that was set aside, as the last turn saw it: it may have been told another time than it is. */
  keptBy(id: string): string | undefined {
    const job = this.jobs.get(id);
    if (job?.state !== 'waiting' || job.priority < HELD_PRIORITY) return undefined;
    return this.groups.judge(job, this.limits ?? [], this.inState('active'), this.#turnedAt ?? this.now()).group;
  }

  /** One that was set aside only ends from now on. */
  bringForward(id: string): void {
    const job = this.jobs.get(id);
    if (job?.state !== 'waiting' || job.priority < HELD_PRIORITY) return;
    job.priority = ownPriority(job);
    job.seq = this.#nextSequence(true);
    this.events.sign();
  }

  #start(job: MemoryJob, { token, worker, lockMs }: Taking, now: number): void {
    this.rate.spend(now);
    job.state = 'active';
    job.priority = ownPriority(job);
    job.token = token;
    job.lockedUntil = now + lockMs;
    job.processedOn = now;
    job.processedBy = worker;
    job.attemptsStarted += 1;
    this.events.say('active', { jobId: job.id, prev: 'waiting' });
  }

  promoteDue(now: number): void {
    for (const job of this.inState('delayed')) {
      if (job.dueAt > now) break;
      job.state = 'waiting';
      job.delay = 0;
      this.events.say('waiting', { jobId: job.id, prev: 'delayed' });
    }
  }

  nextDueAt(): number | undefined {
    return this.inState('delayed')[0]?.dueAt;
  }

  isPaused(): boolean {
    return this.meta.get('paused') === '1';
  }

  isFull(): boolean {
    const concurrency = this.meta.get('concurrency');
    return concurrency !== undefined && this.inState('active').length >= Number(concurrency);
  }

  /** In their order: that in which they are taken, become due, or ended. */
  inState(state: MemoryJob['state']): MemoryJob[] {
    const jobs = [...this.jobs.values()].filter(job => job.state === state);
    if (state === 'delayed') return jobs.sort((a, b) => a.dueAt - b.dueAt || a.seq - b.seq);
    if (state === 'completed' || state === 'failed') {
      return jobs.sort((a, b) => (a.finishedOn ?? 0) - (b.finishedOn ?? 0) || a.seq - b.seq);
    }
    return state === 'active'
      ? jobs.sort((a, b) => a.seq - b.seq)
      : jobs.sort((a, b) => a.priority - b.priority || a.seq - b.seq);
  }

  /** The job that is locked with this token, or why it is not. */
  locked(id: string, token: string): MemoryJob | Refusal {
    const job = this.jobs.get(id);
    if (job === undefined) return 'missing';
    if (job.state !== 'active') return 'lock-lost';
    return token === ANY_TOKEN || job.token === token ? job : 'taken-over';
  }

  succeed(job: MemoryJob, result: string, keep: Keep, now: number, key?: KeyEnd): void {
    job.result = result;
    this.events.say('completed', { jobId: job.id, returnvalue: result, prev: 'active' });
    this.#finish(job, 'completed', keep, now, key);
  }

  fail(job: MemoryJob, { reason, stacktrace }: Failure, keep: Keep, now: number, key?: KeyEnd): void {
    job.failedReason = reason;
    job.stacktrace = stacktrace ?? job.stacktrace;
    job.deferredFailure = undefined;
    this.events.say('failed', { jobId: job.id, failedReason: reason ?? '', prev: 'active' });
    this.events.say('retries-exhausted', { jobId: job.id, attemptsMade: job.attemptsMade + 1 });
    this.#finish(job, 'failed', keep, now, key);
  }

  delay(job: MemoryJob, dueAt: number, delay: number, failure: Failure | undefined): void {
    this.#release(job, 'delayed', failure);
    job.dueAt = dueAt;
    job.delay = delay;
    this.events.say('delayed', { jobId: job.id, delay: dueAt });
    this.events.sign();
  }

  /** Back among those that wait: after an attempt, or as if it had not been taken. */
  requeue(job: MemoryJob, atHead: boolean, failure: Failure | undefined, prev = 'active'): void {
    this.#release(job, 'waiting', failure);
    job.seq = this.#nextSequence(atHead);
    this.events.say('waiting', { jobId: job.id, prev });
    this.events.sign();
  }

  /** Its children have ended, or it runs without them. */
  release(job: MemoryJob): void {
    if (job.state !== 'waiting-children') return;
    if (job.dueAt > this.now()) this.delay(job, job.dueAt, job.delay, undefined);
    else this.requeue(job, false, undefined, 'waiting-children');
  }

  /** Of a job's last run nothing stays but its count of attempts. */
  again(job: MemoryJob): void {
    const prev = job.state;
    this.requeue(job, (JSON.parse(job.opts) as JobsOptions).lifo === true, undefined, prev);
    Object.assign(job, {
      processedOn: undefined,
      finishedOn: undefined,
      result: 'null',
      failedReason: undefined,
      stacktrace: undefined,
    });
  }

  remove(job: MemoryJob): void {
    this.jobs.delete(job.id);
    this.keys.gone(job);
  }

  change(job: MemoryJob, change: JobChange, now: number): void {
    changeJob(job, change, now, { events: this.events, nextSequence: () => this.#nextSequence(false) });
  }

  extend(id: string, token: string, lockMs: number): boolean {
    const job = this.jobs.get(id);
    if (job?.state !== 'active' || job.token !== token) return false;
    job.lockedUntil = this.now() + lockMs;
    return true;
  }

  /** Those whose locks were missing at this look and at the one before. */
  returnStalled(now: number, everyMs: number, mostStalls: number): string[] {
    if (now < this.#lastLookForStalled + everyMs) return [];
    this.#lastLookForStalled = now;
    const active = this.inState('active');
    const stalled = active.filter(job => job.wasStalled && job.lockedUntil < now);
    for (const job of stalled) {
      job.stalls += 1;
      if (job.stalls > mostStalls) job.deferredFailure = 'job stalled more than allowable limit';
      this.#release(job, 'waiting', undefined);
      job.seq = this.#nextSequence(false);
      this.events.say('stalled', { jobId: job.id });
    }
    for (const job of active) job.wasStalled = job.state === 'active';
    if (stalled.length > 0) this.events.sign();
    return stalled.map(({ id }) => id);
  }

  reposition(job: MemoryJob, atHead: boolean): void {
    job.seq = this.#nextSequence(atHead);
  }

  #nextSequence(atHead: boolean): number {
    this.#sequence += 1;
    return atHead ? -this.#sequence : this.#sequence;
  }

  /** A failure counts as an attempt. */
  #release(job: MemoryJob, state: MemoryJob['state'], failure: Failure | undefined): void {
    job.state = state;
    job.token = undefined;
    job.lockedUntil = 0;
    job.failedReason = failure?.reason ?? job.failedReason;
    job.stacktrace = failure?.stacktrace ?? job.stacktrace;
  }

  #finish(job: MemoryJob, state: 'completed' | 'failed', { count, age }: Keep, now: number, key?: KeyEnd): void {
    this.#release(job, state, undefined);
    job.attemptsMade += 1;
    job.finishedOn = now;
    this.#onEnded?.(job);
    if (count === 0) this.jobs.delete(job.id);
    else {
      const ended = this.inState(state);
      const tooOld =
        age === undefined || age < 0 ? [] : ended.filter(other => (other.finishedOn ?? 0) <= now - age * 1_000);
      const tooMany = count === undefined || count < 0 ? [] : ended.slice(0, Math.max(0, ended.length - count));
      for (const other of [...tooOld, ...tooMany]) this.jobs.delete(other.id);
    }
    if (key === undefined) this.keys.ended(job, now);
    else this.keys.kept(job, key, now);
    if (this.inState('active').length === 0 && (this.isPaused() || this.inState('waiting').length === 0))
      this.events.say('drained', {});
  }
}
