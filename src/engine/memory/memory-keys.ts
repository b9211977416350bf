import {
  optionsOf,
  storedKeyOf,
  type AddAnswer,
  type JobChange,
  type KeyEnd,
  type KeyHold,
  type NewJob,
  type StoredKey,
} from '../turns/index.ts';
import type { JobsOptions } from 'bullmq';
import type { MemoryEvents } from './memory-events.ts';
import type { MemoryJob } from './memory-job.ts';

/** What keys need of the queue that has them. */
export interface KeyedQueue {
  readonly jobs: Map<string, MemoryJob>;
  change(job: MemoryJob, change: JobChange, now: number): void;
  readonly events: MemoryEvents;
  add(job: NewJob): string;
}

interface Key {
  jobId: string;
  /** Milliseconds since 1970; undefined: as long as its job waits or runs. */
  endsAt: number | undefined;
  /** The digest of a job that has ended. */
  readonly data?: string | undefined;
}

/** Deduplication ids, as BullMQ has them: simple, for a time, extended, replaced, and with a next one kept for later. */
export class MemoryKeys {
  readonly #queue: KeyedQueue;
  readonly #keys = new Map<string, Key>();
  readonly #nexts = new Map<string, NewJob>();

  constructor(queue: KeyedQueue) {
    this.#queue = queue;
  }

  /** The id of the job that stands for the key of a new one; undefined where the new one may be added and has the key from now on. */
  standing(job: NewJob): string | undefined {
    const { deduplication: rule, delay = 0 } = job.opts;
    if (rule === undefined) return undefined;
    const { ttl = 0, extend = false, replace = false, keepLastIfActive = false } = rule;
    const now = job.timestamp;
    const key = this.#live(rule.id, now);
    const endsAt = !keepLastIfActive && ttl > 0 ? now + ttl : undefined;
    if (key === undefined) {
      this.#keys.set(rule.id, { jobId: job.id, endsAt });
      return undefined;
    }
    const { jobId } = key;
    const standing = this.#queue.jobs.get(jobId);
    if (replace) {
      if (standing?.state === 'delayed') {
        this.#queue.jobs.delete(jobId);
        this.#queue.events.say('removed', { jobId, prev: 'delayed' });
        this.#queue.events.say('deduplicated', { jobId: job.id, deduplicationId: rule.id, deduplicatedJobId: jobId });
        this.#nexts.delete(rule.id);
        this.#keys.set(rule.id, {
          jobId: job.id,
          endsAt: !extend && ttl > 0 && !keepLastIfActive ? key.endsAt : endsAt,
        });
        return undefined;
      }
      this.#keepNext(rule.id, standing, job, keepLastIfActive);
      return jobId;
    }
    if ('reschedule' in rule && rule.reschedule === true && standing?.state === 'delayed') {
      standing.delay = delay;
      standing.dueAt = now + delay;
      this.#queue.events.sign();
    }
    if (!this.#keepNext(rule.id, standing, job, keepLastIfActive) && ttl > 0 && extend) key.endsAt = endsAt;
    this.#queue.events.say('deduplicated', { jobId, deduplicationId: rule.id, deduplicatedJobId: job.id });
    return jobId;
  }

  /** One of ours: nothing where the job may be added, and has the key from now on; else the answer for its caller. */
  claim(job: NewJob): AddAnswer | undefined {
    const rule = storedKeyOf(job.opts);
    if (rule === undefined) return undefined;
    const { before, timestamp: now } = job;
    const present = this.#live(rule.id, now);
    const earlier = present === undefined && before !== undefined ? this.#live(before.id, now) : undefined;
    const key = present ?? earlier;
    if (key === undefined && before?.jobId !== undefined && this.#queue.jobs.has(before.jobId)) {
      return { kind: 'stands', id: before.jobId };
    }
    const name = earlier === undefined || before === undefined ? rule.id : before.id;
    if (key?.jobId === job.id) {
      // Its job is gone, and the key stands on for its time.
      this.#queue.events.say('deduplicated', { jobId: job.id, deduplicationId: name, deduplicatedJobId: job.id });
      return { kind: 'stands', id: job.id };
    }
    if (key !== undefined && job.instead !== undefined) {
      if (key.jobId === job.instead) {
        this.#keys.set(rule.id, { jobId: job.id, endsAt: undefined });
        return undefined;
      }
      this.#queue.events.say('deduplicated', { jobId: key.jobId, deduplicationId: name, deduplicatedJobId: job.id });
      return { kind: 'conflict', id: key.jobId };
    }
    const takes = key !== undefined && rule.keep === 'last' ? this.#takeOver(job, key, rule) : undefined;
    if (takes === 'updated' && key !== undefined && name !== rule.id) {
      // It has had the key under the secret of before.
      this.#keys.delete(name);
      this.#keys.set(rule.id, key);
    }
    if (key === undefined || (rule.keep === 'last' && takes === undefined)) {
      this.#keys.set(rule.id, { jobId: job.id, endsAt: undefined });
      return undefined;
    }
    const { jobId } = key;
    this.#queue.events.say('deduplicated', { jobId, deduplicationId: name, deduplicatedJobId: job.id });
    if (takes !== undefined) return { kind: takes, id: jobId };
    const standing = this.#queue.jobs.get(jobId);
    const known = standing === undefined ? key.data : storedKeyOf(JSON.parse(standing.opts) as JobsOptions)?.data;
    const data = earlier === undefined ? rule.data : before?.data;
    return { kind: known !== undefined && data !== undefined && known !== data ? 'conflict' : 'stands', id: jobId };
  }

  /** The job that waits takes the new data, the new options and the new time. Undefined where it does not wait: the key goes to the new one. */
  #takeOver(
    { data, timestamp, opts, metadata }: NewJob,
    { jobId, endsAt }: Key,
    { id: key, maxWait = Infinity }: StoredKey,
  ): 'conflict' | 'updated' | undefined {
    const standing = this.#queue.jobs.get(jobId);
    if (standing?.state === 'active') return undefined;
    if (standing === undefined || standing.finishedOn !== undefined)
      return endsAt === undefined ? 'conflict' : undefined;
    // It ends with its next turn, and what it took over would be lost.
    if (standing.progress.includes('"cancel":{')) return undefined;
    standing.since ??= standing.timestamp;
    standing.timestamp = timestamp;
    standing.key = key;
    this.#queue.change(
      standing,
      { data, opts: optionsOf({ opts, metadata }), priority: opts.priority ?? 0 },
      timestamp,
    );
    if (standing.state === 'delayed' && standing.attemptsStarted === 0) {
      standing.dueAt = Math.max(timestamp, Math.min(timestamp + (opts.delay ?? 0), standing.since + maxWait));
      standing.delay = standing.dueAt - timestamp;
      this.#queue.events.say('delayed', { jobId, delay: standing.dueAt });
      this.#queue.events.sign();
    }
    return 'updated';
  }

  /** The key of a job of ours that has ended. */
  kept({ id, key: name }: MemoryJob, end: KeyEnd, now: number): void {
    if (name === undefined || end.kind === 'held' || this.#keys.get(name)?.jobId !== id) return;
    this.#keys.set(name, { jobId: id, endsAt: now + end.forMs, data: end.data });
  }

  /** Answers who has it then. */
  hold(jobId: string, { id, forMs, data }: KeyHold, now: number): string {
    const key = this.#live(id, now);
    if (key !== undefined && key.jobId !== jobId) return key.jobId;
    this.#keys.set(id, { jobId, endsAt: forMs === undefined ? undefined : now + forMs, data });
    return jobId;
  }

  jobOf(id: string, now: number): string | undefined {
    return this.#live(id, now)?.jobId;
  }

  /** Whether there was one, of that job or of any. */
  delete(id: string, jobId?: string): boolean {
    const key = this.#keys.get(id);
    return key !== undefined && (jobId === undefined || key.jobId === jobId) && this.#keys.delete(id);
  }

  /** The key of a job that has ended is free, unless it stands for a time; what was kept for it is added. */
  ended({ id, key: name }: MemoryJob, now: number): void {
    const key = name === undefined ? undefined : this.#keys.get(name);
    if (name === undefined) return;
    if (key !== undefined && (key.endsAt === undefined ? key.jobId === id : key.endsAt <= now)) this.#keys.delete(name);
    const next = this.#nexts.get(name);
    if (next === undefined) return;
    this.#nexts.delete(name);
    this.#keys.delete(name);
    this.#queue.add({ ...next, timestamp: now });
  }

  gone({ id, key }: MemoryJob): void {
    if (key !== undefined) this.delete(key, id);
  }

  #live(id: string, now: number): Key | undefined {
    const key = this.#keys.get(id);
    if (key === undefined) return undefined;
    const isStale = key.endsAt === undefined && !this.#queue.jobs.has(key.jobId);
    if (isStale) this.#nexts.delete(id);
    if (!isStale && (key.endsAt === undefined || key.endsAt > now)) return key;
    this.#keys.delete(id);
    return undefined;
  }

  #keepNext(id: string, standing: MemoryJob | undefined, job: NewJob, keeps: boolean): boolean {
    const key = this.#keys.get(id);
    if (!keeps || standing?.state !== 'active' || key === undefined) return false;
    this.#nexts.set(id, job);
    key.endsAt = undefined;
    return true;
  }
}
