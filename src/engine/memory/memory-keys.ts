import type { NewJob } from '../turns/index.ts';
import type { MemoryEvents } from './memory-events.ts';
import type { MemoryJob } from './memory-job.ts';

/** What keys need of the queue that has them. */
export interface KeyedQueue {
  readonly jobs: Map<string, MemoryJob>;
  readonly events: MemoryEvents;
  add(job: NewJob): string;
}

interface Key {
  jobId: string;
  /** Milliseconds since 1970; undefined: as long as its job waits or runs. */
  endsAt: number | undefined;
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
