import { EventEmitter } from 'node:events';
import { setImmediate as yieldToOthers } from 'node:timers/promises';
import type { IQueueBackend, JobJson, JobType } from 'bullmq';
import { toJson, type MemoryJob, type MemoryJobState } from './memory-job.ts';
import type { MemoryQueue } from './memory-queue.ts';
import type { MemoryServer } from './memory-server.ts';

type Reads = Pick<
  IQueueBackend,
  | 'getState'
  | 'isFinished'
  | 'isMaxed'
  | 'isJobInState'
  | 'getJobData'
  | 'getDeduplicationJobId'
  | 'getJobLogs'
  | 'getRateLimitTtl'
  | 'getCounts'
  | 'getCountsPerPriority'
  | 'getRanges'
  | 'getMetrics'
  | 'getClientList'
  | 'getQueueMetaField'
  | 'getQueueMetaFields'
  | 'getQueueMeta'
  | 'hasQueueMetaField'
  | 'readEvents'
>;

export interface MemoryBackendOptions {
  readonly server: MemoryServer;
  readonly namespace: string;
  readonly name: string;
  /** Rejects while the server is away. */
  readonly reach: () => Promise<void>;
}

/** What BullMQ's classes ask a queue: the reading half of the backend. */
export class MemoryReads extends EventEmitter implements Reads {
  protected readonly options: MemoryBackendOptions;
  protected readonly ended = new AbortController();

  constructor(options: MemoryBackendOptions) {
    super();
    this.options = options;
  }

  /** The queue, once its server is there. */
  protected async reached(): Promise<MemoryQueue> {
    const { server, namespace, name, reach } = this.options;
    await reach();
    // A server's answer lets others have their turn: BullMQ's loops count on it.
    await yieldToOthers();
    return server.queue(namespace, name);
  }

  protected async found(jobId: string): Promise<MemoryJob | undefined> {
    return (await this.reached()).jobs.get(jobId);
  }

  async getState(jobId: string) {
    const job = await this.found(jobId);
    return job === undefined ? 'unknown' : job.state === 'waiting' && job.priority > 0 ? 'prioritized' : job.state;
  }

  async isFinished(jobId: string, returnValue?: boolean): Promise<number | [number, string]> {
    const job = await this.found(jobId);
    const status = job === undefined ? -1 : job.state === 'completed' ? 1 : job.state === 'failed' ? 2 : 0;
    if (returnValue !== true) return status;
    return [status, status === 1 ? (job?.result ?? 'null') : status === 2 ? (job?.failedReason ?? '') : ''];
  }

  async isMaxed(): Promise<boolean> {
    return (await this.reached()).isFull();
  }

  async isJobInState(state: string, jobId: string): Promise<boolean> {
    const queue = await this.reached();
    return this.#inType(queue, state).some(({ id }) => id === jobId);
  }

  async getJobData(jobId: string): Promise<JobJson | undefined> {
    const job = await this.found(jobId);
    return job && toJson(job);
  }

  async getDeduplicationJobId(deduplicationId: string): Promise<string | null> {
    const queue = await this.reached();
    return queue.keys.jobOf(deduplicationId, queue.now()) ?? null;
  }

  async getJobLogs(
    jobId: string,
    start: number,
    end: number,
    asc: boolean,
  ): Promise<{ logs: string[]; count: number }> {
    const logs = (await this.found(jobId))?.logs ?? [];
    const ordered = asc ? logs : logs.toReversed();
    return { logs: ordered.slice(start, end < 0 ? ordered.length + end + 1 : end + 1), count: logs.length };
  }

  async getRateLimitTtl(maxJobs?: number): Promise<number> {
    const queue = await this.reached();
    return maxJobs === undefined && !queue.meta.has('max')
      ? queue.rate.leftMs(queue.now())
      : queue.rate.limitedMs(queue.now());
  }

  async getCounts(types: JobType[], delayedTimestamp?: number): Promise<number[]> {
    const queue = await this.reached();
    return types.map(type => {
      const jobs = this.#inType(queue, type);
      return type === 'delayed' && delayedTimestamp !== undefined
        ? jobs.filter(job => job.dueAt <= delayedTimestamp).length
        : jobs.length;
    });
  }

  async getCountsPerPriority(priorities: number[]): Promise<number[]> {
    const waiting = (await this.reached()).inState('waiting');
    return priorities.map(priority => waiting.filter(job => job.priority === priority).length);
  }

  async getRanges(types: JobType[], start = 0, end = -1, asc = false): Promise<[string][]> {
    const queue = await this.reached();
    return types.map(type => {
      const ids = this.#inType(queue, type).map(({ id }) => id);
      // BullMQ turns those around that are lists on Redis.
      const isList = ['wait', 'waiting', 'active', 'paused'].includes(type);
      const ordered = isList || !asc ? ids.toReversed() : ids;
      return ordered.slice(start, end < 0 ? ordered.length + end + 1 : end + 1) as [string];
    });
  }

  async getMetrics(): Promise<[string[], string[], number]> {
    await this.reached();
    return [['0', '0', '0'], [], 0];
  }

  async getClientList(): Promise<string[]> {
    await this.reached();
    return [[...this.options.server.clients].map(name => `name=${name}`).join('\n')];
  }

  async getQueueMetaField(field: string): Promise<string | null> {
    return (await this.reached()).meta.get(field) ?? null;
  }

  async getQueueMetaFields(fields: string[]): Promise<(string | null)[]> {
    const { meta } = await this.reached();
    return fields.map(field => meta.get(field) ?? null);
  }

  async getQueueMeta(): Promise<Record<string, string>> {
    return Object.fromEntries((await this.reached()).meta);
  }

  async hasQueueMetaField(field: string): Promise<boolean> {
    return (await this.reached()).meta.has(field);
  }

  async readEvents(id: string, blockTimeout: number): ReturnType<IQueueBackend['readEvents']> {
    const { events } = await this.reached();
    const after = id === '$' ? events.last : Number(id.split('-')[0]);
    if (events.after(after).length === 0) await events.waitForEvent(blockTimeout, this.ended.signal);
    const found = events.after(after);
    if (found.length === 0 || this.ended.signal.aborted) return null;
    return [
      [
        'events',
        found.map(({ id: at, event, data }) => [
          String(at),
          ['event', event, ...Object.entries(data).flatMap(pair => pair.map(String))],
        ]),
      ],
    ];
  }

  /** BullMQ's names of where a job is; a paused queue's waiting jobs are "paused". */
  #inType(queue: MemoryQueue, type: string): MemoryJob[] {
    if (type === 'prioritized') return queue.inState('waiting').filter(({ priority }) => priority > 0);
    if (type === 'wait' || type === 'waiting' || type === 'paused') {
      const isHere = queue.isPaused() === (type === 'paused');
      return isHere ? queue.inState('waiting').filter(({ priority }) => priority === 0) : [];
    }
    const states: readonly MemoryJobState[] = ['active', 'delayed', 'completed', 'failed'];
    const state = states.find(each => each === type);
    return state === undefined ? [] : queue.inState(state);
  }
}
