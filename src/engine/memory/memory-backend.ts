import { ErrorCode, type BackendFactory, type IQueueBackend, type JobJson, type KeepJobs } from 'bullmq';
import type { Keep, NewJob } from '../turns/index.ts';
import { MemoryAdmin } from './memory-admin.ts';
import { toJson, type MemoryJob } from './memory-job.ts';
import type { MemoryQueue } from './memory-queue.ts';
import type { MemoryBackendOptions } from './memory-reads.ts';
import { Refusal } from './refusal.ts';

interface WorkerOptions {
  readonly name?: string;
  readonly lockDuration?: number;
  readonly maxStalledCount?: number;
  readonly stalledInterval?: number;
  readonly limiter?: { readonly max: number; readonly duration: number };
}

type Finished = { result: void | unknown[]; finishedOn: number };

/** Lets BullMQ's Queue, Worker, Job and QueueEvents (6.7.0) work on a queue in memory: for tests. Flows and its job schedulers are refused. */
export class MemoryBackend extends MemoryAdmin implements IQueueBackend {
  readonly minimumBlockTimeout = 0.001;
  readonly keys = {};
  closing: Promise<void> | undefined;
  readonly #worker: WorkerOptions;
  #client: string | undefined;
  #wait = new AbortController();

  constructor(options: MemoryBackendOptions, worker: WorkerOptions, client?: string) {
    super(options);
    this.#worker = worker;
    this.#client = client;
  }

  async waitUntilReady(): Promise<void> {
    await this.reached();
    if (this.#client !== undefined) this.options.server.clients.add(this.#client);
  }

  close(): Promise<void> {
    this.closing ??= this.disconnect();
    return this.closing;
  }

  async disconnect(): Promise<void> {
    this.ended.abort();
    this.#wait.abort();
    if (this.#client !== undefined) this.options.server.clients.delete(this.#client);
  }

  async setName(name: string): Promise<void> {
    this.#client = name;
    this.options.server.clients.add(name);
  }

  forQueue(name: string): IQueueBackend {
    return new MemoryBackend({ ...this.options, name }, this.#worker);
  }

  get qualifiedName(): string {
    return this.options.name;
  }

  toKey(type: string): string {
    return `${this.options.name}:${type}`;
  }

  parseNodeKey(key: string): { prefix: string; queueName: string; id: string } {
    const colon = key.lastIndexOf(':');
    return { prefix: '', queueName: key.slice(0, colon), id: key.slice(colon + 1) };
  }

  clientName(suffix = ''): string {
    return `${this.options.name}${suffix}`;
  }

  async addJob(job: JobJson, jobId: string): Promise<string> {
    return (await this.reached()).add(newJob(job, jobId));
  }

  async addJobs(entries: Parameters<IQueueBackend['addJobs']>[0]): Promise<string[]> {
    const queue = await this.reached();
    return entries.map(({ job, jobId }) => queue.add(newJob(job, jobId)));
  }

  async moveToActive(token: string, name?: string): Promise<unknown[]> {
    return this.#next(await this.reached(), token, name);
  }

  async moveToCompleted(
    { id = '' }: { readonly id?: string },
    returnValue: unknown,
    keep: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): Promise<Finished> {
    const queue = await this.reached();
    const finishedOn = queue.now();
    queue.succeed(
      lockedJob(queue, id, token, 'moveToFinished'),
      JSON.stringify(returnValue ?? null),
      keepOf(keep),
      finishedOn,
    );
    return { result: fetchNext ? this.#next(queue, token, this.#worker.name) : undefined, finishedOn };
  }

  async moveToFailed(
    { id = '' }: { readonly id?: string },
    reason: string,
    keep: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
    fields?: Record<string, unknown>,
  ): Promise<Finished> {
    const queue = await this.reached();
    const finishedOn = queue.now();
    const job = lockedJob(queue, id, token, 'moveToFinished');
    queue.fail(job, { reason, stacktrace: textOf(fields?.['stacktrace']) }, keepOf(keep), finishedOn);
    return { result: fetchNext ? this.#next(queue, token, this.#worker.name) : undefined, finishedOn };
  }

  async moveToDelayed(
    jobId: string,
    timestamp: number,
    delay: number,
    token = '',
    opts: Parameters<IQueueBackend['moveToDelayed']>[4] = {},
  ): Promise<void | unknown[]> {
    const queue = await this.reached();
    const job = lockedJob(queue, jobId, token, 'moveToDelayed');
    if (opts.skipAttempt !== true) job.attemptsMade += 1;
    queue.delay(job, timestamp + delay, delay, failureOf(opts.fieldsToUpdate));
    if (opts.fetchNext !== true) return [];
    const next = this.#next(queue, token, this.#worker.name);
    return next[0] === null ? [] : next;
  }

  async moveJobFromActiveToWait(jobId: string, token = '0'): Promise<number> {
    const queue = await this.reached();
    const job = queue.locked(jobId, token);
    if (job === 'missing')
      throw new Refusal(ErrorCode.JobNotExist, `Missing key for job ${jobId}. moveJobFromActiveToWait`);
    if (typeof job !== 'string') queue.requeue(job, true, undefined);
    return Math.max(0, queue.rate.leftMs(queue.now()));
  }

  async retryJob(
    jobId: string,
    lifo: boolean,
    token = '',
    opts: Parameters<IQueueBackend['retryJob']>[3] = {},
  ): Promise<void> {
    const queue = await this.reached();
    const job = lockedJob(queue, jobId, token, 'retryJob');
    job.attemptsMade += 1;
    queue.requeue(job, lifo, failureOf(opts.fieldsToUpdate));
  }

  async moveStalledJobsToWait(): Promise<string[]> {
    const queue = await this.reached();
    const { stalledInterval = 30_000, maxStalledCount = 1 } = this.#worker;
    return queue.returnStalled(queue.now(), stalledInterval, maxStalledCount);
  }

  async extendLock(jobId: string, token: string, duration: number): Promise<number> {
    return (await this.reached()).extend(jobId, token, duration) ? 1 : 0;
  }

  async extendLocks(jobIds: string[], tokens: string[], duration: number): Promise<string[]> {
    const queue = await this.reached();
    return jobIds.filter((id, nth) => !queue.extend(id, tokens[nth] ?? '', duration));
  }

  async waitForJob(blockTimeout: number): Promise<{ member: string; score: number } | null> {
    const queue = await this.reached();
    const { signal } = this.#wait;
    if (signal.aborted || this.closing !== undefined) return null;
    const hasWork = (): boolean => queue.inState('waiting').length > 0 && !queue.isPaused() && !queue.isFull();
    if (!hasWork()) {
      const dueInMs = (queue.nextDueAt() ?? Number.POSITIVE_INFINITY) - queue.now();
      await queue.events.waitForSign(Math.min(blockTimeout * 1_000, dueInMs), signal);
      await this.reached();
    }
    return hasWork() ? { member: '0', score: 0 } : null;
  }

  async disconnectBlocking(): Promise<void> {
    this.#wait.abort();
  }

  async reconnectBlocking(): Promise<void> {
    this.#wait = new AbortController();
  }

  #next(queue: MemoryQueue, token: string, name = ''): unknown[] {
    const now = queue.now();
    const { limiter, lockDuration: lockMs = 30_000 } = this.#worker;
    queue.rate.worker = limiter && { max: limiter.max, perMs: limiter.duration };
    const job = this.closing === undefined ? queue.take({ token, worker: name, lockMs }, now) : undefined;
    return job === undefined
      ? [null, '', queue.rate.limitedMs(now), queue.nextDueAt() ?? 0]
      : [toJson(job), job.id, 0, 0];
  }
}

/** Makes the backends of one engine's queues and workers. */
export function memoryBackend(options: Omit<MemoryBackendOptions, 'name'>): BackendFactory<IQueueBackend, unknown> {
  return (name, opts, { withBlockingConnection = false } = {}) => {
    const workerName = 'name' in opts && typeof opts.name === 'string' ? `:w:${opts.name}` : '';
    return new MemoryBackend(
      { ...options, name },
      opts as WorkerOptions,
      withBlockingConnection ? `${name}${workerName}` : undefined,
    );
  };
}

/** BullMQ's classes leave the id out where the queue is to count. */
function newJob({ name, data, opts, timestamp, delay, priority, ...job }: JobJson, jobId: string | undefined): NewJob {
  const options = { ...opts, ...(delay !== undefined && { delay }), ...(priority !== undefined && { priority }) };
  return { id: jobId || job.id || '', name, data, timestamp, opts: options };
}

function lockedJob(queue: MemoryQueue, id: string, token: string, command: string): MemoryJob {
  const job = queue.locked(id, token);
  if (typeof job !== 'string') return job;
  if (job === 'missing') throw new Refusal(ErrorCode.JobNotExist, `Missing key for job ${id}. ${command}`);
  if (job === 'taken-over')
    throw new Refusal(ErrorCode.JobLockMismatch, `Lock mismatch for job ${id}. Cmd ${command} from active`);
  throw new Refusal(ErrorCode.JobNotInState, `Job ${id} is not in the active state. ${command}`);
}

function keepOf(keep: boolean | number | KeepJobs | undefined): Keep {
  if (keep === true) return { count: 0 };
  if (typeof keep === 'number') return { count: keep };
  return typeof keep === 'object' ? { count: keep.count, age: 'age' in keep ? keep.age : undefined } : {};
}

function failureOf(fields: Record<string, unknown> = {}): {
  reason: string | undefined;
  stacktrace: string | undefined;
} {
  return { reason: textOf(fields['failedReason']), stacktrace: textOf(fields['stacktrace']) };
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
